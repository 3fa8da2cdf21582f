#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "postrider/admin/metrics_server.h"
#include "postrider/config/load.h"
#include "postrider/config/secrets.h"
#include "postrider/telemetry/log.h"
#include "postrider/telemetry/log_every.h"
#include "postrider/telemetry/metrics.h"
#include "relay/relay.h"

namespace postrider {

/// The relay as a process: answers health and metrics from the start, waits for a database that may
/// be served, and runs one incarnation after the other until it is stopped.
class Service {
 public:
  explicit Service(Settings settings);

  /// Blocks. Returns the exit code: 0 when stopped or done.
  int Run(std::stop_token stop, bool once);

 private:
  /// What the database says, once it may be served; nullopt when stopped before.
  std::optional<InstallationRecord> AwaitDatabase(std::stop_token stop);
  /// Why this database must not be served; empty: it may.
  std::string Obstacle(const InstallationRecord& installation) const;
  HealthReport Health() const;
  HealthReport Readiness() const;

  const Settings settings_;
  SecretReader secret_reader_;
  const SecretResolver secrets_;
  DatabaseClock clock_;
  Logger log_;
  LogEvery repeated_;
  Metrics metrics_;
  const DatabaseAccess access_;
  mutable std::mutex mutex_;
  std::string obstacle_ = "not connected yet";  ///< guarded by mutex_
  std::unique_ptr<Relay> relay_;                ///< guarded by mutex_ when it changes
  MetricsServer server_;
};

}  // namespace postrider
