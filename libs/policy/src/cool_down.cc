#include "postrider/policy/cool_down.h"

#include <algorithm>
#include <optional>

#include "postrider/model/failure.h"
#include "postrider/policy/retry_after.h"

namespace postrider {
namespace {

constexpr milliseconds kFirstWait{5000};
constexpr milliseconds kLongestWait{300000};

/// Whether the partner itself said anything; a proxy of ours may have a status, too.
bool IsAnswered(const HttpAnswer& answer) {
  return answer.status >= 100 && !(answer.failure && IsOurFault(*answer.failure));
}

}  // namespace

CoolDown::CoolDown(milliseconds probe_deadline) : probe_deadline_(probe_deadline) {}

Timestamp CoolDown::NextAt(Timestamp now) const {
  return phase_ == Phase::kOff ? now : std::max(now, until_);
}

CoolDown::Round CoolDown::Begin(Timestamp now) {
  if (phase_ != Phase::kOff && until_ <= now) {
    phase_ = Phase::kProbing;
    until_ = now + probe_deadline_;
    ++round_;
  }
  return round_;
}

void CoolDown::Record(Round began, const HttpAnswer& answer, Timestamp now) {
  const bool is_probe = phase_ == Phase::kProbing && began == round_;
  if (!IsAnswered(answer)) {
    if (is_probe) Wait(kFirstWait, now);
    return;
  }
  std::optional<milliseconds> asked;
  if (answer.status == 429 || answer.status == 503) asked = RetryAfter(answer.headers, now);
  const bool refused = answer.status == 429 || asked;
  if (refused && (is_probe || phase_ == Phase::kOff)) {
    ++refusals_;
    Wait(asked.value_or(UnaskedWait()), now);
  } else if (refused && asked && phase_ == Phase::kWaiting) {
    until_ = std::max(until_, now + *asked);
  } else if (!refused && is_probe) {
    phase_ = Phase::kOff;
    refusals_ = 0;
  }
}

void CoolDown::Abandon(Round began, Timestamp now) {
  if (phase_ == Phase::kProbing && began == round_) Wait(milliseconds(0), now);
}

void CoolDown::Wait(milliseconds duration, Timestamp now) {
  phase_ = Phase::kWaiting;
  until_ = now + duration;
  ++round_;
}

/// 5 s, doubled for each refusal after the first.
milliseconds CoolDown::UnaskedWait() const {
  milliseconds wait = kFirstWait;
  for (int i = 1; i < refusals_ && wait < kLongestWait; ++i) wait *= 2;
  return std::min(wait, kLongestWait);
}

}  // namespace postrider
