#include "support/hostile_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace postrider::testing {
namespace {

/// The values of a header, in order.
std::vector<std::string> Values(const std::string& head, std::string_view name) {
  std::vector<std::string> values;
  std::size_t start = head.find("\r\n");
  while (start != std::string::npos && start + 2 < head.size()) {
    start += 2;
    const std::size_t end = head.find("\r\n", start);
    const std::string line = head.substr(start, end - start);
    const std::size_t colon = line.find(':');
    if (colon == name.size() && strncasecmp(line.data(), name.data(), colon) == 0) {
      const std::size_t first = line.find_first_not_of(" \t", colon + 1);
      values.push_back(first == std::string::npos ? "" : line.substr(first));
    }
    start = end;
  }
  return values;
}

}  // namespace

std::optional<std::string> RawRequest::Header(std::string_view name) const {
  const auto values = Values(head, name);
  if (values.empty()) return std::nullopt;
  return values.front();
}

std::size_t RawRequest::CountHeader(std::string_view name) const {
  return Values(head, name).size();
}

bool Peer::Fill() {
  char chunk[65536];
  const ssize_t got = recv(fd_, chunk, sizeof chunk, 0);
  if (got <= 0) return false;
  buffer_.append(chunk, static_cast<std::size_t>(got));
  return true;
}

std::optional<RawRequest> Peer::ReadHead() {
  std::size_t end;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!Fill()) return std::nullopt;
  }
  RawRequest request;
  request.head = buffer_.substr(0, end + 2);
  buffer_.erase(0, end + 4);
  return request;
}

std::optional<RawRequest> Peer::ReadRequest() {
  auto request = ReadHead();
  if (!request) return std::nullopt;
  const std::size_t length = std::stoul(request->Header("Content-Length").value_or("0"));
  while (buffer_.size() < length) {
    if (!Fill()) return std::nullopt;
  }
  request->body = buffer_.substr(0, length);
  buffer_.erase(0, length);
  server_.Remember(*request);
  return request;
}

bool Peer::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void Peer::Reset() {
  const linger now{.l_onoff = 1, .l_linger = 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

bool Peer::WaitForClose() {
  while (Fill()) buffer_.clear();
  return !server_.stopping_;
}

void Peer::WaitWithoutReading() {
  pollfd closed{.fd = fd_, .events = POLLRDHUP, .revents = 0};
  while (poll(&closed, 1, -1) < 0 && errno == EINTR) {
  }
}

HostileServer::HostileServer(Script script) : script_(std::move(script)) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* const plain = reinterpret_cast<sockaddr*>(&address);
  if (listener_ < 0 || bind(listener_, plain, length) != 0 || listen(listener_, 4096) != 0 ||
      getsockname(listener_, plain, &length) != 0) {
    throw std::system_error(errno, std::generic_category(), "hostile server");
  }
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { Accept(); });
}

HostileServer::~HostileServer() { Stop(); }

std::string HostileServer::Url(std::string_view path, std::string_view scheme) const {
  return std::string(scheme) + "://127.0.0.1:" + std::to_string(port_) + std::string(path);
}

void HostileServer::Accept() {
  while (!stopping_) {
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) {
      if (errno == EINTR || errno == ECONNABORTED) continue;
      if (stopping_) return;
      std::this_thread::yield();  // out of descriptors: the test makes room again
      continue;
    }
    const std::lock_guard lock(mutex_);
    if (stopping_) {
      close(fd);
      return;
    }
    open_.insert(fd);
    const int number = ++connections_;
    threads_.emplace_back([this, fd, number] { Serve(fd, number); });
  }
}

void HostileServer::Serve(int fd, int number) {
  Peer peer(*this, fd, number);
  script_(peer);
  const std::lock_guard lock(mutex_);
  open_.erase(fd);
  close(fd);
}

void HostileServer::Remember(const RawRequest& request) {
  const std::lock_guard lock(mutex_);
  requests_.push_back(request);
  changed_.notify_all();
}

int HostileServer::connections() const {
  const std::lock_guard lock(mutex_);
  return connections_;
}

std::vector<RawRequest> HostileServer::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

bool HostileServer::WaitForRequests(std::size_t count) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, std::chrono::seconds(20),
                           [&] { return requests_.size() >= count; });
}

void HostileServer::Stop() {
  if (!acceptor_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (const int fd : open_) shutdown(fd, SHUT_RDWR);
  }
  shutdown(listener_, SHUT_RDWR);  // wakes accept
  acceptor_.join();
  for (std::thread& thread : threads_) thread.join();
  close(listener_);
}

std::string Answer(int status, std::string_view body, std::string_view more_headers) {
  return "HTTP/1.1 " + std::to_string(status) +
         " Whatever\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         std::string(more_headers) + "\r\n" + std::string(body);
}

HostileServer::Script Always(std::string answer) {
  return [answer = std::move(answer)](Peer& peer) {
    while (peer.ReadRequest()) {
      if (!peer.Send(answer)) return;
    }
  };
}

}  // namespace postrider::testing
