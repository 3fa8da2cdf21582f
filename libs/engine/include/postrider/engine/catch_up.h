#pragma once

#include <cstdint>
#include <list>
#include <vector>

#include "postrider/engine/event_log.h"
#include "postrider/engine/feed.h"

namespace postrider {

/// A position of the tail as published by its reader, with what is needed to use it elsewhere.
struct TailPlace {
  Position position;
  EventId last_value = 0;
  /// Counts the polls; positions taken before a lane was acquired must not be recovered to.
  std::uint64_t poll = 0;
};

/// Brings lanes that are off the tail back to it: recovers them from what the database holds, then
/// steps from position to position, each lane as fast as it can take. Pure but for the log it
/// reads; used by one thread.
class CatchUp {
 public:
  struct Limits {
    int page = 1000;  ///< rows of a page, at most
    /// Ids that a page looks through, at most: bounds the time of a statement when a lane takes few
    /// of many events.
    EventId scan = 10000;
    int near = 500;   ///< ids; a lane that is no farther behind is handed to the tail's reader
    int refill = 4;   ///< a page is read when there is room for at least page / refill events
  };

  CatchUp(EventLog& log, Limits limits) : log_(log), limits_(limits) {}

  void Add(Feed feed) { feeds_.push_back(std::move(feed)); }
  bool empty() const { return feeds_.empty(); }

  /// All feeds begin anew.
  void BeginRecovery(std::uint64_t era, bool history_changed);
  /// Gives all feeds back, as they stand.
  std::vector<Feed> TakeAll();
  /// Gives one lane up.
  void Remove(LaneId lane);

  /// Reads at most one page for each feed that has room. Returns whether anything was done.
  bool Turn(const TailPlace& tail, const MarkRounds& rounds, const std::string& canary);

  /// The feeds that have come near to the tail, to be joined by its reader.
  std::vector<Feed> TakeNear(const TailPlace& tail);

 private:
  bool TurnOne(Feed& feed, const TailPlace& tail, const std::string& canary);
  /// What the lane has room for, at most a page; 0: wait.
  int PageFor(const Feed& feed) const;
  EventId RangeEnd(const Feed& feed) const;
  void HandOver(Feed& feed, const StepRequest& request, StepPage page, const std::string& canary);

  EventLog& log_;
  Limits limits_;
  std::list<Feed> feeds_;
};

}  // namespace postrider
