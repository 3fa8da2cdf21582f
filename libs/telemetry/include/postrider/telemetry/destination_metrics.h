#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "postrider/model/delivery.h"
#include "postrider/model/failure.h"
#include "postrider/model/settings.h"
#include "postrider/model/time.h"

namespace postrider {

class Exposition;

/// What a delivery that has not ended is doing: the label `state` of `postrider_deliveries`.
enum class DeliveryState { kQueued, kScheduled, kRetrying, kBlocked, kSending };
std::string_view ToString(DeliveryState state);

/// What keeps due deliveries from being sent: the label `reason` of `postrider_held_seconds_total`.
enum class HeldReason {
  kRate,
  kUnsettled,
  kConcurrency,
  kPool,
  kBreaker,
  kCoolDown,
  kBudget,
  kCredentials,
  kPaused,
};
std::string_view ToString(HeldReason reason);

/// The label `state` of `postrider_breaker_state`, from the best to the worst.
enum class BreakerState { kClosed, kHalfOpen, kOpen };
std::string_view ToString(BreakerState state);

/// The label `endpoint`: primary, fallback1, ... @param endpoint  below kMostEndpoints
std::string_view EndpointName(std::size_t endpoint);

/// The metrics of one destination, summed over the lanes that this relay owns.
/// All methods may be called from any thread; the counting ones cost a few atomic additions.
/// Counters start at 0 for the usual label values, so `rate()` sees their first step; rare pairs of
/// result and class appear when they first occur.
class DestinationMetrics {
 public:
  explicit DestinationMetrics(std::string name);
  ~DestinationMetrics();
  DestinationMetrics(const DestinationMetrics&) = delete;
  DestinationMetrics& operator=(const DestinationMetrics&) = delete;

  const std::string& name() const { return name_; }

  void CountRead(std::int64_t events);
  /// @param failure  none when delivered: counted as class `ok`
  void CountAttempt(AttemptResult result, std::optional<FailureClass> failure);
  void CountDelivery(OutcomeState state);
  void ObserveAttempt(milliseconds duration);
  /// @param latency  from recorded (or due, if that is later) to delivered
  void ObserveDeliveryLatency(microseconds latency);
  void AddHeld(HeldReason reason, microseconds duration);
  void CountConnection(bool reused);

  void SetDeliveries(DeliveryState state, std::int64_t count);
  /// When the longest-waiting delivery became due; nullopt: nothing waits. Its age is computed when
  /// the metrics are read, so it grows even while everything else hangs.
  void SetOldestDueAt(std::optional<Timestamp> due_at);
  void SetLastDelivery(Timestamp at);
  /// The worst of its lanes; nullopt: there is no breaker.
  /// @param endpoint  below kMostEndpoints
  void SetBreaker(std::size_t endpoint, std::optional<BreakerState> state);

  /// To be called when the last lane of the destination is given up: another relay now says what
  /// waits. Zeroes the gauges of an owner; counters stay.
  void ReleaseOwnership();

  /// For the one relay that keeps house. Every reason is set, also those whose count is 0.
  void SetDeadLetters(DeadReason reason, std::int64_t count);
  void SetPaused(bool paused);
  /// How long ago events that wait for the destination became old enough to go; 0: none are.
  void SetRetentionBlocked(microseconds duration);
  /// The gauges of the keeper are not shown until they are set again.
  void ReleaseHousekeeping();

  /// Adds all series as of `now`, a time by the clock of the database.
  void AddTo(Exposition& exposition, Timestamp now) const;

 private:
  struct Series;

  const std::string name_;
  const std::unique_ptr<Series> series_;
};

}  // namespace postrider
