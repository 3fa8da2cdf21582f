#include "transfer.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "failure_of.h"
#include "url_target.h"

namespace postrider {
namespace {

/// Connections are not used for longer than this, so that a change of DNS is noticed by busy ones.
constexpr long kMaxConnectionAgeSeconds = 300;
constexpr char kTooLarge[] = "the answer is too large: ";

long AtLeastOne(milliseconds time) {
  return static_cast<long>(std::max<long long>(1, time.count()));
}

}  // namespace

Transfer::Transfer(CurlSockets& sockets, const HttpClientOptions& options)
    : easy_(MakeEasyHandle()), sockets_(sockets), may_send_(options.may_send) {
  SetForLife(options);
}

void Transfer::SetForLife(const HttpClientOptions& options) {
  CURL* const easy = easy_.get();
  SetOption(easy, CURLOPT_ERRORBUFFER, error_.data());
  SetOption(easy, CURLOPT_NOSIGNAL, 1L);
  SetOption(easy, CURLOPT_QUICK_EXIT, 1L);  // do not wait for a hanging DNS query
  SetOption(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  SetOption(easy, CURLOPT_PROXY, "");  // not the environment's
  SetOption(easy, CURLOPT_FOLLOWLOCATION, 0L);
  SetOption(easy, CURLOPT_PATH_AS_IS, 1L);
  SetOption(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  SetOption(easy, CURLOPT_HTTP09_ALLOWED, 0L);
  SetOption(easy, CURLOPT_ACCEPT_ENCODING, "gzip, deflate");
  SetOption(easy, CURLOPT_SSL_VERIFYPEER, 1L);
  SetOption(easy, CURLOPT_SSL_VERIFYHOST, 2L);
  SetOption(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!options.ca_file.empty()) SetOption(easy, CURLOPT_CAINFO, options.ca_file.c_str());
  SetOption(easy, CURLOPT_TCP_NODELAY, 1L);
  SetOption(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  SetOption(easy, CURLOPT_TCP_KEEPIDLE, 60L);
  SetOption(easy, CURLOPT_TCP_KEEPINTVL, 15L);
  SetOption(easy, CURLOPT_MAXLIFETIME_CONN, kMaxConnectionAgeSeconds);
  SetOption(easy, CURLOPT_PREREQFUNCTION, &Transfer::OnPrerequest);
  SetOption(easy, CURLOPT_PREREQDATA, this);
  SetOption(easy, CURLOPT_OPENSOCKETFUNCTION, &Transfer::OnOpen);
  SetOption(easy, CURLOPT_OPENSOCKETDATA, this);
  SetOption(easy, CURLOPT_CLOSESOCKETFUNCTION, &Transfer::OnClose);
  SetOption(easy, CURLOPT_CLOSESOCKETDATA, &sockets_);  // a connection outlives its first transfer
  SetOption(easy, CURLOPT_HEADERFUNCTION, &Transfer::OnHeader);
  SetOption(easy, CURLOPT_HEADERDATA, this);
  SetOption(easy, CURLOPT_WRITEFUNCTION, &Transfer::OnBody);
  SetOption(easy, CURLOPT_WRITEDATA, this);
}

std::optional<std::string> Transfer::Begin(HttpRequest request, const EgressGuard* guard,
                                           std::function<void()> written) {
  request_ = std::move(request);
  guard_ = guard;
  written_ = std::move(written);
  began_ = Clock::now();
  opened_socket_ = released_ = false;
  socket_errno_ = 0;
  refused_address_.clear();
  stop_.reset();
  stop_reason_.clear();
  error_[0] = '\0';
  reader_.Begin(request_.max_response);
  if (!TargetOf(request_.url)) return "the URL does not begin with http://host or https://host";
  if (!IsToken(request_.method)) return "'" + request_.method + "' is not an HTTP method";
  if (auto reason = headers_.Assign(request_.headers)) return reason;
  SetOption(easy(), CURLOPT_HTTPHEADER, headers_.list());
  if (request_.url != last_url_) {
    SetOption(easy(), CURLOPT_URL, request_.url.c_str());
    last_url_ = request_.url;
  }
  SetMethod();
  SetLimits();
  return std::nullopt;
}

void Transfer::SetMethod() {
  const std::string& method = request_.method;
  const bool always_a_body = method == "POST" || method == "PUT" || method == "PATCH";
  const Payload payload = method == "HEAD"                          ? Payload::kHead
                          : always_a_body || !request_.body.empty() ? Payload::kBody
                                                                    : Payload::kNone;
  if (payload != last_payload_) {
    SetOption(easy(), CURLOPT_NOBODY, payload == Payload::kHead ? 1L : 0L);
    if (payload == Payload::kNone) SetOption(easy(), CURLOPT_HTTPGET, 1L);
    last_payload_ = payload;
  }
  if (payload == Payload::kBody) {  // this also makes it a POST
    SetOption(easy(), CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
    SetOption(easy(), CURLOPT_POSTFIELDS, request_.body.c_str());
  }
  if (method != last_method_) {
    SetOption(easy(), CURLOPT_CUSTOMREQUEST, method.c_str());
    last_method_ = method;
  }
}

void Transfer::SetLimits() {
  SetLong(CURLOPT_TIMEOUT_MS, AtLeastOne(request_.timeout), last_timeout_);
  SetLong(CURLOPT_CONNECTTIMEOUT_MS, AtLeastOne(request_.connect_timeout), last_connect_timeout_);
  // libcurl counts whole seconds and drops what is idle for longer than the number: one less, and
  // nothing idle for `idle` is used.
  const auto idle = static_cast<long>(request_.idle.count());
  SetLong(CURLOPT_MAXAGE_CONN, std::max(0L, idle - 1), last_max_age_);
  SetLong(CURLOPT_FORBID_REUSE, idle <= 0 ? 1L : 0L, last_forbid_reuse_);
}

void Transfer::SetLong(CURLoption option, long value, long& last) {
  if (value == last) return;
  SetOption(easy(), option, value);
  last = value;
}

curl_socket_t Transfer::OnOpen(void* self, curlsocktype, curl_sockaddr* address) {
  auto& transfer = *static_cast<Transfer*>(self);
  if (transfer.released_) {
    transfer.StopForResend();
    return CURL_SOCKET_BAD;
  }
  if (transfer.guard_ != nullptr) {
    if (auto refusal = transfer.guard_->Refusal(address->addr)) {
      transfer.refused_address_ = std::move(*refusal);
      return CURL_SOCKET_BAD;
    }
  }
  const curl_socket_t fd = transfer.sockets_.Open(*address);
  if (fd == CURL_SOCKET_BAD) {
    transfer.socket_errno_ = errno;
  } else {
    transfer.opened_socket_ = true;
  }
  return fd;
}

int Transfer::OnClose(void* sockets, curl_socket_t fd) {
  return static_cast<CurlSockets*>(sockets)->Close(fd);
}

int Transfer::OnPrerequest(void* self, char* ip, char*, int, int) {
  return static_cast<Transfer*>(self)->MayWrite(ip) ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

bool Transfer::MayWrite(const char* ip) {
  if (released_) {
    StopForResend();
    return false;
  }
  if (!opened_socket_ && guard_ != nullptr) {
    // The kept connection may have been opened under another destination's guard.
    if (auto refusal = guard_->Refusal(std::string_view(ip))) {
      StopFor(FailureClass::kBlockedAddress, std::move(*refusal));
      return false;
    }
  }
  if (may_send_ && !may_send_()) {
    StopFor(FailureClass::kRelayLost, "not sent: this relay may have lost its lease");
    return false;
  }
  released_ = true;
  if (written_) written_();
  return true;
}

std::size_t Transfer::OnHeader(char* data, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  const std::size_t length = size * count;
  if (transfer.reader_.TakeHeaderLine({data, length})) return length;
  transfer.StopFor(FailureClass::kTooLarge, kTooLarge + transfer.reader_.too_large());
  return length == 0 ? 1 : 0;
}

std::size_t Transfer::OnBody(char* data, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  const std::size_t length = size * count;
  if (transfer.reader_.TakeBody({data, length})) return length;
  transfer.StopFor(FailureClass::kTooLarge, kTooLarge + transfer.reader_.too_large());
  return length == 0 ? 1 : 0;
}

void Transfer::StopForResend() {
  // libcurl would send it again because a kept connection died under it. The partner may have the
  // first one.
  StopFor(FailureClass::kReset, "the kept connection died under the request; it is not sent again");
}

void Transfer::StopFor(FailureClass failure, std::string why) {
  if (stop_) return;
  stop_ = failure;
  stop_reason_ = std::move(why);
}

template <typename Value>
Value Transfer::Info(CURLINFO info) const {
  Value value{};
  curl_easy_getinfo(easy_.get(), info, &value);
  return value;
}

bool Transfer::IsHttps() const {
  const auto target = TargetOf(request_.url);
  return target && target->https;
}

bool Transfer::MaybeSent() const {
  if (!released_) return false;
  // OpenSSL can have sent a part of what it has not reported as sent.
  return IsHttps() || Info<long>(CURLINFO_REQUEST_SIZE) > 0;
}

std::string Transfer::Where() const {
  const auto target = TargetOf(request_.url);
  if (!target) return "request";
  std::string where(target->host);
  const char* const ip = Info<char*>(CURLINFO_PRIMARY_IP);
  if (ip == nullptr || *ip == '\0' || where.find(ip) != std::string::npos) return where;
  return where + " (" + ip + ")";
}

HttpAnswer Transfer::TakeAnswer() {
  HttpAnswer answer;
  answer.status = reader_.status();
  answer.headers = std::move(reader_.headers());
  answer.body = std::move(reader_.body());
  answer.latency = std::chrono::duration_cast<milliseconds>(Clock::now() - began_);
  answer.maybe_sent = MaybeSent();
  answer.connection_reused = released_ && !opened_socket_;
  return answer;
}

HttpAnswer Transfer::Finish(CURLcode code) {
  HttpAnswer answer = TakeAnswer();
  if (code != CURLE_OK) {
    Explain(code, answer);
  } else if (!reader_.complete_header()) {  // libcurl takes an end of the stream for an end of it
    answer.failure = FailureClass::kReset;
    answer.error = Where() + ": the connection was closed within the header of the answer";
  }
  request_ = {};
  return answer;
}

HttpAnswer Transfer::Abandon(FailureClass failure, const std::string& why) {
  HttpAnswer answer = TakeAnswer();
  answer.failure = failure;
  answer.error = Where() + ": " + why;
  request_ = {};
  return answer;
}

void Transfer::Explain(CURLcode code, HttpAnswer& answer) {
  answer.error = Where() + ": ";
  if (stop_) {
    answer.failure = stop_;
    answer.error += stop_reason_;
    return;
  }
  if (!refused_address_.empty() && !opened_socket_ && socket_errno_ == 0) {
    answer.failure = FailureClass::kBlockedAddress;
    answer.error += refused_address_ + "; see allow_private";
    return;
  }
  const long os_error = socket_errno_ != 0 ? socket_errno_ : Info<long>(CURLINFO_OS_ERRNO);
  const bool out_of_sockets = socket_errno_ != 0 || os_error == EADDRNOTAVAIL ||
                              (code == CURLE_COULDNT_RESOLVE_HOST && sockets_.OutOfDescriptors());
  answer.failure = FailureOf(code, {.released = released_,
                                    .answer_began = reader_.began(),
                                    .socket_failed = os_error != 0 || IsHttps(),
                                    .out_of_sockets = out_of_sockets});
  if (answer.failure == FailureClass::kTooLarge) answer.error += kTooLarge;
  answer.error += error_[0] != '\0' ? error_.data() : curl_easy_strerror(code);
  if (os_error != 0)
    answer.error += " (" + std::generic_category().message(static_cast<int>(os_error)) + ")";
  if (!refused_address_.empty()) answer.error += "; not tried: " + refused_address_;
}

}  // namespace postrider
