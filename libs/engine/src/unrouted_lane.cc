#include "postrider/engine/unrouted_lane.h"

#include <algorithm>
#include <utility>

namespace postrider {

UnroutedLane::UnroutedLane(UnroutedSettings settings, std::int64_t epoch, std::int64_t max_events,
                           std::int64_t max_bytes, LaneEffects& effects, LaneObserver& observer)
    : settings_(settings),
      epoch_(epoch),
      max_events_(max_events),
      max_bytes_(max_bytes),
      effects_(effects),
      observer_(observer) {}

void UnroutedLane::SetSubscriptions(std::vector<Subscription> subscriptions) {
  subscriptions_ = std::move(subscriptions);
}

void UnroutedLane::Reset(std::uint64_t era) {
  era_ = era;
  due_.clear();
  clashing_.clear();
  closing_.Forget();
  for (auto it = memory_.begin(); it != memory_.end();) {
    const EventId id = it->first;
    const bool keep = it->second.settling;
    ++it;
    if (!keep) Forget(id);
  }
}

void UnroutedLane::Take(const std::vector<EventRef>& events,
                        std::shared_ptr<const std::string> canary, Timestamp /*now*/) {
  if (stopped_) return;
  for (const EventRef& event : events) TakeOne(event, canary);
}

void UnroutedLane::TakeOne(const EventRef& event,
                           const std::shared_ptr<const std::string>& canary) {
  const auto [it, added] = memory_.try_emplace(event->id(), Waiting{event, canary, false});
  if (!added) {
    if (!(it->second.event->identity == event->identity)) clashing_.emplace_back(event, canary);
    return;
  }
  bytes_ += static_cast<std::int64_t>(event->body.size());
  due_.emplace(event->identity.recorded_at + settings_.after, event->id());
}

void UnroutedLane::Recovered(std::uint64_t /*era*/) {}

void UnroutedLane::Judge(EventId high) {
  if (stopped_) return;  // what came since has not been taken
  const auto open = std::count_if(memory_.begin(), memory_.end(),
                                  [&](const auto& entry) { return entry.first <= high; });
  const auto clashing = std::count_if(clashing_.begin(), clashing_.end(), [&](const auto& entry) {
    return entry.first->id() <= high;
  });
  closing_.Judge(high, static_cast<std::size_t>(open + clashing));
}

void UnroutedLane::OnSettled(const std::vector<EventId>& ids) {
  for (const EventId id : ids) {
    const auto found = memory_.find(id);
    if (found == memory_.end() || !found->second.settling) continue;
    --settling_;
    Forget(id);
  }
}

void UnroutedLane::Pump(Timestamp now) {
  if (!stopped_ && !clashing_.empty()) {
    for (auto& [event, canary] : std::exchange(clashing_, {})) TakeOne(event, canary);
  }
  while (!stopped_ && !due_.empty() && due_.begin()->first <= now) {
    const EventId id = due_.begin()->second;
    due_.erase(due_.begin());
    EndOne(id, now);
  }
}

void UnroutedLane::EndOne(EventId id, Timestamp now) {
  Waiting& waiting = memory_.at(id);
  const Event& event = *waiting.event;
  const bool taken = std::any_of(subscriptions_.begin(), subscriptions_.end(),
                                 [&](const Subscription& s) { return s.Takes(event); });
  if (taken || !settings_.dead) return Forget(id);
  waiting.settling = true;
  ++settling_;
  Settlement settlement;
  settlement.epoch = epoch_;
  settlement.event = waiting.event;
  settlement.canary = waiting.canary;
  Outcome outcome;
  outcome.state = OutcomeState::kDead;
  outcome.reason = DeadReason::kNoRoute;
  outcome.finished_at = now;
  outcome.error = "no destination takes the topic";
  observer_.OnOutcome(event, outcome);
  settlement.outcome = std::move(outcome);
  effects_.Settle(std::move(settlement));
}

void UnroutedLane::Forget(EventId id) {
  const auto found = memory_.find(id);
  if (found == memory_.end()) return;
  bytes_ -= static_cast<std::int64_t>(found->second.event->body.size());
  memory_.erase(found);
  closing_.Left(id);
}

Timestamp UnroutedLane::NextWake() const {
  return stopped_ || due_.empty() ? kNever : due_.begin()->first;
}

std::int64_t UnroutedLane::room_events() const {
  return max_events_ - static_cast<std::int64_t>(memory_.size());
}

LaneStats UnroutedLane::stats() const {
  LaneStats stats;
  stats.queued = memory_.size() - static_cast<std::size_t>(settling_);
  stats.bytes = bytes_;
  return stats;
}

}  // namespace postrider
