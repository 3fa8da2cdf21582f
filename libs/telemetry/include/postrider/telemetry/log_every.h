#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "postrider/telemetry/log.h"

namespace postrider {

/// Lets a line that repeats through at most once in an interval. Lines are the same when `event`
/// and the field `destination` are. The next one that passes carries the number of those left out
/// as `suppressed`. Thread-safe; never throws.
class LogEvery {
 public:
  using SteadyTime = std::chrono::steady_clock::time_point;

  /// @param logger  must outlive this object
  LogEvery(Logger& logger, std::chrono::milliseconds interval,
           std::function<SteadyTime()> now = std::chrono::steady_clock::now);

  void Info(std::string_view event, std::string_view message, Fields fields = {}) noexcept;
  void Warning(std::string_view event, std::string_view message, Fields fields = {}) noexcept;
  void Error(std::string_view event, std::string_view message, Fields fields = {}) noexcept;

 private:
  struct Line {
    SteadyTime written;
    std::int64_t suppressed = 0;
  };

  void Log(LogLevel level, std::string_view event, std::string_view message,
           Fields fields) noexcept;
  /// The number suppressed since the last time, or nullopt when this one is to be suppressed too.
  std::optional<std::int64_t> Pass(std::string_view event, Fields fields);
  void ForgetOld(SteadyTime now);

  Logger& logger_;
  const std::chrono::milliseconds interval_;
  const std::function<SteadyTime()> now_;
  std::mutex mutex_;  // guards lines_
  std::map<std::string, Line> lines_;
};

}  // namespace postrider
