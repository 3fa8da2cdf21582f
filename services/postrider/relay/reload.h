#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "postrider/config/load.h"
#include "postrider/telemetry/log.h"
#include "postrider/telemetry/metrics.h"
#include "relay/database_clock.h"

namespace postrider {

/// What became of a request to read the file again.
struct ReloadAnswer {
  bool taken = false;
  std::string detail;  ///< taken: what waits for a restart, or empty; refused: what is wrong
};

/// Reads the file again while a relay runs, and keeps what it says until it is taken up. A file
/// with a fault changes nothing. Thread-safe; borrows log, metrics and clock.
class Reload {
 public:
  /// Reads the file with its secrets: a secret that cannot be had is an error, too.
  using Source = std::function<LoadedConfig()>;
  /// Why settings that are right in themselves cannot be taken; empty: they can.
  using Check = std::function<std::string(const Settings&)>;

  /// @param running  what the process was started with; log and listening address stay so
  Reload(Source source, const Settings& running, Logger& log, Metrics& metrics,
         const DatabaseClock& clock);

  ReloadAnswer Read(const Check& check);
  /// What was read since the last call; nullopt: nothing that was taken.
  std::optional<Settings> TakeNext();

 private:
  ReloadAnswer Refuse(std::string what);
  std::string WhatWaitsForARestart(const Settings& settings) const;

  const Source source_;
  const ListenAddress listen_;
  const LogSettings log_settings_;
  Logger& log_;
  Metrics& metrics_;
  const DatabaseClock& clock_;
  std::mutex mutex_;
  std::optional<Settings> next_;  ///< guarded by mutex_
};

/// Destinations whose lanes are registered anew: other topics or another number of shards.
std::set<std::string> WithOtherSubscription(const Settings& before, const Settings& after);

}  // namespace postrider
