#include "postrider/policy/circuit_breaker.h"

#include <algorithm>

namespace postrider {
namespace {

/// Whether `count` of `calls` is at least that share; nothing is never too much. The tolerance
/// makes 7 of 100 be 7 %.
bool Reaches(double share, std::int64_t count, std::int64_t calls) {
  constexpr double kTolerance = 1e-9;
  return count > 0 && static_cast<double>(count) >= share * static_cast<double>(calls) - kTolerance;
}

}  // namespace

CallResult CallResultOf(const HttpAnswer& answer, const Verdict& verdict) {
  if (answer.failure &&
      (IsOurFault(*answer.failure) || answer.failure == FailureClass::kRelayLost)) {
    return CallResult::kIgnored;
  }
  if (verdict.kind == VerdictKind::kDelivered || verdict.kind == VerdictKind::kHold) {
    return CallResult::kAlive;
  }
  // An answer that was too large for us is an answer all the same.
  if (answer.failure && answer.failure != FailureClass::kTooLarge) return CallResult::kFailed;
  const bool failed = answer.status >= 500 || answer.status == 408;
  return failed ? CallResult::kFailed : CallResult::kAlive;
}

CircuitBreaker::CircuitBreaker(const BreakerSettings& settings, milliseconds probe_deadline)
    : settings_(settings),
      probe_deadline_(probe_deadline),
      window_(settings.window),
      minimum_(std::max(settings.minimum, 1)) {
  if (const auto capacity = window_.capacity()) minimum_ = std::min(minimum_, *capacity);
}

Timestamp CircuitBreaker::NextAt(Timestamp now) {
  NoticeTime(now);
  if (state_ == State::kOpen) return open_until_;
  if (state_ == State::kHalfOpen && begun_ >= std::max(settings_.probes, 1)) {
    return under_way_.front().deadline;
  }
  return now;
}

CircuitBreaker::Permit CircuitBreaker::Begin(Timestamp now) {
  if (NextAt(now) > now) return {};
  if (state_ == State::kClosed) return {.state = changes_};
  ++begun_;
  under_way_.push_back({++last_probe_, now + probe_deadline_});
  return {.state = changes_, .probe = last_probe_};
}

void CircuitBreaker::Record(Permit permit, CallResult result, milliseconds latency, Timestamp now) {
  NoticeTime(now);
  if (permit.state != changes_) return;
  const bool failed = result == CallResult::kFailed;
  if (state_ == State::kClosed) {
    if (result != CallResult::kIgnored) CountCall(failed, IsSlow(latency), now);
  } else if (TakeProbe(permit.probe)) {
    if (result == CallResult::kIgnored) {
      --begun_;
    } else {
      CountProbe(failed, IsSlow(latency), now);
    }
  }
}

/// What has happened by time alone, as of the moment at which it happened.
void CircuitBreaker::NoticeTime(Timestamp now) {
  while (state_ == State::kHalfOpen && !under_way_.empty() && under_way_.front().deadline <= now) {
    const Timestamp deadline = under_way_.front().deadline;
    under_way_.erase(under_way_.begin());
    CountProbe(true, true, deadline);
  }
  if (state_ == State::kOpen && open_until_ <= now) Enter(State::kHalfOpen);
}

void CircuitBreaker::Enter(State state) {
  state_ = state;
  ++changes_;
  window_.Clear();
  under_way_.clear();
  begun_ = 0;
  reported_ = {};
  if (state == State::kClosed) open_for_ = milliseconds(0);
}

void CircuitBreaker::Open(Timestamp now) {
  const bool first = open_for_ == milliseconds(0);
  open_for_ = first ? settings_.open
                    : std::min(2 * open_for_, std::max(settings_.open_max, settings_.open));
  open_until_ = now + open_for_;
  Enter(State::kOpen);
}

bool CircuitBreaker::TakeProbe(std::uint32_t number) {
  return std::erase_if(under_way_, [&](const Probe& probe) { return probe.number == number; }) > 0;
}

void CircuitBreaker::CountCall(bool failed, bool slow, Timestamp now) {
  window_.Add(failed, slow, now);
  const CallWindow::Counts counts = window_.counts();
  if (counts.calls < minimum_) return;
  if (TooMany(counts.failed, counts.slow, counts.calls)) Open(now);
}

void CircuitBreaker::CountProbe(bool failed, bool slow, Timestamp at) {
  ++reported_.all;
  if (failed) ++reported_.failed;
  if (slow) ++reported_.slow;
  const int probes = std::max(settings_.probes, 1);
  const int left = probes - reported_.all;
  if (TooMany(reported_.failed, reported_.slow, probes)) {
    Open(at);
  } else if (!TooMany(reported_.failed + left, reported_.slow + left, probes)) {
    Enter(State::kClosed);
  }
}

bool CircuitBreaker::IsSlow(milliseconds latency) const {
  return settings_.slow && latency > settings_.slow->after;
}

bool CircuitBreaker::TooMany(std::int64_t failed, std::int64_t slow, std::int64_t calls) const {
  if (Reaches(settings_.failures, failed, calls)) return true;
  return settings_.slow && Reaches(settings_.slow->share, slow, calls);
}

std::string_view ToString(CircuitBreaker::State state) {
  switch (state) {
    case CircuitBreaker::State::kClosed:
      return "closed";
    case CircuitBreaker::State::kHalfOpen:
      return "half_open";
    case CircuitBreaker::State::kOpen:
      return "open";
  }
  return "?";
}

}  // namespace postrider
