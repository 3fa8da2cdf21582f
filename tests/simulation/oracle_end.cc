// What must be true when everything has drained.
#include <algorithm>

#include "simulation/oracle.h"

namespace postrider::simulation {

bool Oracle::Drained() const {
  if (!database_.backlog().empty()) return false;
  for (const auto& [id, row] : database_.events()) {
    for (const auto& [lane, filter] : filters_) {
      const bool settled = database_.outcomes().contains({lane.destination, id});
      if (!settled && filter.Takes(*row.whole)) return false;
    }
  }
  return true;
}

void Oracle::CheckEnd() {
  for (const auto& [key, row] : database_.backlog()) {
    Fault("left in the backlog waiting for " + std::string(ToString(row.entry.waiting_for)),
          *row.event, key.destination);
  }
  for (const auto& [id, row] : database_.events()) {
    for (const auto& [lane, filter] : filters_) {
      if (filter.Takes(*row.whole)) CheckOutcome(*row.whole, lane);
    }
  }
  for (const auto& [lane, row] : database_.lanes()) {
    const EventId last = database_.events().empty() ? 0 : database_.events().rbegin()->first;
    if (row.closed_up_to < last) {
      faults_.push_back("not closed at the end: destination " + std::to_string(lane.destination) +
                        " stands at " + std::to_string(row.closed_up_to) + " of " +
                        std::to_string(last));
    }
  }
  CheckCancels();
  for (const auto& [key, delivery] : deliveries_)
    statistics_.Count("deliveries", delivery.sent > 0);
}

void Oracle::CheckCancels() {
  for (const auto& [key, request] : database_.cancels()) {
    const Event& event = *database_.events().at(key.id).whole;
    if (!request.decided) Fault("asked to cancel, never answered", event, key.destination);
    const OutcomeState outcome = database_.outcomes().at(key).state;
    // What was cancelled once may have been sent by a relay that did not know.
    const bool stayed = outcome == OutcomeState::kCancelled || outcome == OutcomeState::kDelivered;
    if (request.outcome == OutcomeState::kCancelled && !stayed) {
      Fault("cancelled, but ended as " + std::string(ToString(outcome)), event, key.destination);
    }
    statistics_.Count("cancels answered " +
                      std::string(request.outcome ? ToString(*request.outcome) : "in flight"));
  }
}

void Oracle::CheckOutcome(const Event& event, LaneId lane) {
  const DestinationId destination = lane.destination;
  const auto found = database_.outcomes().find({destination, event.id()});
  if (found == database_.outcomes().end()) return Fault("lost", event, destination);
  const OutcomeRow& outcome = found->second;
  if (!(outcome.event->identity == event.identity)) {
    return Fault("settled as a stranger", event, destination);
  }
  if (destination == kUnrouted) {
    if (outcome.state != OutcomeState::kDead) Fault("unrouted but not dead", event, destination);
    return;
  }
  const Delivery& delivery = deliveries_[{destination, IdentityOf(event)}];
  const Fate fate = partner_.FateOf(event, destination);
  const bool delivered = outcome.state == OutcomeState::kDelivered;
  if (delivered && partner_.Accepted(event, destination) == 0) {
    Fault("recorded as delivered but never accepted", event, destination);
  }
  const bool may_expire = event.deliver_before && outcome.state == OutcomeState::kExpired;
  CheckRepeats(event, destination, 1 + delivery.repeats);
  const bool gives_up = scenario_.Of(destination).settings.after_unknown == AfterUnknown::kDead;
  const bool may_fail = fate != Fate::kAccepted || (gives_up && delivery.doubtful);
  const bool may_die = may_fail && (outcome.state == OutcomeState::kDead ||
                                    outcome.state == OutcomeState::kDiscarded);
  const bool may_be_delivered =
      fate == Fate::kAccepted || (fate == Fate::kKilled && delivery.replayed);
  const bool may_be_cancelled = outcome.state == OutcomeState::kCancelled && delivery.unwanted;
  if (!may_expire && !may_die && !may_be_cancelled && !(delivered && may_be_delivered)) {
    Fault("ended as " + std::string(ToString(outcome.state)) + " against its script", event,
          destination);
  }
  if (!delivery.disturbed && outcome.attempts != delivery.charged) {
    Fault("recorded " + std::to_string(outcome.attempts) + " attempts of " +
              std::to_string(delivery.charged),
          event, destination);
  }
}

}  // namespace postrider::simulation
