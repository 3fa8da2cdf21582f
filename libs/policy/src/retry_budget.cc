#include "postrider/policy/retry_budget.h"

namespace postrider {
namespace {

constexpr seconds kMinute{60};

}  // namespace

RetryBudget::RetryBudget(double share) : share_(share), sent_(kMinute) {}

Timestamp RetryBudget::NextAt(Timestamp now) {
  sent_.Advance(now);
  if (Allows(sent_.total())) return now;
  return sent_.FirstWhen([this](const auto& sent) { return Allows(sent); });
}

void RetryBudget::Note(bool is_retry, Timestamp now) {
  sent_.Add(kRequest, now);
  if (is_retry) sent_.Add(kRetry, now);
}

/// Whether with one retry more the share would still be kept. The tolerance makes 7 of 100 be 7 %.
bool RetryBudget::Allows(const SlidingCounts<kKinds>::Counts& sent) const {
  constexpr double kTolerance = 1e-9;
  if (sent[kRetry] < kFloor) return true;
  return static_cast<double>(sent[kRetry] + 1) <=
         share_ * static_cast<double>(sent[kRequest] + 1) + kTolerance;
}

}  // namespace postrider
