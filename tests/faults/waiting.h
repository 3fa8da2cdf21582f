#pragma once

#include <chrono>
#include <functional>

namespace postrider::test {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Far longer than anything takes on a busy machine: only a defect waits so long.
constexpr seconds kPatience{40};

/// Looks again and again until `condition` holds. False when it does not within `patience`.
[[nodiscard]] bool Eventually(const std::function<bool()>& condition,
                              milliseconds patience = kPatience);

/// Whether `condition` holds all the time.
[[nodiscard]] bool Always(const std::function<bool()>& condition, milliseconds time);

/// Lets time pass, where the length of time is itself the fault (a frozen process, an outage), or
/// the pace of a producer. Never to wait for a result.
void LetPass(milliseconds time);

}  // namespace postrider::test
