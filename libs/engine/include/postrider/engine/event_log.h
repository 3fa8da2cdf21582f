#pragma once

#include <optional>
#include <string>
#include <vector>

#include "postrider/engine/subscription.h"
#include "postrider/model/event.h"
#include "postrider/model/position.h"

namespace postrider {

/// What every poll learns beside rows, by the same statement and so by the same snapshot.
struct LogHead {
  Snapshot snapshot;
  EventId last_value = 0;   ///< of the id sequence: every id up to it may have been given out
  bool in_recovery = false; ///< a standby: its snapshots prove nothing
  std::string started_at;   ///< start time of the server
  std::string canary;       ///< empty: missing, so the history may have changed
  Timestamp now;            ///< the database's clock
};

/// The rows that became visible since `from`.
struct TailRequest {
  Position from;
  int limit = 500;  ///< rows of each kind, late and fresh
  /// While more late rows than fit one page are read: the snapshot at which their set was fixed,
  /// and the id after which the next page begins. No fresh rows are read then.
  std::optional<Snapshot> late_target;
  EventId late_after = 0;
};

/// Both lists are sorted by id.
struct TailPage {
  LogHead head;
  std::vector<EventRef> late;   ///< not visible in `from.snapshot`, `id <= from.high`
  bool more_late = false;       ///< there are more than `limit` of them
  std::vector<EventRef> fresh;  ///< `id > from.high`
  bool more_fresh = false;      ///< the page was full
};

/// Where a tail starts: the highest visible id, in one statement with the head.
struct TailStart {
  LogHead head;
  EventId max_visible_id = 0;
};

/// A page of what a lane off the tail has to read to come from `from` to the position
/// `(high, target)`: first the late rows, then the fresh ones.
struct StepRequest {
  LaneFilter filter;
  Position from;
  Snapshot target;
  bool late = false;       ///< the late part: id <= from.high, became visible between the snapshots
  EventId after = 0;       ///< id > after
  EventId up_to = 0;       ///< id <= up_to
  bool unsettled = false;  ///< recovery: without what has an outcome or a backlog row
  int limit = 500;
};

/// Sorted by id. When not `full`, everything up to `up_to` has been looked at.
struct StepPage {
  std::vector<EventRef> events;
  bool full = false;
};

/// What the database has saved of a lane.
struct SavedLane {
  EventId closed_up_to = 0;
  std::optional<Mark> mark;  ///< pending when it was saved, and of the present history
};

/// The read side of the log. All calls block on the database and throw on any fault of it; an
/// implementation is used by one thread.
class EventLog {
 public:
  virtual ~EventLog() = default;

  virtual TailStart Start() = 0;
  virtual TailPage Poll(const TailRequest& request) = 0;
  virtual StepPage ReadStep(const StepRequest& request) = 0;
  /// The lowest visible id above `after`; nullopt when there is none.
  virtual std::optional<EventId> NextId(EventId after) = 0;
  virtual SavedLane ReadLane(LaneId lane) = 0;
};

}  // namespace postrider
