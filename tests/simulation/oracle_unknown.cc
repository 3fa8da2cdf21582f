// Partners that must not be sent an event twice, and those that count.
#include "simulation/oracle.h"

namespace postrider::simulation {

bool Oracle::IsForgetful(DestinationId destination) const {
  return destination != kUnrouted && scenario_.Of(destination).nature.forgetful;
}

/// @param most  how often the partner may have acted by now
void Oracle::CheckRepeats(const Event& event, DestinationId destination, int most) {
  if (!IsForgetful(destination) || partner_.Accepted(event, destination) <= most) return;
  Fault("the partner had acted " + std::to_string(partner_.Accepted(event, destination)) +
            " times, at most " + std::to_string(most) + " expected",
        event, destination);
}

void Oracle::OnNotWritten(int incarnation, LaneId lane, const Event& event) {
  const Identity identity = IdentityOf(event);
  Trace("no request", event, lane.destination);
  in_flight_[{incarnation, lane}].erase(identity);
  unsettled_[{incarnation, lane}].erase(identity);
  if (event.key) --keys_in_flight_[{incarnation, lane, *event.key}];
  --deliveries_[{lane.destination, identity}].sent;
}

void Oracle::OnArrived(const Event& event, DestinationId destination, bool allowed) {
  if (!allowed) Fault("above a rate of the partner", event, destination);
}

/// What the former owner left as intended: nobody knows whether it was sent.
void Oracle::OnTakenOver() {
  for (const auto& [key, row] : database_.backlog()) {
    if (row.entry.waiting_for != WaitingFor::kAnswer) continue;
    Delivery& delivery = deliveries_[{key.destination, IdentityOf(*row.event)}];
    delivery.doubtful = true;
    const bool acted = partner_.Accepted(*row.event, key.destination) > 0;
    statistics_.Count(acted ? "crashes after the partner acted"
                            : "crashes before the partner acted");
  }
}

}  // namespace postrider::simulation
