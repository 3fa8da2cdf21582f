#pragma once

#include <cstdint>
#include <optional>

#include "postrider/model/position.h"

namespace postrider {

/// The keeper's assignments of transaction ids, counted. A place copied while `begun` was n may be
/// joined with the xid of any round above n, because that xid was assigned after the copy.
struct MarkRounds {
  std::uint64_t begun = 0;
  std::uint64_t finished = 0;
  Xid xid = 0;  ///< assigned in round `finished`
};

/// Follows one mark of a lane at a time, from the copied place to its judgement: a pure state
/// machine. The order "place first, xid second" is what makes a closed place final.
class MarkTracker {
 public:
  MarkTracker() = default;
  explicit MarkTracker(std::optional<Mark> pending) : mark_(pending) {}

  /// Looks at where the lane stands. Returns the place to be judged when the position proves that
  /// no open transaction can add a row at or below it; each mark is returned once.
  /// @param last_value  the id sequence as of the poll that gave the position
  /// @param closed      the place that the lane has closed so far
  std::optional<EventId> Observe(const Position& position, EventId last_value,
                                 const MarkRounds& rounds, EventId closed);

  /// The lane has forgotten what it was asked to judge: it is asked again.
  void JudgeAgain() { judging_ = false; }
  /// The history changed: the mark means nothing any more.
  void Drop() { *this = MarkTracker(); }

  const std::optional<Mark>& pending() const { return mark_; }

 private:
  struct Candidate {
    EventId high;
    std::uint64_t begun;
  };
  std::optional<Candidate> candidate_;
  std::optional<Mark> mark_;
  bool judging_ = false;
};

}  // namespace postrider
