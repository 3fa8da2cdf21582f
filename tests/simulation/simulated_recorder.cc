#include "simulation/simulated_recorder.h"

#include <iterator>
#include <map>
#include <set>
#include <string>
#include <utility>

namespace postrider::simulation {
namespace {

void Merge(Settlement& into, Settlement from) {
  std::move(from.attempts.begin(), from.attempts.end(), std::back_inserter(into.attempts));
  into.answers_cancel = into.answers_cancel || from.answers_cancel;
  const bool wins =
      (from.outcome && (!into.outcome || from.outcome->state == OutcomeState::kDelivered)) ||
      (from.backlog && !into.outcome);
  if (!wins) return;
  into.outcome = std::move(from.outcome);
  into.backlog = std::move(from.backlog);
  into.epoch = from.epoch;
  into.run = from.run;
}

}  // namespace

void SimulatedRecorder::Add(Settlement settlement, LaneLink& link) {
  waiting_.push_back({std::move(settlement), &link});
}

bool SimulatedRecorder::Turn() {
  if (batch_.empty()) batch_ = std::exchange(waiting_, {});
  std::map<std::string, std::map<std::pair<EventId, DestinationId>, Item*>> groups;
  for (Item& item : batch_) {
    if (item.link == nullptr) continue;  // written before a fault
    const Settlement& s = item.settlement;
    Item*& slot = groups[*s.canary][{s.event->id(), s.lane.destination}];
    if (slot == nullptr) {
      slot = &item;
    } else {
      Merge(slot->settlement, std::move(item.settlement));
      item.link = nullptr;
    }
  }
  bool ours = true;
  for (auto& [canary, group] : groups) {
    std::vector<Item*> items;
    for (const auto& [key, item] : group) items.push_back(item);
    ours = WriteGroup(items) && ours;
  }
  batch_.clear();
  return ours;
}

bool SimulatedRecorder::WriteGroup(const std::vector<Item*>& group) {
  std::vector<const Settlement*> settlements;
  for (const Item* item : group) settlements.push_back(&item->settlement);
  const RecordResult result = connection_.Record(settlements);
  const std::set<LaneId> lost(result.lost_lanes.begin(), result.lost_lanes.end());
  for (const Item* item : group) {
    if (!lost.contains(item->settlement.lane)) continue;
    item->link->Post([](LaneBase& lane) { lane.Stop(); });
  }
  const std::set<const Settlement*> dropped(result.dropped.begin(), result.dropped.end());
  for (Item* item : group) {
    const Settlement& s = item->settlement;
    LaneLink* link = std::exchange(item->link, nullptr);
    if (!s.outcome && !s.backlog) continue;
    link->Post([id = s.event->id(), is_dropped = dropped.contains(&s)](LaneBase& lane) {
      is_dropped ? lane.OnDropped({id}) : lane.OnSettled({id});
    });
  }
  return result.lost_lanes.empty();
}

}  // namespace postrider::simulation
