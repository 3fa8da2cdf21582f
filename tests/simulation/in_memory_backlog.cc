// The backlog as lanes read it and as people change it.
#include <algorithm>

#include "simulation/in_memory_commit.h"
#include "simulation/in_memory_database.h"

namespace postrider::simulation {
namespace {

bool OfLane(const BacklogRow& row, LaneId lane, int shards) {
  return row.event->slot % shards == lane.shard;
}

bool WaitsForTime(const BacklogRow& row) {
  return row.entry.waiting_for != WaitingFor::kPredecessor;
}

}  // namespace

std::vector<DueOrder> InMemoryDatabase::ReadDue(LaneId lane, int shards, DueLine line,
                                                DueOrder after, int limit) const {
  std::vector<DueOrder> rows;
  for (auto it = backlog_.lower_bound({lane.destination, 0});
       it != backlog_.end() && it->first.destination == lane.destination; ++it) {
    const DueOrder order{it->second.entry.due_at, it->first.id};
    if (order <= after || !OfLane(it->second, lane, shards)) continue;
    if (DueLineOf(it->second.entry.waiting_for) == line) rows.push_back(order);
  }
  std::sort(rows.begin(), rows.end());
  if (rows.size() > static_cast<std::size_t>(limit)) rows.resize(static_cast<std::size_t>(limit));
  return rows;
}

StoredDelivery InMemoryDatabase::Stored(const BacklogRow& row) const {
  const auto found = events_.find(row.event->id());
  const bool present =
      found != events_.end() && found->second.whole->identity == row.event->identity;
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
      const bool head = HoldsUpItsKey(row.entry.waiting_for);
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
    if (HoldsUpItsKey(row.entry.waiting_for)) key.heads.push_back(delivery.id);
  }
  for (const auto& [delivery, dead] : dead_) {
    if (!with_dead || !dead.open || delivery.destination != lane.destination) continue;
    if (dead.event->key && dead.event->slot % shards == lane.shard) {
      keys[*dead.event->key].dead.push_back(delivery.id);
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

void InMemoryDatabase::Replay(const std::vector<DeliveryKey>& ended) {
  BeginCommit();
  Complete(next_xid_++);
  for (const DeliveryKey& key : ended) {
    const OutcomeRow outcome = outcomes_.at(key);
    Erase(outcomes_, key);
    if (outcome.state == OutcomeState::kDelivered) {
      Put(attempts_, {key, 0, outcome.run}, AttemptRow{outcome.event, outcome.finished_at});
    }
    const auto dead = dead_.find(key);
    if (dead != dead_.end()) Put(dead_, key, DeadRow{dead->second.event, dead->second.run, false});
    PutBack(key, BacklogRow{outcome.event, static_cast<std::int16_t>(outcome.run + 1), {}});
  }
}

std::optional<DeliveryKey> InMemoryDatabase::Discard(DeliveryKey dead) {
  BeginCommit();
  Complete(next_xid_++);
  const DeadRow letter = dead_.at(dead);
  Put(dead_, dead, DeadRow{letter.event, letter.run, false});
  OutcomeRow outcome = outcomes_.at(dead);
  outcome.state = OutcomeState::kDiscarded;
  Put(outcomes_, dead, outcome);
  if (!letter.event->key) return std::nullopt;
  const auto next = LoadKey({dead.destination, 0}, *letter.event->key, 1, true);
  if (next.empty()) return std::nullopt;
  const DeliveryKey key{dead.destination, next.front().event->id()};
  PutBack(key, backlog_.at(key));
  return key;
}

void InMemoryDatabase::RequestCancel(DeliveryKey waiting) {
  BeginCommit();
  Complete(next_xid_++);
  Put(cancels_, waiting, CancelRow{});
  requests_.push_back(waiting);
}

std::vector<CancelRequest> InMemoryDatabase::ReadCancels(bool all, std::uint64_t& seen) const {
  std::vector<DeliveryKey> keys(requests_.begin() + static_cast<std::ptrdiff_t>(all ? 0 : seen),
                                requests_.end());
  seen = requests_.size();
  std::vector<CancelRequest> requests;
  for (const DeliveryKey& key : keys) {
    const auto request = cancels_.find(key);
    const auto event = events_.find(key.id);
    if (request == cancels_.end() || request->second.decided || event == events_.end()) continue;
    requests.push_back({key.destination, event->second.paged, outcomes_.contains(key),
                        std::make_shared<const std::string>(canary_)});
  }
  return requests;
}

}  // namespace postrider::simulation
