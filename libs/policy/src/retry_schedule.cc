#include "postrider/policy/retry_schedule.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <sstream>
#include <utility>

#include "duration_text.h"

namespace postrider {
namespace {

/// No wait is longer: far beyond any use, and far from overflowing a Timestamp.
constexpr milliseconds kLongestDelay = std::chrono::hours(24 * 3650);

/// Rows of the table in Explain(); what comes after them is summed up in one line.
constexpr int kMostRows = 40;

int AttemptsOf(const RetrySettings& settings) {
  const auto scheduled = static_cast<int>(
      std::min<std::size_t>(settings.schedule.size(), std::numeric_limits<int>::max() - 1));
  if (scheduled == 0) return std::max(settings.attempts, 1);
  return std::max(std::min(settings.attempts, scheduled + 1), 1);
}

/// Clamped while still a double: a conversion that does not fit is undefined.
milliseconds FromDouble(double ms) {
  const auto longest = static_cast<double>(kLongestDelay.count());
  if (!(ms < longest)) return kLongestDelay;
  return milliseconds(std::llround(std::max(ms, 0.0)));
}

milliseconds WithJitter(milliseconds base, double jitter, double random01) {
  const double added = std::clamp(jitter, 0.0, 1.0) * std::clamp(random01, 0.0, 1.0);
  return FromDouble(static_cast<double>(base.count()) * (1.0 + added));
}

std::string RangeText(milliseconds least, milliseconds most) {
  if (least == most) return ReadableDuration(least);
  return ReadableDuration(least) + " .. " + ReadableDuration(most);
}

void WriteRow(std::ostringstream& out, const std::string& attempt, const std::string& wait,
              const std::string& since) {
  const auto pad = [](const std::string& text, std::size_t width) {
    return text + std::string(text.size() < width ? width - text.size() : 0, ' ');
  };
  out << pad(attempt, 9) << pad(wait, 36) << since << '\n';
}

}  // namespace

RetrySchedule::RetrySchedule(RetrySettings settings)
    : settings_(std::move(settings)), attempts_(AttemptsOf(settings_)) {}

milliseconds RetrySchedule::BaseDelay(int attempt) const {
  const int step = std::max(attempt, 1) - 1;
  if (!settings_.schedule.empty()) {
    const auto last = settings_.schedule.size() - 1;
    const milliseconds delay = settings_.schedule[std::min(static_cast<std::size_t>(step), last)];
    return std::clamp(delay, milliseconds(0), kLongestDelay);
  }
  if (settings_.first <= milliseconds(0)) return milliseconds(0);
  const double delay =
      static_cast<double>(settings_.first.count()) * std::pow(settings_.factor, step);
  const milliseconds cap = std::clamp(settings_.max, milliseconds(0), kLongestDelay);
  if (!(delay < static_cast<double>(cap.count()))) return cap;
  return FromDouble(delay);
}

std::optional<milliseconds> RetrySchedule::DelayAfter(int charged_attempts,
                                                      Timestamp first_attempt_at, Timestamp now,
                                                      double random01) const {
  if (charged_attempts >= attempts_) return std::nullopt;
  if (now - first_attempt_at >= settings_.lasting) return std::nullopt;
  return WithJitter(BaseDelay(charged_attempts), settings_.jitter, random01);
}

std::string Explain(const RetrySettings& settings) {
  const RetrySchedule schedule(settings);
  const milliseconds lasting = settings.lasting;
  std::ostringstream out;
  WriteRow(out, "attempt", "wait before it", "since the first attempt");
  WriteRow(out, "1", "-", "0s");
  milliseconds least{0};
  milliseconds most{0};
  int attempt = 2;
  for (; attempt <= schedule.attempts() && least < lasting; ++attempt) {
    const bool surely_reached = most < lasting;
    const milliseconds base = schedule.BaseDelay(attempt - 1);
    const milliseconds jittered = WithJitter(base, settings.jitter, 1.0);
    least = std::min(least + base, kLongestDelay);
    most = std::min(most + jittered, kLongestDelay);
    if (attempt > kMostRows) break;
    WriteRow(out, std::to_string(attempt), RangeText(base, jittered),
             RangeText(least, most) + (surely_reached ? "" : "  (only when `for` allows it)"));
  }
  if (attempt > kMostRows && attempt <= schedule.attempts()) {
    out << "and so on, every "
        << RangeText(schedule.BaseDelay(attempt),
                     WithJitter(schedule.BaseDelay(attempt), settings.jitter, 1.0))
        << " or less\n";
  }
  out << "Gives up when attempt " << schedule.attempts() << " fails, or when an attempt fails "
      << ReadableDuration(lasting) << " or more after the first.\n"
      << "The time that the attempts themselves take is not counted.\n";
  if (settings.budget) {
    out << "Of the requests of a minute at most " << std::llround(*settings.budget * 100)
        << " % are retries, though 10 may always be: an attempt that has to wait for that is made "
           "later.\n";
  }
  return out.str();
}

}  // namespace postrider
