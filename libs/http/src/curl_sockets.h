#pragma once

#include <curl/curl.h>

#include <functional>
#include <vector>

#include "postrider/http/event_loop.h"

namespace postrider {

/// Connects the sockets and the timeout of a libcurl multi handle with an event loop.
///
/// Between two requests libcurl loses interest in a kept connection and soon after takes it up
/// again; such a socket simply stays registered with epoll, which saves two system calls per
/// request. It is safe because sockets are opened and closed here, so a closed number is forgotten
/// in time.
class CurlSockets : private FdHandler {
 public:
  /// `after_action` is called after libcurl has worked: transfers may have ended. The loop and the
  /// multi handle must outlive this.
  CurlSockets(EventLoop& loop, CURLM* multi, std::function<void()> after_action);
  ~CurlSockets();
  CurlSockets(const CurlSockets&) = delete;
  CurlSockets& operator=(const CurlSockets&) = delete;

  /// A new socket, or CURL_SOCKET_BAD with errno set.
  curl_socket_t Open(const curl_sockaddr& address);
  int Close(curl_socket_t fd);

  /// The process (or the system) has no descriptor left at this moment.
  static bool OutOfDescriptors();

 private:
  enum class Owner : unsigned char { kCurl, kUs };
  struct Socket {
    Owner owner = Owner::kCurl;
    bool wanted = false;
  };

  static int OnSocket(CURL* easy, curl_socket_t fd, int what, void* self, void* socket);
  static int OnTimer(CURLM* multi, long timeout_ms, void* self);

  void OnReady(int fd, Readiness readiness) override;
  void Want(int fd, int what);
  void SetDeadline(EventLoop::Clock::time_point deadline);
  void OnDeadline();
  Socket& At(int fd);

  EventLoop& loop_;
  CURLM* multi_;
  std::function<void()> after_action_;
  std::vector<Socket> sockets_;  ///< by descriptor
  EventLoop::TimerId timer_;     ///< may be earlier than the deadline, never later
  EventLoop::Clock::time_point deadline_ = EventLoop::Clock::time_point::max();
};

}  // namespace postrider
