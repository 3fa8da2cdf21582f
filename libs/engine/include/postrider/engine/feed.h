#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "postrider/engine/lane_port.h"
#include "postrider/engine/mark_tracker.h"
#include "postrider/engine/subscription.h"
#include "postrider/engine/tail.h"

namespace postrider {

/// The reader's side of one lane: where it stands in the log and what it takes. It is owned by
/// exactly one reader at a time: by the tail reader while it stands at the head, else by catching
/// up, which also recovers it. On the tail its position is the tail's.
class Feed {
 public:
  /// A lane of which nothing is known in memory: it begins by recovering.
  Feed(LaneFilter filter, LanePort& port) : filter_(std::move(filter)), port_(&port) {}

  const LaneFilter& filter() const { return filter_; }
  LanePort& port() const { return *port_; }

  // -- Recovery -------------------------------------------------------------------------------

  /// Forgets the position. The lane is told and does the same.
  void BeginRecovery(std::uint64_t era, bool history_changed);
  bool needs_recovery() const { return !position_; }
  /// The era in which it recovered or recovers.
  std::uint64_t era() const { return era_; }
  /// The lane has forgotten, and a poll has been made that began afterwards: its position may be
  /// recovered to.
  /// @param poll  number of the last poll of the tail
  bool ReadyToRecover(std::uint64_t poll);
  /// Starts to read everything above what is saved as closed, up to a position of the tail.
  /// @param canary  seen before `saved` was read
  void Recover(const SavedLane& saved, const Position& target, const std::string& canary);
  /// Reading rows of which some may be settled already.
  bool recovering() const { return recovering_; }

  // -- Off the tail ---------------------------------------------------------------------------

  /// Where it stands. While a step is under way, only what the step began from; see `step`.
  const Position& position() const { return *position_; }
  const std::optional<Step>& step() const { return step_; }
  /// Stands at a position, possibly in the middle of a step.
  void FallOff(const Position& position, std::optional<Step> unfinished);
  /// Begins to move to a later position of the tail.
  void StepTo(const Position& target);
  /// It could not join the tail although it was near: it must step before it tries again.
  void RefuseJoin() { join_refused_ = true; }
  bool join_refused() const { return join_refused_; }
  /// A page of the step has been handed over: everything of the present part up to `id`.
  void Advance(EventId id);
  /// The present part of the step has been read to its end.
  void FinishPart();
  /// How many rows may be read so that their bodies take about `bytes`, to judge by the last page;
  /// at least 1.
  std::int64_t RowsWithin(std::int64_t bytes) const;
  void NotePage(const std::vector<EventRef>& events);

  // -- Marks ----------------------------------------------------------------------------------

  /// Asks the lane to judge a mark when the position proves it; call after events were handed over.
  void ObserveMarks(const Position& position, EventId last_value, const MarkRounds& rounds);

 private:
  /// What a body is taken for before any has been seen.
  static constexpr std::int64_t kUnknownBody = 8192;

  LaneFilter filter_;
  LanePort* port_;
  std::uint64_t era_ = 0;
  std::optional<std::uint64_t> reset_seen_at_poll_;
  std::optional<Position> position_;
  std::optional<Step> step_;
  bool recovering_ = false;
  bool join_refused_ = false;
  std::int64_t body_bytes_ = kUnknownBody;  ///< mean of the last page
  MarkTracker marks_;
};

}  // namespace postrider
