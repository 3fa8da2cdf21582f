#include "postrider/engine/admission.h"

#include <algorithm>

namespace postrider {
namespace {

/// How long to wait when a request was not let out because of the lease.
constexpr milliseconds kLeaseWait{200};

/// A probe is waited for a little longer than a call can last.
milliseconds ProbeDeadline(const LaneSettings& settings) {
  return settings.call_timeout + milliseconds(1000);
}

}  // namespace

std::string_view ToString(Held held) {
  switch (held) {
    case Held::kNothing:
      return "";
    case Held::kPaused:
      return "paused";
    case Held::kLoading:
      return "loading";
    case Held::kCredentials:
      return "credentials";
    case Held::kBreaker:
      return "breaker";
    case Held::kCoolDown:
      return "cool_down";
    case Held::kRate:
      return "rate";
    case Held::kUnsettled:
      return "unsettled";
    case Held::kConcurrency:
      return "concurrency";
    case Held::kPool:
      return "pool";
    case Held::kBudget:
      return "budget";
  }
  return "?";
}

Admission::Admission(const LaneSettings& settings)
    : concurrency_(settings.concurrency),
      pool_(settings.pool > 0 ? settings.pool : settings.concurrency),
      max_unsettled_(settings.max_unsettled),
      hold_(settings.hold),
      rate_(settings.rate),
      arrivals_(settings.rate),
      endpoints_(settings.breaker, settings.endpoints, ProbeDeadline(settings)),
      cool_down_(ProbeDeadline(settings), settings.id.shard) {
  if (settings.retries.budget) budget_.emplace(*settings.retries.budget);
}

// -- Decisions ------------------------------------------------------------------------------------

Held Admission::HeldUntil(Held reason, Timestamp own) {
  wake_ = own == kNever ? kNever : own + moved_;
  return reason;
}

Held Admission::Obstacle(Timestamp now) {
  const Timestamp own = Own(now);
  wake_ = kNever;
  if (paused_) return Held::kPaused;
  if (own < unleased_until_) return HeldUntil(Held::kLoading, unleased_until_);
  if (endpoints_.lacks_credentials()) return Held::kCredentials;
  if (credentials_refused_ && in_flight_ > 0) return Held::kCredentials;
  if (credentials_refused_ && own < refused_until_) {
    return HeldUntil(Held::kCredentials, refused_until_);
  }
  return Policy(own);
}

Held Admission::Policy(Timestamp own) {
  if (const Timestamp at = endpoints_.NextAt(own); at > own) return HeldUntil(Held::kBreaker, at);
  if (const Timestamp at = cool_down_.NextAt(own); at > own) return HeldUntil(Held::kCoolDown, at);
  if (const Timestamp at = rate_.NextAt(own); at > own) return HeldUntil(Held::kRate, at);
  if (call_waits_) return HeldUntil(Held::kRate, kNever);
  if (unsettled_ >= max_unsettled_) return Held::kUnsettled;
  if (in_flight_ >= concurrency_) return Held::kConcurrency;
  if (in_flight_ >= pool_) return Held::kPool;
  return Held::kNothing;
}

bool Admission::MayRetry(Timestamp now) {
  if (!budget_) return true;
  const Timestamp own = Own(now);
  const Timestamp at = budget_->NextAt(own);
  if (at <= own) return true;
  HeldUntil(Held::kBudget, at);
  return false;
}

// -- Requests -------------------------------------------------------------------------------------

Admission::Permit Admission::Begin(bool is_retry, Timestamp now) {
  const Timestamp own = Own(now);
  Permit permit;
  permit.endpoint = endpoints_.Begin(own);
  permit.round = cool_down_.Begin(own);
  if (budget_) budget_->Note(is_retry, own);
  if (rate_.longest() > microseconds(0)) {
    rate_.Reserve();
    permit.reserved = true;
  }
  ++in_flight_;
  ++unsettled_;
  return permit;
}

void Admission::Written(Permit& permit, Timestamp at) {
  if (!permit.reserved) return;
  permit.reserved = false;
  permit.written = Own(at);
  rate_.Written(*permit.written);
}

void Admission::Return(const Permit& permit, Timestamp now) {
  const Timestamp own = Own(now);
  LeaveFlight(permit, false, own);
  endpoints_.Record(permit.endpoint, CallResult::kIgnored, milliseconds(0), own);
  cool_down_.Abandon(permit.round, own);
}

void Admission::Record(const Permit& permit, const HttpAnswer& answer, const Verdict& verdict,
                       Timestamp now) {
  const Timestamp own = Own(now);
  NoteArrival(permit, answer, own);
  LeaveFlight(permit, answer.maybe_sent || answer.status != 0, own);
  endpoints_.Record(permit.endpoint, CallResultOf(answer, verdict), answer.latency, own);
  cool_down_.Record(permit.round, answer, own);
  if (verdict.kind != VerdictKind::kHold) credentials_refused_ = false;
}

/// The partner counts a request when it arrives, which was later than written if it was held up on
/// its way.
void Admission::NoteArrival(const Permit& permit, const HttpAnswer& answer, Timestamp own) {
  if (!permit.written || answer.status == 0) return;
  const microseconds late = arrivals_.LateBy(own - *permit.written, own);
  rate_.NoteLate(*permit.written, *permit.written + late);
}

/// @param written  it was, even if nobody said so
void Admission::LeaveFlight(const Permit& permit, bool written, Timestamp own) {
  --in_flight_;
  if (!permit.reserved) return;
  if (written) {
    rate_.Written(own);
  } else {
    rate_.Release();
  }
}

Timestamp Admission::NextCall(Timestamp now) {
  const Timestamp own = Own(now);
  const Timestamp at = rate_.NextAt(own);
  call_waits_ = at > own;
  return at == kNever ? kNever : at + moved_;
}

void Admission::NoteCall(Timestamp now) {
  call_waits_ = false;
  rate_.Note(Own(now));
}

// -- What else ------------------------------------------------------------------------------------

void Admission::WaitForLease(Timestamp now) { unleased_until_ = Own(now) + kLeaseWait; }

void Admission::RefuseCredentials(Timestamp now) {
  credentials_refused_ = true;
  refused_until_ = Own(now) + hold_;
}

void Admission::FollowCoolDown(int shard, std::optional<Timestamp> until, Timestamp now) {
  cool_down_.Follow(shard, until ? std::optional(Own(*until)) : std::nullopt, Own(now));
}

std::optional<Timestamp> Admission::cools_until() const {
  const auto own = cool_down_.until();
  return own ? std::optional(*own + moved_) : std::nullopt;
}

void Admission::Restore(const std::vector<microseconds>& ages, int unknown, Timestamp now) {
  const Timestamp own = Own(now);
  std::vector<Timestamp> times;
  times.reserve(ages.size());
  for (const microseconds age : ages) times.push_back(own - age);
  rate_.Restore(times, static_cast<std::size_t>(std::max(unknown, 0)), own);
}

}  // namespace postrider
