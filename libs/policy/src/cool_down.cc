#include "postrider/policy/cool_down.h"

#include <algorithm>
#include <optional>

#include "postrider/model/failure.h"
#include "postrider/policy/retry_after.h"

namespace postrider {
namespace {

constexpr milliseconds kFirstWait{5000};
constexpr milliseconds kLongestWait{300000};
/// For the news of another part's probe, which may come by way of the database.
constexpr milliseconds kNewsDelay{2000};

/// Whether the partner itself said anything; a proxy of ours may have a status, too.
bool IsAnswered(const HttpAnswer& answer) {
  return answer.status >= 100 && !(answer.failure && IsOurFault(*answer.failure));
}

}  // namespace

CoolDown::CoolDown(milliseconds probe_deadline, int part)
    : probe_deadline_(probe_deadline), part_(part) {}

Timestamp CoolDown::NextAt(Timestamp now) const {
  Timestamp last = cooling() ? until_ : Timestamp::min();
  for (const auto& [part, until] : others_) last = std::max(last, until);
  const bool other_probes = !others_.empty() && (!cooling() || others_.begin()->first < part_);
  return std::max(now, other_probes ? last + kNewsDelay : last);
}

CoolDown::Round CoolDown::Begin(Timestamp now) {
  const bool others_are_silent = !others_.empty();
  if ((phase_ != Phase::kOff && until_ <= now) || others_are_silent) {
    others_.clear();
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

void CoolDown::Follow(int part, std::optional<Timestamp> until, Timestamp now) {
  if (until) {
    others_[part] = *until;
    return;
  }
  const bool was_cooling = others_.erase(part) > 0;
  if (!was_cooling || phase_ != Phase::kWaiting || until_ > now) return;
  phase_ = Phase::kOff;
  refusals_ = 0;
}

void CoolDown::Resume(Timestamp until) {
  phase_ = Phase::kWaiting;
  until_ = until;
  refusals_ = 1;
  ++round_;
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
