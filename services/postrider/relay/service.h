#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "postrider/admin/metrics_server.h"
#include "postrider/config/load.h"
#include "postrider/config/secrets.h"
#include "postrider/telemetry/log.h"
#include "postrider/telemetry/log_every.h"
#include "postrider/telemetry/metrics.h"
#include "relay/relay.h"
#include "relay/reload.h"

namespace postrider {

/// The relay as a process: answers health and metrics from the start, waits for a database that may
/// be served, and runs one incarnation after the other until it is stopped. When the file is read
/// again, the next incarnation begins while the one before finishes what is in flight.
class Service {
 public:
  /// @param settings  what `source` says now; a new file is read from there
  Service(Settings settings, Reload::Source source);

  /// Blocks. Returns the exit code: 0 when stopped or done.
  int Run(std::stop_token stop, bool once);

  /// Reads the file again and takes it up unless something is wrong with it. Any thread.
  ReloadAnswer ReadAgain();

 private:
  /// An incarnation with the settings that it lives by.
  struct Generation {
    explicit Generation(Service& service);

    const Settings settings;
    const DatabaseAccess access;  ///< refers to these settings
    std::unique_ptr<Relay> relay;
  };
  using SharedGeneration = std::shared_ptr<Generation>;

  /// Returns false when it ended without anything to follow.
  /// @param before  from the generation that drains beside; null: there is none
  bool RunOnce(const SharedGeneration& generation, Handover* before, std::stop_token stop,
               bool once);
  /// Why the database cannot be served; empty: it can, and `ready` is set. Throws DatabaseFault.
  std::string LookAt(Connection& connection, const Settings& settings,
                     std::optional<InstallationRecord>& ready);
  /// What the database says, once it may be served; nullopt when stopped before.
  std::optional<InstallationRecord> AwaitDatabase(const Generation& generation,
                                                  std::stop_token stop);
  /// Lets the generation finish beside the next one, which is for these settings.
  void DrainBeside(SharedGeneration generation, const Settings& next);
  /// Makes the settings that were read again those of the next generation; false: there are none.
  bool TakeUpNext();
  /// Of destinations that are in no file any more.
  void ClearGauges(const Settings& before, const Settings& now);
  /// Lets the process have as much open as these settings need, or says that it may not.
  void FitDescriptors(const Settings& settings);
  void SetObstacle(std::string obstacle);
  void NoteChange();
  HealthReport Health() const;
  HealthReport Readiness() const;

  Settings settings_;  ///< of the next generation; only Run's thread changes it
  SecretReader secret_reader_;
  const SecretResolver secrets_;
  DatabaseClock clock_;
  Logger log_;
  LogEvery repeated_;
  Metrics metrics_;
  Reload reload_;
  mutable std::mutex mutex_;
  std::string obstacle_ = "not connected yet";  ///< guarded by mutex_
  SharedGeneration present_;                    ///< guarded by mutex_ when it changes
  /// Until then a relay that takes up other settings counts as ready; guarded by mutex_.
  std::chrono::steady_clock::time_point changes_until_;
  std::stop_source round_;              ///< ends the present generation; guarded by mutex_
  std::shared_ptr<Handover> handover_;  ///< to the next generation; only Run's thread
  std::vector<std::string> former_;     ///< incarnations, the last few; only Run's thread
  std::jthread drain_;
  MetricsServer server_;
};

}  // namespace postrider
