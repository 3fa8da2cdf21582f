#include "receiver/receiver.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <utility>

namespace postrider::receiver {
namespace {

constexpr std::uint64_t kListenerId = 0;
constexpr std::uint64_t kStopId = 1;
constexpr std::uint64_t kFirstConnectionId = 2;

void Watch(int epoll, int operation, int fd, std::uint32_t events, std::uint64_t id) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = id;
  Checked(epoll_ctl(epoll, operation, fd, &event), "epoll_ctl");
}

std::string PlainAnswer(int status, const std::string& body) {
  Behaviour behaviour;
  behaviour.body = body;
  return AnswerText(behaviour, status);
}

}  // namespace

struct Receiver::Connection {
  explicit Connection(int socket) : fd(socket) {}

  Descriptor fd;
  std::uint64_t id = 0;
  std::string in;
  std::string out;
  std::size_t sent = 0;
  bool busy = false;     ///< a request is being answered
  bool hanging = false;  ///< it is not going to be
  bool watches_output = false;
  bool close_after = false;
};

Receiver::Receiver(int port, const std::string& record, Behaviour behaviour)
    : behaviour_(std::move(behaviour)),
      record_(record),
      epoll_(Checked(epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
      listener_(Checked(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket")),
      stop_(Checked(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), "eventfd")),
      port_(Listen(listener_.get(), port)),
      last_id_(kFirstConnectionId) {
  Watch(epoll_.get(), EPOLL_CTL_ADD, listener_.get(), EPOLLIN, kListenerId);
  Watch(epoll_.get(), EPOLL_CTL_ADD, stop_.get(), EPOLLIN, kStopId);
}

Receiver::~Receiver() = default;

std::string Receiver::url() const { return "http://127.0.0.1:" + std::to_string(port_); }

void Receiver::Stop() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(stop_.get(), &one, sizeof(one));
}

void Receiver::Run() {
  std::array<epoll_event, 512> events{};
  for (;;) {
    const int count = epoll_wait(epoll_.get(), events.data(), events.size(), WaitMs());
    if (count < 0 && errno != EINTR) Checked(count, "epoll_wait");
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      if (event.data.u64 == kStopId) return record_.Flush();
      Serve(event.data.u64, event.events);
    }
    AnswerDecided();
    AnswerDue();
  }
}

void Receiver::Serve(std::uint64_t id, std::uint32_t events) {
  if (id == kListenerId) return Accept();
  Connection* connection = Find(id);
  if (connection == nullptr) return;
  if ((events & EPOLLOUT) != 0) {
    Write(*connection);
  } else {
    Read(*connection);
  }
}

Receiver::Connection* Receiver::Find(std::uint64_t id) const {
  const auto found = connections_.find(id);
  return found == connections_.end() ? nullptr : found->second.get();
}

void Receiver::Accept() {
  for (;;) {
    const int fd = accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    auto connection = std::make_unique<Connection>(fd);
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    connection->id = ++last_id_;
    Watch(epoll_.get(), EPOLL_CTL_ADD, fd, EPOLLIN, connection->id);
    connections_.emplace(connection->id, std::move(connection));
  }
}

void Receiver::Read(Connection& connection) {
  std::array<char, 64 * 1024> bytes;
  for (;;) {
    const ssize_t count = recv(connection.fd.get(), bytes.data(), bytes.size(), 0);
    if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) {
      return Close(connection, false);
    }
    if (count < 0) break;
    connection.in.append(bytes.data(), static_cast<std::size_t>(count));
    if (static_cast<std::size_t>(count) < bytes.size()) break;
  }
  TakeRequest(connection);
}

void Receiver::TakeRequest(Connection& connection) {
  if (connection.busy || connection.in.empty()) return;
  Request request;
  const Parsed parsed = ParseRequest(connection.in, request);
  if (parsed == Parsed::kIncomplete) return;
  connection.busy = true;
  if (parsed == Parsed::kBad) {
    connection.close_after = true;
    return Send(connection, PlainAnswer(400, "not a request with a Content-Length\n"));
  }
  if (request.path.substr(0, 2) == "/_") {
    TakeControl(connection, request);
  } else if (request.method == "GET" || request.method == "HEAD") {
    connection.in.erase(0, request.size);
    Send(connection, PlainAnswer(404, ""));
  } else {
    TakePost(connection, request);
  }
}

void Receiver::TakePost(Connection& connection, const Request& request) {
  const int status = behaviour_.StatusOf(++received_);
  record_.Add(request, status);
  connection.in.erase(0, request.size);
  connection.hanging = behaviour_.hang;
  if (connection.hanging) return;
  if (behaviour_.delay.count() == 0) {
    decided_.push_back({connection.id, status});
  } else {
    delayed_.push({Clock::now() + behaviour_.delay, connection.id, status});
  }
}

void Receiver::TakeControl(Connection& connection, const Request& request) {
  std::string answer;
  if (request.path == "/_count") {
    record_.Flush();  // who counts may then look into the file
    const nlohmann::json counts{{"count", received_}, {"connections", connections_.size()}};
    answer = PlainAnswer(200, counts.dump() + '\n');
  } else if (request.path == "/_control" && request.method == "POST") {
    const auto wrong = behaviour_.Change(request.body);
    answers_.clear();
    answer = wrong ? PlainAnswer(400, *wrong + '\n') : PlainAnswer(200, "{}\n");
  } else {
    answer = PlainAnswer(404, "");
  }
  connection.in.erase(0, request.size);
  Send(connection, std::move(answer));
  if (!behaviour_.hang) LetHangingGo();
}

void Receiver::AnswerDecided() {
  record_.Flush();
  // Answering may take up the next request of the connection and so add to the list.
  while (!decided_.empty()) {
    const auto decided = std::exchange(decided_, {});
    for (const auto& [id, status] : decided) {
      if (Connection* connection = Find(id); connection != nullptr) Answer(*connection, status);
    }
    record_.Flush();
  }
}

void Receiver::AnswerDue() {
  const auto now = Clock::now();
  while (!delayed_.empty() && delayed_.top().due <= now) {
    const Delayed due = delayed_.top();
    delayed_.pop();
    if (Connection* connection = Find(due.connection); connection != nullptr) {
      Answer(*connection, due.status);
    }
  }
  AnswerDecided();
}

int Receiver::WaitMs() const {
  if (delayed_.empty()) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(delayed_.top().due - Clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000));
}

void Receiver::LetHangingGo() {
  std::vector<std::uint64_t> hanging;
  for (const auto& [id, connection] : connections_) {
    if (connection->hanging) hanging.push_back(id);
  }
  for (const std::uint64_t id : hanging) Close(*Find(id), true);
}

void Receiver::Answer(Connection& connection, int status) {
  if (status == 0) return Close(connection, true);
  auto answer = answers_.find(status);
  if (answer == answers_.end()) {
    answer = answers_.emplace(status, AnswerText(behaviour_, status)).first;
  }
  connection.close_after = behaviour_.close || behaviour_.truncate;
  Send(connection, answer->second);
}

void Receiver::Send(Connection& connection, std::string text) {
  connection.out = std::move(text);
  connection.sent = 0;
  Write(connection);
}

void Receiver::Write(Connection& connection) {
  while (connection.sent < connection.out.size()) {
    const ssize_t count = send(connection.fd.get(), connection.out.data() + connection.sent,
                               connection.out.size() - connection.sent, MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno != EAGAIN) return Close(connection, false);
    if (count < 0) {
      if (!std::exchange(connection.watches_output, true)) {
        Watch(epoll_.get(), EPOLL_CTL_MOD, connection.fd.get(), EPOLLIN | EPOLLOUT, connection.id);
      }
      return;
    }
    connection.sent += static_cast<std::size_t>(count);
  }
  Finish(connection);
}

void Receiver::Finish(Connection& connection) {
  if (std::exchange(connection.watches_output, false)) {
    Watch(epoll_.get(), EPOLL_CTL_MOD, connection.fd.get(), EPOLLIN, connection.id);
  }
  if (connection.close_after) return Close(connection, false);
  connection.busy = false;
  TakeRequest(connection);
}

void Receiver::Close(Connection& connection, bool reset) {
  if (reset) {
    const linger at_once{1, 0};
    setsockopt(connection.fd.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  }
  connections_.erase(connection.id);
}

}  // namespace postrider::receiver
