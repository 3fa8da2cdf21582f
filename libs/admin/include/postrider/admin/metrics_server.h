#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "postrider/model/settings.h"

namespace postrider {

struct HealthCheck {
  std::string name;  ///< such as `database` or `last_poll`
  bool ok = true;
  std::string detail;  ///< for people; shown to anyone who can reach the port, so nothing secret
};

struct HealthReport {
  bool ok = true;
  std::vector<HealthCheck> checks;
};

/// Answers GET and HEAD of `/healthz`, `/readyz` and `/metrics`, for orchestrators and Prometheus.
/// No token is asked for. Anything else is 404, other methods are 405. Four threads of its own; a
/// connection carries one request and may be silent for 5 s.
class MetricsServer {
 public:
  /// Called from the threads of the server, also at the same time. An exception is answered by
  /// 500 with its message. Each should answer within a second, without waiting for the database.
  struct Pages {
    std::function<HealthReport()> healthz;  ///< 200 when `ok`, else 503
    std::function<HealthReport()> readyz;   ///< likewise
    std::function<std::string()> metrics;   ///< the text format of Prometheus
  };

  MetricsServer(ListenAddress address, Pages pages);

  /// Stops.
  ~MetricsServer();

  MetricsServer(const MetricsServer&) = delete;
  MetricsServer& operator=(const MetricsServer&) = delete;

  /// Binds and begins to answer before it returns. Does nothing after Stop(). Throws
  /// std::runtime_error that names the address, the cause and what to do when it cannot listen.
  void Start();

  /// Returns when all threads of the server have ended; requests under way are answered. May be
  /// called before Start() and more than once.
  void Stop();

  /// Whether requests are being accepted.
  bool Serving() const;

  /// The port that is bound; after Start() the real one where 0 was asked for.
  int port() const { return address_.port; }

  /// As for a URL: `127.0.0.1:9868` or `[::1]:9868`.
  std::string AddressText() const;

 private:
  class Listener;

  ListenAddress address_;
  const std::unique_ptr<Listener> listener_;
};

}  // namespace postrider
