#include "postrider/engine/mark_tracker.h"

#include <algorithm>

namespace postrider {

std::optional<EventId> MarkTracker::Observe(const Position& position, EventId last_value,
                                            const MarkRounds& rounds, EventId closed) {
  if (mark_ && closed >= mark_->high) {
    mark_.reset();
    judging_ = false;
  }
  if (!mark_ && candidate_ && rounds.finished > candidate_->begun) {
    mark_ = Mark{candidate_->high, rounds.xid};
    candidate_.reset();
  }
  if (!mark_ && !candidate_) {
    // A row above the sequence was given its id by hand; nothing is ever closed over it.
    const EventId high = std::min(position.high, last_value);
    if (high > closed) candidate_ = Candidate{high, rounds.begun};
  }
  if (!mark_ || judging_) return std::nullopt;
  if (position.high < mark_->high || position.snapshot.xmin < mark_->xid) return std::nullopt;
  judging_ = true;
  return mark_->high;
}

}  // namespace postrider
