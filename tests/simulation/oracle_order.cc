// In which order the deliveries of a key are sent.
#include "simulation/oracle.h"

namespace postrider::simulation {

void Oracle::CheckOrder(int incarnation, const Event& event, LaneId lane,
                        const Delivery& delivery) {
  if (lane.destination == kUnrouted || !event.key) return;
  if (scenario_.Of(lane.destination).settings.order.by != Order::kKey) return;
  if (++keys_in_flight_[{incarnation, lane, *event.key}] > 1) {
    Fault("two of a key in flight", event, lane.destination);
  }
  CheckOrderOfReplays(event, lane.destination);
  if (delivery.sent > 0 || event.deliver_after || !InPresentHistory(event)) return;
  KeyLine& line = LineOf(event, lane.destination);
  std::erase_if(line, [&](const auto& entry) { return HasEnded(entry.first, lane.destination); });
  if (line.empty() || line.begin()->first >= event.id()) return;
  // A person who resolves a dead letter while the record is lost that an earlier event waits for
  // it, lets a later one go.
  const bool begun = deliveries_[{lane.destination, line.begin()->second}].sent > 0;
  const bool excused = begun || delivery.released;
  if (!excused || !rewound_.contains({lane.destination, *event.key})) {
    Fault("sent before " + std::to_string(line.begin()->first) + " of its key", event,
          lane.destination);
  }
}

/// As far as its key is concerned. A failover may take back that it was put back.
bool Oracle::HasEnded(EventId id, DestinationId destination) const {
  const auto outcome = database_.outcomes().find({destination, id});
  if (outcome == database_.outcomes().end()) return false;
  const OrderSettings& order = scenario_.Of(destination).settings.order;
  return outcome->second.state != OutcomeState::kDead || order.after_dead == AfterDead::kContinue;
}

/// What is not, was lost by a failover of which the relay does not know yet.
bool Oracle::InPresentHistory(const Event& event) const {
  const auto row = database_.events().find(event.id());
  return row != database_.events().end() && row->second.whole->identity == event.identity;
}

/// What one operation put back of a key goes in the order of ids.
void Oracle::CheckOrderOfReplays(const Event& event, DestinationId destination) {
  const auto line = put_back_.find({destination, *event.key});
  if (line == put_back_.end()) return;
  const auto found = line->second.find(event.id());
  if (found == line->second.end()) return;
  for (auto earlier = line->second.begin(); earlier != found; ++earlier) {
    if (earlier->second != found->second || rewound_.contains(line->first)) continue;
    Fault("sent again before " + std::to_string(earlier->first) + " of its key", event,
          destination);
  }
  line->second.erase(found);
}

}  // namespace postrider::simulation
