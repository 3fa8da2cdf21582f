#include "postrider/telemetry/log_every.h"

#include <utility>
#include <vector>

namespace postrider {
namespace {

/// More different lines than events of the code times destinations of a large configuration.
constexpr std::size_t kMaxLines = 4096;

std::string KeyOf(std::string_view event, Fields fields) {
  std::string key(event);
  for (const Field& field : fields) {
    if (field.name != "destination") continue;
    if (const auto* name = std::get_if<std::string_view>(&field.value)) {
      key += ' ';
      key += *name;
    }
  }
  return key;
}

}  // namespace

LogEvery::LogEvery(Logger& logger, std::chrono::milliseconds interval,
                   std::function<SteadyTime()> now)
    : logger_(logger), interval_(interval), now_(std::move(now)) {}

void LogEvery::Info(std::string_view event, std::string_view message, Fields fields) noexcept {
  Log(LogLevel::kInfo, event, message, fields);
}

void LogEvery::Warning(std::string_view event, std::string_view message, Fields fields) noexcept {
  Log(LogLevel::kWarning, event, message, fields);
}

void LogEvery::Error(std::string_view event, std::string_view message, Fields fields) noexcept {
  Log(LogLevel::kError, event, message, fields);
}

void LogEvery::Log(LogLevel level, std::string_view event, std::string_view message,
                   Fields fields) noexcept {
  if (!logger_.Enabled(level)) return;
  try {
    const auto suppressed = Pass(event, fields);
    if (!suppressed) return;
    std::vector<Field> all(fields);
    if (*suppressed > 0) all.emplace_back("suppressed", *suppressed);
    logger_.Log(level, event, message, all);
  } catch (...) {  // out of memory: a lost line is better than a lost relay
  }
}

std::optional<std::int64_t> LogEvery::Pass(std::string_view event, Fields fields) {
  const SteadyTime now = now_();
  const std::lock_guard lock(mutex_);
  if (lines_.size() >= kMaxLines) ForgetOld(now);
  const auto [found, is_new] = lines_.try_emplace(KeyOf(event, fields), Line{now});
  Line& line = found->second;
  if (is_new) return 0;
  if (now - line.written < interval_) {
    ++line.suppressed;
    return std::nullopt;
  }
  line.written = now;
  return std::exchange(line.suppressed, 0);
}

void LogEvery::ForgetOld(SteadyTime now) {
  std::erase_if(lines_, [&](const auto& entry) { return now - entry.second.written >= interval_; });
  if (lines_.size() >= kMaxLines) lines_.clear();
}

}  // namespace postrider
