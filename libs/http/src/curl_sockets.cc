#include "curl_sockets.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace postrider {

using Clock = EventLoop::Clock;

CurlSockets::CurlSockets(EventLoop& loop, CURLM* multi, std::function<void()> after_action)
    : loop_(loop), multi_(multi), after_action_(std::move(after_action)) {
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &CurlSockets::OnSocket);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &CurlSockets::OnTimer);
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
}

CurlSockets::~CurlSockets() { loop_.Cancel(timer_); }

CurlSockets::Socket& CurlSockets::At(int fd) {
  const auto index = static_cast<std::size_t>(fd);
  if (index >= sockets_.size()) sockets_.resize(std::max<std::size_t>(index + 1, 64));
  return sockets_[index];
}

curl_socket_t CurlSockets::Open(const curl_sockaddr& address) {
  const int fd = socket(address.family, address.socktype | SOCK_CLOEXEC, address.protocol);
  if (fd < 0) return CURL_SOCKET_BAD;
  loop_.Unwatch(fd);  // in case that a socket of this number was closed behind our back
  At(fd) = {Owner::kUs, false};
  return fd;
}

int CurlSockets::Close(curl_socket_t fd) {
  loop_.Unwatch(fd);
  At(fd) = {};
  return close(fd);
}

bool CurlSockets::OutOfDescriptors() {
  const int probe = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (probe < 0) return errno == EMFILE || errno == ENFILE;
  close(probe);
  return false;
}

int CurlSockets::OnSocket(CURL*, curl_socket_t fd, int what, void* self, void*) {
  static_cast<CurlSockets*>(self)->Want(fd, what);
  return 0;
}

void CurlSockets::Want(int fd, int what) {
  Socket& socket = At(fd);
  socket.wanted = what != CURL_POLL_REMOVE;
  if (socket.wanted) {
    // A refusal (no memory) leaves the transfer to its timeout.
    loop_.Watch(fd, what != CURL_POLL_OUT, what != CURL_POLL_IN, *this);
  } else if (socket.owner == Owner::kCurl) {
    loop_.Unwatch(fd);
  }
}

void CurlSockets::OnReady(int fd, Readiness readiness) {
  if (!At(fd).wanted) {
    // A kept connection that the peer closed. libcurl looks at it before it uses it again.
    loop_.Unwatch(fd);
    return;
  }
  const int events = (readiness.readable ? CURL_CSELECT_IN : 0) |
                     (readiness.writable ? CURL_CSELECT_OUT : 0) |
                     (readiness.failed ? CURL_CSELECT_ERR : 0);
  int running = 0;
  curl_multi_socket_action(multi_, fd, events, &running);
  after_action_();
}

int CurlSockets::OnTimer(CURLM*, long timeout_ms, void* self) {
  auto& sockets = *static_cast<CurlSockets*>(self);
  sockets.SetDeadline(timeout_ms < 0 ? Clock::time_point::max()
                                     : Clock::now() + std::chrono::milliseconds(timeout_ms));
  return 0;
}

void CurlSockets::SetDeadline(Clock::time_point deadline) {
  deadline_ = deadline;
  if (deadline == Clock::time_point::max()) return;
  const bool armed = timer_.number != 0;
  if (armed && timer_.when <= deadline) return;  // OnDeadline sets it anew
  if (armed) loop_.Cancel(timer_);
  timer_ = loop_.RunAt(deadline, [this] { OnDeadline(); });
}

void CurlSockets::OnDeadline() {
  timer_ = {};
  if (deadline_ > Clock::now()) {
    SetDeadline(deadline_);
    return;
  }
  deadline_ = Clock::time_point::max();
  int running = 0;
  curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running);
  after_action_();
}

}  // namespace postrider
