#pragma once

#include <curl/curl.h>

#include <array>
#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "answer_reader.h"
#include "curl_handles.h"
#include "curl_sockets.h"
#include "postrider/http/egress_guard.h"
#include "postrider/http/http_client.h"
#include "postrider/model/http.h"
#include "request_headers.h"

namespace postrider {

/// One libcurl easy handle and the request that it carries, if any. It is used again and again:
/// only the options that differ from those of the last request are set.
class Transfer {
 public:
  /// `sockets` and `options` must outlive it.
  Transfer(CurlSockets& sockets, const HttpClientOptions& options);
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  /// Makes the handle ready for curl_multi_add_handle. Returns why the request can not be sent.
  /// @param written  called when the request is let out; may be empty
  std::optional<std::string> Begin(HttpRequest request, const EgressGuard* guard,
                                   std::function<void()> written);

  /// The answer of a transfer that libcurl has ended, and that is out of the multi handle.
  HttpAnswer Finish(CURLcode code);

  /// The answer of a transfer that we have ended ourselves.
  HttpAnswer Abandon(FailureClass failure, const std::string& why);

  CURL* easy() { return easy_.get(); }

 private:
  using Clock = std::chrono::steady_clock;
  enum class Payload { kUnset, kNone, kBody, kHead };

  void SetForLife(const HttpClientOptions& options);
  void SetMethod();
  void SetLimits();
  void SetLong(CURLoption option, long value, long& last);

  static int OnPrerequest(void* self, char* ip, char* local_ip, int port, int local_port);
  static curl_socket_t OnOpen(void* self, curlsocktype purpose, curl_sockaddr* address);
  static int OnClose(void* sockets, curl_socket_t fd);
  static std::size_t OnHeader(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t OnBody(char* data, std::size_t size, std::size_t count, void* self);

  bool MayWrite(const char* ip);
  void StopForResend();
  void StopFor(FailureClass failure, std::string why);
  void Explain(CURLcode code, HttpAnswer& answer);
  HttpAnswer TakeAnswer();
  bool IsHttps() const;
  bool MaybeSent() const;
  std::string Where() const;
  template <typename Value>
  Value Info(CURLINFO info) const;

  EasyHandle easy_;
  CurlSockets& sockets_;
  const std::function<bool()>& may_send_;
  std::array<char, CURL_ERROR_SIZE> error_{};

  // Of the present request.
  HttpRequest request_;
  const EgressGuard* guard_ = nullptr;
  std::function<void()> written_;
  RequestHeaders headers_;
  AnswerReader reader_;
  Clock::time_point began_;
  bool opened_socket_ = false;
  bool released_ = false;  ///< the request was let out, once
  int socket_errno_ = 0;
  std::string refused_address_;       ///< the last address that the guard refused
  std::optional<FailureClass> stop_;  ///< our callbacks ended it, for `stop_reason_`
  std::string stop_reason_;

  // What the handle was told last.
  std::string last_url_;
  std::string last_method_;
  Payload last_payload_ = Payload::kUnset;
  long last_timeout_ = -1;
  long last_connect_timeout_ = -1;
  long last_max_age_ = -1;
  long last_forbid_reuse_ = -1;
};

}  // namespace postrider
