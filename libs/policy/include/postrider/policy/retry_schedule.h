#pragma once

#include <optional>
#include <string>

#include "postrider/model/settings.h"
#include "postrider/model/time.h"

namespace postrider {

/// How long a delivery waits after a failed attempt, and when it has failed for good. Whether a
/// failure is tried again at all is the verdict's business (verdict.h).
class RetrySchedule {
 public:
  explicit RetrySchedule(RetrySettings settings);

  /// The wait before the next attempt, to be asked when an attempt has failed; nullopt when that
  /// attempt was the last: `attempts` (or the fixed schedule) is used up, or `for` has passed since
  /// the first attempt. A wait may reach beyond `for`: the attempt after it then is the last.
  /// @param charged_attempts  those that count so far, the failed one included; 0 when only our own
  ///                          side failed, which waits like after the first
  /// @param random01          [0, 1]: which part of the jitter is added to the wait
  std::optional<milliseconds> DelayAfter(int charged_attempts, Timestamp first_attempt_at,
                                         Timestamp now, double random01) const;

  /// How many attempts there are, the first included. At least 1.
  int attempts() const { return attempts_; }

  /// The wait after an attempt (from 1) before jitter: capped, never beyond ten years.
  milliseconds BaseDelay(int attempt) const;

 private:
  RetrySettings settings_;
  int attempts_;
};

/// The schedule as a table for people: when each attempt is made, from least to most jitter, the
/// duration of the attempts themselves not counted.
std::string Explain(const RetrySettings& settings);

}  // namespace postrider
