#include "support/tcp_proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <system_error>

namespace postrider::test {
namespace {

sockaddr_in Loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

void SendAtOnce(int fd) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

/// -1: nobody listens.
int ConnectTo(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = Loopback(port);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    SendAtOnce(fd);
    return fd;
  }
  close(fd);
  return -1;
}

bool SendAll(int fd, const char* bytes, ssize_t length) {
  while (length > 0) {
    const ssize_t sent = send(fd, bytes, static_cast<std::size_t>(length), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes += sent;
    length -= sent;
  }
  return true;
}

}  // namespace

struct TcpProxy::Pair {
  int client = -1;
  int server = -1;  ///< -1: accepted while everything was swallowed
  std::atomic<bool> dead{false};
  std::thread thread;
};

TcpProxy::TcpProxy(int target_port) : target_port_(target_port) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = Loopback(0);
  socklen_t length = sizeof address;
  auto* const plain = reinterpret_cast<sockaddr*>(&address);
  if (listener_ < 0 || bind(listener_, plain, length) != 0 || listen(listener_, 64) != 0 ||
      getsockname(listener_, plain, &length) != 0) {
    throw std::system_error(errno, std::generic_category(), "TCP proxy");
  }
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { Accept(); });
}

TcpProxy::~TcpProxy() {
  stopping_ = true;
  shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  close(listener_);
  for (Pair& pair : pairs_) {
    shutdown(pair.client, SHUT_RDWR);
    if (pair.server >= 0) shutdown(pair.server, SHUT_RDWR);
    pair.thread.join();
    close(pair.client);
    if (pair.server >= 0) close(pair.server);
  }
}

void TcpProxy::Swallow() {
  const std::lock_guard lock(mutex_);
  swallows_ = true;
  for (Pair& pair : pairs_) pair.dead = true;
}

void TcpProxy::Heal() { swallows_ = false; }

int TcpProxy::swallowed() const {
  const std::lock_guard lock(mutex_);
  return static_cast<int>(std::count_if(pairs_.begin(), pairs_.end(),
                                        [](const Pair& pair) { return pair.dead.load(); }));
}

void TcpProxy::Accept() {
  while (!stopping_) {
    const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) continue;
    SendAtOnce(client);
    const std::lock_guard lock(mutex_);
    Pair& pair = pairs_.emplace_back();
    pair.client = client;
    pair.dead = swallows_.load();
    if (!pair.dead) pair.server = ConnectTo(target_port_);
    pair.thread = std::thread([this, &pair] { Pass(pair); });
  }
}

void TcpProxy::Pass(Pair& pair) {
  if (pair.server < 0 && !pair.dead) {
    shutdown(pair.client, SHUT_RDWR);
    return;
  }
  pollfd ends[2] = {{pair.client, POLLIN, 0}, {pair.server, POLLIN, 0}};
  while (!stopping_ && (ends[0].fd >= 0 || ends[1].fd >= 0)) {
    if (poll(ends, 2, -1) < 0) continue;
    for (const int i : {0, 1}) {
      if (ends[i].fd < 0 || ends[i].revents == 0) continue;
      // Of who has closed his end nothing more is heard.
      if (!Forward(pair, ends[i].fd, i == 0 ? pair.server : pair.client)) ends[i].fd = -1;
    }
  }
}

/// Returns false when the end is closed.
bool TcpProxy::Forward(Pair& pair, int from, int to) {
  char bytes[65536];
  const ssize_t got = recv(from, bytes, sizeof bytes, 0);
  if (pair.dead) return got > 0;
  if (got > 0 && SendAll(to, bytes, got)) return true;
  shutdown(to, SHUT_RDWR);
  return false;
}

}  // namespace postrider::test
