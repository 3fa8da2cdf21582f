#include "postrider/engine/feed.h"

#include <algorithm>
#include <cassert>

namespace postrider {

void Feed::BeginRecovery(std::uint64_t era, bool history_changed) {
  era_ = era;
  position_.reset();
  step_.reset();
  reset_seen_at_poll_.reset();
  recovering_ = false;
  join_refused_ = false;
  if (history_changed) {
    marks_.Drop();
  } else {
    marks_.JudgeAgain();
  }
  port_->SetPendingMark(marks_.pending());
  port_->Reset(era);
}

bool Feed::ReadyToRecover(std::uint64_t poll) {
  if (!port_->WasReset(era_)) return false;
  // The next poll may be under way already; the one after it begins later than now.
  if (!reset_seen_at_poll_) reset_seen_at_poll_ = poll;
  return poll >= *reset_seen_at_poll_ + 2;
}

void Feed::Recover(const SavedLane& saved, const Position& target, const std::string& canary) {
  assert(needs_recovery());
  if (!marks_.pending() && saved.mark) marks_ = MarkTracker(saved.mark);
  // Everything up to the closed id is done in any snapshot, so the target's may be taken for it:
  // there is no late part.
  position_ = Position{saved.closed_up_to, target.snapshot};
  step_ =
      Step{target.snapshot, std::max(target.high, saved.closed_up_to), false, saved.closed_up_to};
  recovering_ = true;
  port_->SetHistory(canary);
  port_->SetClosed(saved.closed_up_to);
}

void Feed::FallOff(const Position& position, std::optional<Step> unfinished) {
  position_ = position;
  step_ = std::move(unfinished);
}

void Feed::StepTo(const Position& target) {
  assert(!step_ || !step_->late);
  join_refused_ = false;
  step_ = Step{target.snapshot, std::max(target.high, position_->high), true, 0};
}

void Feed::Advance(EventId id) {
  step_->after = id;
  // Within the fresh part every page leaves a valid position behind; within the late part none.
  if (!step_->late) position_->high = std::max(position_->high, id);
}

void Feed::FinishPart() {
  if (step_->late) {
    position_->snapshot = step_->target;
    step_->late = false;
    step_->after = position_->high;
    return;
  }
  position_->high = step_->high;
  step_.reset();
  if (recovering_) port_->Recovered(era_);
  recovering_ = false;
}

std::int64_t Feed::RowsWithin(std::int64_t bytes) const {
  return std::max<std::int64_t>(1, bytes / body_bytes_);
}

void Feed::NotePage(const std::vector<EventRef>& events) {
  if (events.empty()) return;
  std::size_t bytes = 0;
  for (const EventRef& event : events) bytes += event->body.size();
  body_bytes_ = static_cast<std::int64_t>(bytes / events.size()) + 1;
}

void Feed::ObserveMarks(const Position& position, EventId last_value, const MarkRounds& rounds) {
  const auto high = marks_.Observe(position, last_value, rounds, port_->ClosedUpTo());
  if (high) port_->Judge(*high);
  port_->SetPendingMark(marks_.pending());
}

}  // namespace postrider
