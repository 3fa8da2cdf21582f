// What recorder, keeper and operators write, and the backlog as lanes read it.
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
    const bool ours = fence != fences_.end() && fence->second.owner == owner &&
                      fence->second.epoch == s->epoch;
    if (!ours) result.lost_lanes.push_back(s->lane);
    if (!InHistory(*s)) {
      ++result.strangers;
      watcher_->OnDropped(*s);
    } else if (!Valid(*s, owner)) {
      ++result.refused;
      watcher_->OnDropped(*s);
    } else {
      RecordOne(*s, outcomes_.contains({s->lane.destination, s->event->id()}));
    }
  }
  return result;
}

void InMemoryDatabase::RecordOne(const Settlement& s, bool had_outcome) {
  const DeliveryKey key{s.lane.destination, s.event->id()};
  if (s.outcome) {
    RecordOutcome(s);
  } else if (s.backlog && !had_outcome) {
    Put(backlog_, key, BacklogRow{s.event, s.run, *s.backlog});
  }
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
  if (found != outcomes_.end() &&
      (!delivered || found->second.state == OutcomeState::kDelivered)) {
    return;
  }
  Put(outcomes_, key, OutcomeRow{s.outcome->state, s.run, s.outcome->attempts, s.event});
  if (s.outcome->state == OutcomeState::kDead) Put(dead_, key, DeadRow{s.event, s.run, true});
  const auto dead = dead_.find(key);
  if (delivered && dead != dead_.end()) Put(dead_, key, DeadRow{s.event, s.run, false});
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

// -- The backlog ----------------------------------------------------------------------------------

namespace {

bool OfLane(const BacklogRow& row, LaneId lane, int shards) {
  return row.event->slot % shards == lane.shard;
}

bool WaitsForTime(const BacklogRow& row) {
  return row.entry.waiting_for != WaitingFor::kPredecessor;
}

}  // namespace

std::vector<DueOrder> InMemoryDatabase::ReadDue(LaneId lane, int shards, DueOrder after,
                                                int limit) const {
  std::vector<DueOrder> rows;
  for (auto it = backlog_.lower_bound({lane.destination, 0});
       it != backlog_.end() && it->first.destination == lane.destination; ++it) {
    const DueOrder order{it->second.entry.due_at, it->first.id};
    if (order > after && OfLane(it->second, lane, shards) && WaitsForTime(it->second)) {
      rows.push_back(order);
    }
  }
  std::sort(rows.begin(), rows.end());
  if (rows.size() > static_cast<std::size_t>(limit)) rows.resize(static_cast<std::size_t>(limit));
  return rows;
}

StoredDelivery InMemoryDatabase::Stored(const BacklogRow& row) const {
  const auto found = events_.find(row.event->id());
  const bool present = found != events_.end() &&
                       found->second.whole->identity == row.event->identity;
  return {present ? found->second.paged : row.event, row.run, false, row.entry,
          std::make_shared<const std::string>(canary_)};
}

std::vector<StoredDelivery> InMemoryDatabase::Load(LaneId lane,
                                                   const std::vector<EventId>& ids) const {
  std::vector<StoredDelivery> rows;
  for (const EventId id : ids) {
    const auto found = backlog_.find({lane.destination, id});
    if (found != backlog_.end()) rows.push_back(Stored(found->second));
  }
  std::sort(rows.begin(), rows.end(), [](const StoredDelivery& a, const StoredDelivery& b) {
    return a.entry.due_at < b.entry.due_at;
  });
  return rows;
}

std::vector<StoredDelivery> InMemoryDatabase::LoadKey(LaneId lane, const std::string& key,
                                                      int limit, bool unless_dead) const {
  std::vector<StoredDelivery> rows;
  if (unless_dead) {
    for (const auto& [delivery, dead] : dead_) {
      const bool blocks = dead.open && delivery.destination == lane.destination;
      if (blocks && dead.event->key == key) return rows;
    }
    for (const auto& [delivery, row] : backlog_) {
      const bool head = row.entry.waiting_for == WaitingFor::kRetry ||
                        row.entry.waiting_for == WaitingFor::kReplay;
      if (delivery.destination == lane.destination && head && row.event->key == key) return rows;
    }
  }
  for (auto it = backlog_.lower_bound({lane.destination, 0});
       it != backlog_.end() && it->first.destination == lane.destination; ++it) {
    if (rows.size() == static_cast<std::size_t>(limit)) break;
    if (it->second.event->key == key && !WaitsForTime(it->second)) {
      rows.push_back(Stored(it->second));
    }
  }
  return rows;
}

std::vector<StoredKey> InMemoryDatabase::ReadKeys(LaneId lane, int shards, bool with_dead) const {
  std::map<std::string, StoredKey> keys;
  for (const auto& [delivery, row] : backlog_) {
    if (delivery.destination != lane.destination || !row.event->key) continue;
    if (!OfLane(row, lane, shards)) continue;
    StoredKey& key = keys[*row.event->key];
    if (!WaitsForTime(row)) ++key.blocked;
    const WaitingFor waiting = row.entry.waiting_for;
    if (waiting == WaitingFor::kRetry || waiting == WaitingFor::kReplay) {
      key.has_head = true;
      key.head = delivery.id;
    }
  }
  for (const auto& [delivery, dead] : dead_) {
    if (!with_dead || !dead.open || delivery.destination != lane.destination) continue;
    if (dead.event->key && dead.event->slot % shards == lane.shard) {
      keys[*dead.event->key].has_dead = true;
      keys[*dead.event->key].head = delivery.id;
    }
  }
  std::vector<StoredKey> list;
  for (auto& [name, key] : keys) {
    key.key = name;
    list.push_back(key);
  }
  return list;
}

std::vector<ForeignRow> InMemoryDatabase::ReadForeign(std::uint64_t& seen) const {
  std::vector<ForeignRow> rows(foreign_.begin() + static_cast<std::ptrdiff_t>(seen),
                               foreign_.end());
  seen = foreign_.size();
  return rows;
}

// -- Operators ------------------------------------------------------------------------------------

void InMemoryDatabase::PutBack(DeliveryKey key, BacklogRow row) {
  row.entry.waiting_for = WaitingFor::kReplay;
  row.entry.due_at = time_.now();
  row.entry.predecessor.reset();
  foreign_.push_back({key.destination, row.event->slot, {row.entry.due_at, key.id}});
  Put(backlog_, key, std::move(row));
}

void InMemoryDatabase::Replay(DeliveryKey dead) {
  BeginCommit();
  Complete(next_xid_++);
  const DeadRow letter = dead_.at(dead);
  Put(dead_, dead, DeadRow{letter.event, letter.run, false});
  Erase(outcomes_, dead);
  PutBack(dead, BacklogRow{letter.event, static_cast<std::int16_t>(letter.run + 1), {}});
}

void InMemoryDatabase::Discard(DeliveryKey dead) {
  BeginCommit();
  Complete(next_xid_++);
  const DeadRow letter = dead_.at(dead);
  Put(dead_, dead, DeadRow{letter.event, letter.run, false});
  OutcomeRow outcome = outcomes_.at(dead);
  outcome.state = OutcomeState::kDiscarded;
  Put(outcomes_, dead, outcome);
  if (!letter.event->key) return;
  const auto next = LoadKey({dead.destination, 0}, *letter.event->key, 1, true);
  if (next.empty()) return;
  const DeliveryKey key{dead.destination, next.front().event->id()};
  PutBack(key, backlog_.at(key));
}

}  // namespace postrider::simulation
