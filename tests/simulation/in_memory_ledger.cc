// What recorder and keeper write.
#include <algorithm>

#include "simulation/in_memory_commit.h"
#include "simulation/in_memory_database.h"

namespace postrider::simulation {

// -- Recording ------------------------------------------------------------------------------------

bool InMemoryDatabase::InHistory(const Settlement& s) const {
  if (s.canary && *s.canary == canary_) return true;
  const auto same = [&](const EventRef& event) { return event->identity == s.event->identity; };
  const DeliveryKey key{s.lane.destination, s.event->id()};
  const auto event = events_.find(s.event->id());
  if (event != events_.end() && same(event->second.whole)) return true;
  const auto waiting = backlog_.find(key);
  return waiting != backlog_.end() && same(waiting->second.event);
}

bool InMemoryDatabase::Valid(const Settlement& s, const std::string& owner) const {
  if (s.outcome && s.outcome->state == OutcomeState::kDelivered) return true;
  const auto fence = fences_.find(s.lane);
  if (fence == fences_.end() || fence->second.owner != owner || fence->second.epoch != s.epoch) {
    return false;
  }
  const auto waiting = backlog_.find({s.lane.destination, s.event->id()});
  return waiting == backlog_.end() || waiting->second.run <= s.run;
}

RecordResult InMemoryDatabase::Record(const std::vector<const Settlement*>& batch,
                                      const std::string& owner) {
  RecordResult result;
  BeginCommit();
  Complete(next_xid_++);
  for (const Settlement* s : batch) {
    const auto fence = fences_.find(s->lane);
    const bool ours =
        fence != fences_.end() && fence->second.owner == owner && fence->second.epoch == s->epoch;
    if (!ours) result.lost_lanes.push_back(s->lane);
    if (!InHistory(*s)) {
      ++result.strangers;
      result.dropped.push_back(s);
      watcher_->OnDropped(*s);
    } else if (!Valid(*s, owner)) {
      ++result.refused;
      result.dropped.push_back(s);
      watcher_->OnDropped(*s);
    } else {
      RecordOne(*s, outcomes_.contains({s->lane.destination, s->event->id()}));
    }
  }
  return result;
}

void InMemoryDatabase::RecordOne(const Settlement& s, bool had_outcome) {
  const DeliveryKey key{s.lane.destination, s.event->id()};
  for (const AttemptRecord& attempt : s.attempts) {
    const Timestamp ended = attempt.started_at + milliseconds(attempt.latency_ms);
    Put(attempts_, {key, s.epoch, attempt.number}, AttemptRow{s.event, ended});
  }
  if (s.outcome) {
    RecordOutcome(s);
  } else if (s.backlog && !had_outcome) {
    Put(backlog_, key, BacklogRow{s.event, s.run, *s.backlog});
  }
  if (s.answers_cancel) AnswerCancel(s);
  commits_.back().undo.push_back([this, event = s.event, destination = s.lane.destination] {
    watcher_->OnRecordLost(event, destination);
  });
  watcher_->OnRecorded(s);
}

void InMemoryDatabase::RecordOutcome(const Settlement& s) {
  const DeliveryKey key{s.lane.destination, s.event->id()};
  Erase(backlog_, key);
  const bool delivered = s.outcome->state == OutcomeState::kDelivered;
  const auto found = outcomes_.find(key);
  if (found != outcomes_.end() && (!delivered || found->second.state == OutcomeState::kDelivered)) {
    return;
  }
  Put(outcomes_, key,
      OutcomeRow{s.outcome->state, s.run, s.outcome->attempts, s.event, s.outcome->finished_at});
  if (s.outcome->state == OutcomeState::kDead) Put(dead_, key, DeadRow{s.event, s.run, true});
  const auto dead = dead_.find(key);
  if (delivered && dead != dead_.end()) Put(dead_, key, DeadRow{s.event, s.run, false});
}

void InMemoryDatabase::AnswerCancel(const Settlement& s) {
  const DeliveryKey key{s.lane.destination, s.event->id()};
  const auto request = cancels_.find(key);
  if (request == cancels_.end() || request->second.decided) return;
  CancelRow row{std::nullopt, true};
  const auto outcome = outcomes_.find(key);
  if (outcome != outcomes_.end()) row.outcome = outcome->second.state;
  Put(cancels_, key, row);
}

std::vector<microseconds> InMemoryDatabase::ReadSent(LaneId lane, int shards, microseconds within,
                                                     std::size_t limit) const {
  std::vector<microseconds> ages;
  const auto add = [&](const Event& event, Timestamp at) {
    if (event.slot % shards == lane.shard && time_.now() - at < within) {
      ages.push_back(time_.now() - at);
    }
  };
  for (const auto& [key, row] : outcomes_) {
    const bool delivered = row.state == OutcomeState::kDelivered;
    if (delivered && key.destination == lane.destination) add(*row.event, row.finished_at);
  }
  for (const auto& [key, row] : attempts_) {
    if (std::get<DeliveryKey>(key).destination == lane.destination) add(*row.event, row.ended_at);
  }
  std::sort(ages.begin(), ages.end());
  if (ages.size() > limit) ages.resize(limit);
  return ages;
}

// -- Lanes ----------------------------------------------------------------------------------------

std::map<LaneId, std::int64_t> InMemoryDatabase::TakeLanes(const std::string& owner,
                                                           const std::vector<LaneId>& lanes) {
  BeginCommit();
  Complete(next_xid_++);
  std::map<LaneId, std::int64_t> epochs;
  for (const LaneId lane : lanes) {
    const std::int64_t epoch = fences_[lane].epoch + 1;
    Put(fences_, lane, FenceRow{owner, epoch});
    epochs[lane] = epoch;
  }
  return epochs;
}

void InMemoryDatabase::Save(const std::string& owner, const std::vector<SavedPlace>& places,
                            const std::string& canary) {
  if (canary != canary_) return;
  BeginCommit();
  Complete(next_xid_++);
  for (const SavedPlace& place : places) {
    const auto fence = fences_.find(place.lane);
    if (fence == fences_.end() || fence->second.owner != owner ||
        fence->second.epoch != place.epoch) {
      continue;
    }
    Put(lanes_, place.lane, LaneRow{place.closed_up_to, place.mark, canary_});
    watcher_->OnSaved(place.lane, place.closed_up_to);
  }
}

}  // namespace postrider::simulation
