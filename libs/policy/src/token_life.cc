#include "postrider/policy/token_life.h"

#include <algorithm>

namespace postrider {
namespace {

constexpr milliseconds kFirstPause{1000};
constexpr milliseconds kLongestPause{60000};
constexpr milliseconds kRejectedPause{30000};
constexpr microseconds kReserve = seconds(300);

/// 1 s, doubled for each failure after the first.
milliseconds PauseAfter(int failures) {
  milliseconds pause = kFirstPause;
  for (int i = 1; i < failures && pause < kLongestPause; ++i) pause *= 2;
  return std::min(pause, kLongestPause);
}

}  // namespace

Timestamp TokenLife::NextChange(Timestamp now) const {
  Timestamp next = kNever;
  if (ends_at_ > now) next = ends_at_;
  if (!fetching_ && fetch_at_ > now) next = std::min(next, fetch_at_);
  return next;
}

void TokenLife::OnToken(Timestamp ends_at, Timestamp now) {
  fetching_ = false;
  failures_ = 0;
  fetched_at_ = now;
  ends_at_ = ends_at;
  const microseconds life = std::max(microseconds(0), ends_at - now);
  fetch_at_ = ends_at - std::min(life / 5, kReserve);
  // A token that is born old must not be fetched in a loop.
  fetch_at_ = std::max(fetch_at_, now + kFirstPause);
}

void TokenLife::OnFailed(Timestamp now) {
  fetching_ = false;
  ++failures_;
  fetch_at_ = now + PauseAfter(failures_);
}

void TokenLife::OnRejected(Timestamp fetched_at, Timestamp now) {
  if (fetched_at != fetched_at_) return;
  ends_at_ = Timestamp::min();
  if (failures_ == 0) fetch_at_ = std::max(now, fetched_at_ + kRejectedPause);
}

}  // namespace postrider
