#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "postrider/model/event.h"
#include "postrider/model/position.h"

namespace postrider {

/// How much more a lane can hold.
struct LaneRoom {
  std::int64_t events = 0;
  std::int64_t bytes = 0;
};

/// The end of a lane that readers see. A lane lives in another thread than its reader, so messages
/// are queued: they arrive in the order in which they were given. All calls return at once and may
/// be made by any one thread at a time. The lane must outlive its readers.
class LanePort {
 public:
  virtual ~LanePort() = default;

  virtual LaneRoom Room() const = 0;
  /// Forgets queues and starts to recover; `WasReset` turns true when that has been done. From
  /// then on the lane remembers what it still holds, so that pages asked for later are compared.
  virtual void Reset(std::uint64_t era) = 0;
  virtual bool WasReset(std::uint64_t era) const = 0;
  /// What is closed from now on, is so in the history of that canary. For the keeper.
  virtual void SetHistory(const std::string& /*canary*/) {}
  /// A recovery begins: this is what the database has as closed.
  virtual void SetClosed(EventId high) = 0;
  /// Rows of the log that the lane takes, in order.
  virtual void Take(std::vector<EventRef> events, const std::string& canary) = 0;
  /// Everything above what was closed has been given; the lane may forget what it compares with.
  virtual void Recovered(std::uint64_t era) = 0;
  /// All events with `id <= high` have been given: `high` is closed when they are settled.
  virtual void Judge(EventId high) = 0;
  /// The highest id that is closed.
  virtual EventId ClosedUpTo() const = 0;
  /// For the keeper, who saves it beside what is closed.
  virtual void SetPendingMark(std::optional<Mark> mark) = 0;
};

}  // namespace postrider
