#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "postrider/model/secret.h"
#include "postrider/model/settings.h"
#include "postrider/policy/random.h"
#include "postrider/postgres/connection.h"
#include "postrider/telemetry/log_every.h"
#include "postrider/telemetry/metrics.h"

namespace postrider {

/// What every thread that talks to the database needs. Borrowed parts outlive all sessions.
struct DatabaseAccess {
  const DatabaseSettings& settings;
  const SecretResolver& secrets;
  Logger& log;
  LogEvery& repeated;
  Metrics& metrics;
};

/// A thread's connection that is thrown away and built anew after any fault, with a capped and
/// jittered wait in between.
class Session {
 public:
  static constexpr milliseconds kLongestWait{5000};

  /// @param purpose  of the thread, such as `reader`: for application_name and log lines
  /// @param longest_wait  between two connections
  Session(const DatabaseAccess& access, std::string purpose,
          milliseconds longest_wait = kLongestWait);

  /// Runs `work` with a connection; when it throws, the fault is logged and it is called again
  /// with a new connection, until it returns or stop is requested. The connection is cut some
  /// seconds after that request.
  void Run(std::stop_token stop, const std::function<void(Connection&)>& work);

 private:
  void Report(const std::string& message, const std::string& purpose, bool connected);
  void Wait(std::stop_token stop);

  const DatabaseAccess& access_;
  std::string purpose_;
  const milliseconds longest_wait_;
  SeededRandom random_;
  int faults_ = 0;  ///< in a row
};

}  // namespace postrider
