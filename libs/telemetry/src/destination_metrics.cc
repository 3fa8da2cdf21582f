#include "postrider/telemetry/destination_metrics.h"

#include <prometheus/counter.h>
#include <prometheus/histogram.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <string_view>
#include <utility>

#include "catalog.h"
#include "exposition.h"
#include "in_seconds.h"
#include "optional_gauge.h"

namespace postrider {
namespace {

template <typename Enum>
constexpr std::size_t CountUpTo(Enum last) {
  return static_cast<std::size_t>(last) + 1;
}
template <typename Enum>
constexpr std::size_t Index(Enum value) {
  return static_cast<std::size_t>(value);
}

constexpr std::size_t kResults = CountUpTo(AttemptResult::kUnknown);
/// The class `ok`, of attempts without a failure, comes after the others.
constexpr std::size_t kOk = CountUpTo(FailureClass::kVerifyFailed);
constexpr std::size_t kClasses = kOk + 1;
constexpr std::size_t kHeldReasons = CountUpTo(HeldReason::kPaused);
constexpr std::size_t kDeliveryStates = CountUpTo(DeliveryState::kSending);
constexpr std::size_t kDeadReasons = CountUpTo(DeadReason::kOperator);
constexpr std::size_t kBreakerStates = CountUpTo(BreakerState::kOpen);
constexpr std::array<std::string_view, kMostEndpoints> kEndpointNames{
    "primary",   "fallback1", "fallback2", "fallback3",
    "fallback4", "fallback5", "fallback6", "fallback7"};
constexpr std::array kOutcomeStates{OutcomeState::kDelivered, OutcomeState::kDead,
                                    OutcomeState::kExpired, OutcomeState::kCancelled,
                                    OutcomeState::kDiscarded};
constexpr std::size_t kOutcomes = CountUpTo(OutcomeState::kDiscarded);  // numbered from 1

/// The pairs that are shown from the start, with 0.
bool IsUsual(AttemptResult result, std::size_t failure) {
  using enum FailureClass;
  constexpr std::array kRetried{kDns,     kConnect, kConnectTimeout, kTls,
                                kTimeout, kReset,   kHttp429,        kHttp5xx};
  const auto is = [failure](FailureClass one) { return failure == Index(one); };
  switch (result) {
    case AttemptResult::kDelivered:
      return failure == kOk;
    case AttemptResult::kRetry:
      return std::any_of(kRetried.begin(), kRetried.end(), is);
    case AttemptResult::kRefused:
      return is(kUnauthorized);
    case AttemptResult::kDead:
      return is(kHttp4xx);
    case AttemptResult::kUnknown:
      return is(kTimeout) || is(kReset);
  }
  return false;
}

std::string_view ClassName(std::size_t failure) {
  return failure == kOk ? "ok" : ToString(static_cast<FailureClass>(failure));
}

template <std::size_t n>
prometheus::Histogram::BucketBoundaries Boundaries(const std::array<double, n>& bounds) {
  return {bounds.begin(), bounds.end()};
}

}  // namespace

std::string_view ToString(DeliveryState state) {
  switch (state) {
    case DeliveryState::kQueued:
      return "queued";
    case DeliveryState::kScheduled:
      return "scheduled";
    case DeliveryState::kRetrying:
      return "retrying";
    case DeliveryState::kBlocked:
      return "blocked";
    case DeliveryState::kSending:
      return "sending";
  }
  return "?";
}

std::string_view ToString(HeldReason reason) {
  switch (reason) {
    case HeldReason::kRate:
      return "rate";
    case HeldReason::kUnsettled:
      return "unsettled";
    case HeldReason::kConcurrency:
      return "concurrency";
    case HeldReason::kPool:
      return "pool";
    case HeldReason::kBreaker:
      return "breaker";
    case HeldReason::kCoolDown:
      return "cool_down";
    case HeldReason::kBudget:
      return "budget";
    case HeldReason::kCredentials:
      return "credentials";
    case HeldReason::kPaused:
      return "paused";
  }
  return "?";
}

std::string_view EndpointName(std::size_t endpoint) { return kEndpointNames.at(endpoint); }

std::string_view ToString(BreakerState state) {
  switch (state) {
    case BreakerState::kClosed:
      return "closed";
    case BreakerState::kHalfOpen:
      return "half_open";
    case BreakerState::kOpen:
      return "open";
  }
  return "?";
}

struct DestinationMetrics::Series {
  prometheus::Counter events_read;
  std::array<std::array<prometheus::Counter, kClasses>, kResults> attempts;
  std::array<prometheus::Counter, kOutcomes> ended;
  prometheus::Histogram attempt_duration{Boundaries(catalog::kAttemptBuckets)};
  prometheus::Histogram delivery_latency{Boundaries(catalog::kLatencyBuckets)};
  std::array<prometheus::Counter, kHeldReasons> held;
  std::array<prometheus::Counter, 2> connections;  // by `reused`
  std::array<std::atomic<std::int64_t>, kDeliveryStates> deliveries{};
  std::atomic<Timestamp> oldest_due{kNever};
  OptionalGauge last_delivery;
  std::array<std::array<OptionalGauge, kBreakerStates>, kMostEndpoints> breakers;
  std::array<OptionalGauge, kDeadReasons> dead_letters;
  OptionalGauge paused;
  OptionalGauge retention_blocked;

  void AddCounters(std::string_view name, Exposition& exposition) const;
  void AddAttempts(std::string_view name, Exposition& exposition) const;
  void AddOwnerGauges(std::string_view name, Timestamp now, Exposition& exposition) const;
  void AddKeeperGauges(std::string_view name, Exposition& exposition) const;
};

void DestinationMetrics::Series::AddCounters(std::string_view name, Exposition& exposition) const {
  exposition.Add(catalog::kEventsRead, {{"destination", name}}, events_read);
  for (const OutcomeState state : kOutcomeStates) {
    exposition.Add(catalog::kDeliveriesTotal, {{"destination", name}, {"state", ToString(state)}},
                   ended[Index(state)]);
  }
  exposition.Add(catalog::kAttemptDuration, {{"destination", name}}, attempt_duration);
  exposition.Add(catalog::kDeliveryLatency, {{"destination", name}}, delivery_latency);
  for (std::size_t i = 0; i < kHeldReasons; ++i) {
    const auto reason = ToString(static_cast<HeldReason>(i));
    exposition.Add(catalog::kHeld, {{"destination", name}, {"reason", reason}}, held[i]);
  }
  exposition.Add(catalog::kConnections, {{"destination", name}, {"reused", "false"}},
                 connections[0]);
  exposition.Add(catalog::kConnections, {{"destination", name}, {"reused", "true"}},
                 connections[1]);
}

void DestinationMetrics::Series::AddAttempts(std::string_view name, Exposition& exposition) const {
  for (std::size_t i = 0; i < kResults; ++i) {
    const auto result = static_cast<AttemptResult>(i);
    for (std::size_t failure = 0; failure < kClasses; ++failure) {
      const prometheus::Counter& counter = attempts[i][failure];
      if (counter.Value() == 0 && !IsUsual(result, failure)) continue;
      exposition.Add(
          catalog::kAttempts,
          {{"destination", name}, {"result", ToString(result)}, {"class", ClassName(failure)}},
          counter);
    }
  }
}

void DestinationMetrics::Series::AddOwnerGauges(std::string_view name, Timestamp now,
                                                Exposition& exposition) const {
  for (std::size_t i = 0; i < kDeliveryStates; ++i) {
    const auto state = ToString(static_cast<DeliveryState>(i));
    exposition.Add(catalog::kDeliveries, {{"destination", name}, {"state", state}},
                   static_cast<double>(deliveries[i].load(std::memory_order_relaxed)));
  }
  const Timestamp due = oldest_due.load(std::memory_order_relaxed);
  exposition.Add(catalog::kOldestDue, {{"destination", name}},
                 due < now ? InSeconds(now - due) : 0.0);
  if (const auto at = last_delivery.Value()) {
    exposition.Add(catalog::kLastDelivery, {{"destination", name}}, *at);
  }
  for (std::size_t endpoint = 0; endpoint < breakers.size(); ++endpoint) {
    for (std::size_t i = 0; i < kBreakerStates; ++i) {
      const auto is = breakers[endpoint][i].Value();
      if (!is) continue;
      const auto state = ToString(static_cast<BreakerState>(i));
      exposition.Add(
          catalog::kBreaker,
          {{"destination", name}, {"endpoint", EndpointName(endpoint)}, {"state", state}}, *is);
    }
  }
}

void DestinationMetrics::Series::AddKeeperGauges(std::string_view name,
                                                 Exposition& exposition) const {
  for (std::size_t i = 0; i < kDeadReasons; ++i) {
    const auto reason = ToString(static_cast<DeadReason>(i));
    if (const auto count = dead_letters[i].Value()) {
      exposition.Add(catalog::kDeadLetters, {{"destination", name}, {"reason", reason}}, *count);
    }
  }
  if (const auto value = retention_blocked.Value()) {
    exposition.Add(catalog::kRetentionBlocked, {{"destination", name}}, *value);
  }
  if (const auto value = paused.Value()) {
    exposition.Add(catalog::kPaused, {{"destination", name}}, *value);
  }
}

DestinationMetrics::DestinationMetrics(std::string name)
    : name_(std::move(name)), series_(std::make_unique<Series>()) {}

DestinationMetrics::~DestinationMetrics() = default;

void DestinationMetrics::CountRead(std::int64_t events) {
  series_->events_read.Increment(static_cast<double>(events));
}

void DestinationMetrics::CountAttempt(AttemptResult result, std::optional<FailureClass> failure) {
  series_->attempts[Index(result)][failure ? Index(*failure) : kOk].Increment();
}

void DestinationMetrics::CountDelivery(OutcomeState state) {
  series_->ended[Index(state)].Increment();
}

void DestinationMetrics::ObserveAttempt(milliseconds duration) {
  series_->attempt_duration.Observe(InSeconds(duration));
}

void DestinationMetrics::ObserveDeliveryLatency(microseconds latency) {
  series_->delivery_latency.Observe(std::max(0.0, InSeconds(latency)));
}

void DestinationMetrics::AddHeld(HeldReason reason, microseconds duration) {
  series_->held[Index(reason)].Increment(std::max(0.0, InSeconds(duration)));
}

void DestinationMetrics::CountConnection(bool reused) {
  series_->connections[reused ? 1 : 0].Increment();
}

void DestinationMetrics::SetDeliveries(DeliveryState state, std::int64_t count) {
  series_->deliveries[Index(state)].store(count, std::memory_order_relaxed);
}

void DestinationMetrics::SetOldestDueAt(std::optional<Timestamp> due_at) {
  series_->oldest_due.store(due_at.value_or(kNever), std::memory_order_relaxed);
}

void DestinationMetrics::SetLastDelivery(Timestamp at) {
  series_->last_delivery.Set(InSeconds(at));
}

void DestinationMetrics::SetBreaker(std::size_t endpoint, std::optional<BreakerState> state) {
  for (std::size_t i = 0; i < kBreakerStates; ++i) {
    OptionalGauge& gauge = series_->breakers[endpoint][i];
    if (state) {
      gauge.Set(i == Index(*state) ? 1 : 0);
    } else {
      gauge.Clear();
    }
  }
}

void DestinationMetrics::ReleaseOwnership() {
  for (std::size_t endpoint = 0; endpoint < kMostEndpoints; ++endpoint) {
    SetBreaker(endpoint, std::nullopt);
  }
  for (auto& count : series_->deliveries) count.store(0, std::memory_order_relaxed);
  SetOldestDueAt(std::nullopt);
}

void DestinationMetrics::SetDeadLetters(DeadReason reason, std::int64_t count) {
  series_->dead_letters[Index(reason)].Set(static_cast<double>(count));
}

void DestinationMetrics::SetPaused(bool paused) { series_->paused.Set(paused ? 1 : 0); }

void DestinationMetrics::SetRetentionBlocked(microseconds duration) {
  series_->retention_blocked.Set(std::max(0.0, InSeconds(duration)));
}

void DestinationMetrics::ReleaseHousekeeping() {
  for (OptionalGauge& count : series_->dead_letters) count.Clear();
  series_->paused.Clear();
  series_->retention_blocked.Clear();
}

void DestinationMetrics::AddTo(Exposition& exposition, Timestamp now) const {
  series_->AddCounters(name_, exposition);
  series_->AddAttempts(name_, exposition);
  series_->AddOwnerGauges(name_, now, exposition);
  series_->AddKeeperGauges(name_, exposition);
}

}  // namespace postrider
