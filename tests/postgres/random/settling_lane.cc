#include "postgres/random/settling_lane.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace postrider::test {

LaneRoom SettlingLane::Room() const {
  const std::size_t held = queue_.size() + sent_.size();
  const std::size_t room = held < limits_.max_events ? limits_.max_events - held : 0;
  return {static_cast<std::int64_t>(room), 1 << 30};
}

void SettlingLane::Reset(std::uint64_t era) {
  era_ = era;
  queue_.clear();
  taken_.clear();
  closing_.Forget();
  remembered_.clear();
  for (const Settlement& settlement : sent_) remembered_.insert(settlement.event->id());
}

void SettlingLane::Take(std::vector<EventRef> events, const std::string& canary) {
  if (!canary_ || *canary_ != canary) canary_ = std::make_shared<const std::string>(canary);
  for (EventRef& event : events) {
    const auto at = static_cast<std::size_t>(event->id());
    if (taken_.size() <= at) taken_.resize(at + at / 2 + 1024);
    if (taken_[at]) ADD_FAILURE() << "event " << at << " was given twice in one era";
    taken_[at] = true;
    if (!remembered_.contains(event->id())) queue_.push_back(std::move(event));
  }
}

void SettlingLane::Judge(EventId high) {
  const auto open = std::count_if(queue_.begin(), queue_.end(),
                                  [&](const EventRef& event) { return event->id() <= high; }) +
                    std::count_if(sent_.begin(), sent_.end(), [&](const Settlement& settlement) {
                      return settlement.event->id() <= high;
                    });
  const EventId before = closing_.closed_up_to();
  closing_.Judge(high, static_cast<std::size_t>(open));
  if (closing_.closed_up_to() > before) ++exercised_.marks_closed;
}

void SettlingLane::Work(Ledger& ledger) {
  if (stalled_ > 0) {
    --stalled_;
    return;
  }
  if (sent_.empty()) return Send();
  std::vector<const Settlement*> batch;
  for (const Settlement& settlement : sent_) batch.push_back(&settlement);
  if (faulted_) ++exercised_.repeated_batches;
  faulted_ = true;
  const RecordResult result = ledger.Record(batch);
  faulted_ = false;
  EXPECT_TRUE(result.lost_lanes.empty());
  EXPECT_EQ(result.strangers, 0);
  EXPECT_EQ(result.refused, 0);
  const EventId before = closing_.closed_up_to();
  for (const Settlement& settlement : sent_) closing_.Left(settlement.event->id());
  if (closing_.closed_up_to() > before) ++exercised_.marks_closed;
  sent_.clear();
}

void SettlingLane::Send() {
  while (!queue_.empty() && sent_.size() < limits_.max_unsettled) {
    oracle_.Receive(id_.destination, queue_.front()->id());
    sent_.push_back(Settle(queue_.front()));
    queue_.pop_front();
  }
}

Settlement SettlingLane::Settle(const EventRef& event) const {
  constexpr EventId kOneInSoManyDies = 97;
  Settlement settlement;
  settlement.lane = id_;
  settlement.epoch = epoch_;
  settlement.event = event;
  settlement.canary = canary_;
  Outcome outcome;
  outcome.finished_at = event->identity.recorded_at;
  if (event->id() % kOneInSoManyDies == 0) {
    outcome.state = OutcomeState::kDead;
    outcome.reason = DeadReason::kRefused;
  }
  settlement.outcome = outcome;
  return settlement;
}

}  // namespace postrider::test
