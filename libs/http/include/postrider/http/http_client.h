#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "postrider/http/egress_guard.h"
#include "postrider/http/event_loop.h"
#include "postrider/model/http.h"

namespace postrider {

enum class RequestId : std::uint64_t {};

struct HttpClientOptions {
  /// Asked just before a request is written; false: it is not sent, and fails with `relay_lost`.
  /// Empty: always true. Must be quick, and must not call the client.
  std::function<bool()> may_send;
  /// Certificates to trust instead of the system's; empty: the system's.
  std::string ca_file;
  /// Connections kept for all hosts together, those in use included; beyond it the one that has
  /// been idle longest is closed. 0: a quarter of the process's limit of descriptors.
  long max_connections = 0;
};

/// Sends HTTP/1.1 requests on one event loop, thousands at a time, over kept connections.
///
/// A request is written once: it is never sent again after a connection died, redirects are not
/// followed, and neither cookies, netrc nor the environment's proxies are used. TLS certificates
/// are always verified. Why libcurl, and with which settings: docs/decisions/0010-outbound-http.md.
///
/// All of it belongs to the loop's thread (or to the one that builds it, before the loop runs). The
/// process should ignore SIGPIPE.
class HttpClient {
 public:
  using Done = std::function<void(HttpAnswer)>;
  using Written = std::function<void()>;

  /// The loop must outlive the client. Throws std::runtime_error when this libcurl can not do what
  /// is needed (asynchronous DNS, TLS, zlib).
  explicit HttpClient(EventLoop& loop, HttpClientOptions options = {});

  /// Cuts all connections. Requests in flight end without a call of their `done`; whoever needs
  /// their answers calls AbandonAll first.
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// Begins a request. `done` is called exactly once, from the loop, never from inside Start, also
  /// when the request is no good (class `local`). `guard` must live until then; null: no guard.
  ///
  /// The headers are sent as given, a name without value too, and nothing is added but `Host`,
  /// `Content-Length` and `Accept-Encoding: gzip, deflate` (each unless given), and the
  /// `Authorization` of a URL with a user. `Content-Length`, `Transfer-Encoding` and `Expect` can
  /// not be given.
  ///
  /// `written` is called at most once, before `done`: there is a connection, and the first byte of
  /// the request is about to be written. It must be quick, and must not call the client.
  RequestId Start(HttpRequest request, const EgressGuard* guard, Done done, Written written = {});

  /// Ends a request: its connection is cut, and `done` is called from the loop with `relay_lost`.
  /// Nothing happens when it has ended already.
  void Cancel(RequestId id);

  /// Ends all requests, calling each `done` with `relay_lost` before it returns. Requests that
  /// these calls start are not ended.
  void AbandonAll();

  /// Requests whose `done` has not been called.
  std::size_t in_flight() const;

 private:
  class Engine;
  std::unique_ptr<Engine> engine_;
};

}  // namespace postrider
