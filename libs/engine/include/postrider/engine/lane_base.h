#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "postrider/engine/admission.h"
#include "postrider/model/event.h"
#include "postrider/model/time.h"

namespace postrider {

/// Of each endpoint of a destination; nullopt: there is none.
using BreakerStates = std::array<std::optional<CircuitBreaker::State>, kMostEndpoints>;

/// Counts of what a lane holds in memory and knows to wait, and what keeps it from sending.
struct LaneStats {
  std::size_t queued = 0;  ///< taken, not sent
  std::size_t sending = 0;
  std::size_t unsettled = 0;  ///< sent, not yet durably recorded
  std::size_t waiting = 0;    ///< backlog rows known by id
  std::int64_t bytes = 0;
  Held held = Held::kNothing;
  BreakerStates breakers{};
  std::optional<Timestamp> cools_until;  ///< see Admission::cools_until()
};

/// What readers, recorder and event loop need of any lane. A lane is a pure state machine for one
/// thread: no socket, no SQL, no clock. Every call is told the time; after any of them, `Pump` does
/// what has become possible.
class LaneBase {
 public:
  virtual ~LaneBase() = default;

  /// Forgets all that is not under way; what is, is remembered until `Recovered`.
  virtual void Reset(std::uint64_t era) = 0;
  /// A recovery begins: this is what the database has as closed.
  virtual void SetClosed(EventId high) = 0;
  virtual void Take(const std::vector<EventRef>& events, std::shared_ptr<const std::string> canary,
                    Timestamp now) = 0;
  virtual void Recovered(std::uint64_t era) = 0;
  /// All events with `id <= high` have been given.
  virtual void Judge(EventId high) = 0;
  /// The last settlement of these events is durable.
  virtual void OnSettled(const std::vector<EventId>& ids) = 0;
  /// It was dropped for good: somebody else decides, or the event was lost.
  virtual void OnDropped(const std::vector<EventId>& ids) = 0;

  /// Takes and sends nothing more; what is in flight finishes.
  virtual void Stop() = 0;
  virtual void Pump(Timestamp now) = 0;
  /// The clock by which the lane is told the time was set forward (back, if negative) by that much.
  virtual void ClockMoved(microseconds /*by*/) {}
  /// When to call Pump again if nothing happens before; kNever: not needed.
  virtual Timestamp NextWake() const = 0;

  /// Room for more rows of the log.
  virtual std::int64_t room_events() const = 0;
  virtual std::int64_t room_bytes() const = 0;
  virtual EventId closed_up_to() const = 0;
  /// Nothing is in flight and everything is durable.
  virtual bool idle() const = 0;
  virtual LaneStats stats() const = 0;
  /// When the oldest delivery that waits to be sent was recorded, or due if that is later; kNever:
  /// none waits.
  virtual Timestamp oldest_queued() const = 0;
};

}  // namespace postrider
