#include "simulation/oracle.h"

#include <algorithm>
#include <cstdlib>
#include <iostream>

namespace postrider::simulation {

Oracle::Oracle(const Scenario& scenario, VirtualTime& time, const InMemoryDatabase& database,
               const SimulatedPartner& partner, Statistics& statistics)
    : scenario_(scenario),
      time_(time),
      database_(database),
      partner_(partner),
      statistics_(statistics),
      verdicts_(VerdictSettings{}),
      findings_(VerificationRules(VerifySettings{})) {
  for (const LaneId lane : scenario.Lanes()) filters_[lane] = scenario.FilterOf(lane);
}

Oracle::Identity Oracle::IdentityOf(const Event& event) {
  return event.identity.recorded_at.time_since_epoch().count();
}

namespace {

/// POSTRIDER_TRACE; empty: the run is not traced.
const std::string& Traced() {
  static const char* const given = std::getenv("POSTRIDER_TRACE");
  static const std::string traced = given == nullptr ? "" : given;
  return traced;
}

}  // namespace

void Oracle::Trace(const std::string& what) const {
  if (Traced().empty()) return;
  const auto at = time_.now().time_since_epoch().count() % 10'000'000'000;
  std::cerr << at / 1000 << '.' << at % 1000 << " ms " << what << '\n';
}

void Oracle::Trace(const std::string& what, const Event& event, DestinationId destination) const {
  const std::string id = std::to_string(event.id());
  const std::string key = event.key.value_or("");
  if (Traced().empty() || (Traced() != id && Traced() != key)) return;
  Trace(what + " of " + id + " (" + key + ") for " + std::to_string(destination));
}

void Oracle::Trace(const std::string& what, const std::string& key,
                   DestinationId destination) const {
  if (Traced() == key) Trace(what + " of " + key + " for " + std::to_string(destination));
}

void Oracle::Fault(const std::string& what, const Event& event, DestinationId destination) {
  const auto at = std::chrono::duration_cast<milliseconds>(time_.now().time_since_epoch());
  faults_.push_back(what + ": event " + std::to_string(event.id()) + " (key " +
                    event.key.value_or("none") + ") for destination " +
                    std::to_string(destination) + " at " + std::to_string(at.count() % 10000000) +
                    " ms");
}

bool Oracle::TakenBy(const Event& event, LaneId lane) const {
  return filters_.at(lane).Takes(event);
}

bool Oracle::Ordered(const Event& event, DestinationId destination) const {
  if (destination == kUnrouted || !event.key || event.deliver_after) return false;
  return scenario_.Of(destination).settings.order.by == Order::kKey;
}

Oracle::KeyLine& Oracle::LineOf(const Event& event, DestinationId destination) {
  return lines_[{destination, *event.key}];
}

// -- The database ---------------------------------------------------------------------------------

void Oracle::OnCommitted(const EventRef& event) {
  known_[IdentityOf(*event)] = event;
  Trace("commit of " + std::to_string(event->identity.xid), *event);
  statistics_.Count("events");
  for (const auto& [lane, filter] : filters_) {
    if (!filter.Takes(*event)) continue;
    if (Ordered(*event, lane.destination)) Undecide(*event, lane.destination);
    if (event->id() <= closed_[lane])
      Fault("committed below a closed place", *event, lane.destination);
  }
}

void Oracle::OnLost(const EventRef& event) {
  statistics_.Count("events lost by failover");
  Trace("loss of the event", *event);
  for (const auto& [lane, filter] : filters_) {
    if (Ordered(*event, lane.destination)) LineOf(*event, lane.destination).erase(event->id());
    closed_[lane] = 0;
  }
  for (auto& [flight, open] : unsettled_) open.erase(IdentityOf(*event));
}

void Oracle::OnRecorded(const Settlement& s) {
  Trace(s.outcome   ? "record as " + std::string(ToString(s.outcome->state))
        : s.backlog ? "record as waiting for " + std::string(ToString(s.backlog->waiting_for))
                    : "record of a request",
        *s.event, s.lane.destination);
  if (!s.outcome && !s.backlog) return;
  Release(s);
  if (s.backlog) statistics_.Count("backlog " + std::string(ToString(s.backlog->waiting_for)));
  if (!s.outcome) return;
  statistics_.Count("recorded " + std::string(ToString(s.outcome->state)));
  OnDecided(s.lane, *s.event, s.outcome->state);
}

void Oracle::OnDropped(const Settlement& s) {
  if (!s.outcome && !s.backlog) return;
  statistics_.Count("settlements dropped");
  Delivery& delivery = deliveries_[{s.lane.destination, IdentityOf(*s.event)}];
  delivery.may_repeat = delivery.disturbed = true;
  Release(s);
}

void Oracle::Release(const Settlement& s) {
  for (auto& [flight, open] : unsettled_) {
    if (flight.second == s.lane) open.erase(IdentityOf(*s.event));
  }
}

void Oracle::OnRecordLost(const EventRef& event, DestinationId destination) {
  Delivery& delivery = deliveries_[{destination, IdentityOf(*event)}];
  delivery.may_repeat = delivery.disturbed = delivery.doubtful = true;
  ++delivery.repeats;
  Trace("loss of a record", *event, destination);
  if (event->key) rewound_.insert({destination, *event->key});
  for (auto& [lane, closed] : closed_) closed = 0;
}

void Oracle::OnSaved(LaneId lane, EventId closed_up_to) {
  if (closed_up_to > closed_[lane]) statistics_.Count("places closed");
  Trace("save of " + std::to_string(closed_up_to) + " for lane " +
        std::to_string(lane.destination) + '/' + std::to_string(lane.shard));
  CheckClosed(lane, closed_up_to);
  closed_[lane] = closed_up_to;
}

void Oracle::CheckClosed(LaneId lane, EventId closed_up_to) {
  const auto& events = database_.events();
  for (auto it = events.upper_bound(closed_[lane]); it != events.end() && it->first <= closed_up_to;
       ++it) {
    const Event& event = *it->second.whole;
    const DeliveryKey key{lane.destination, event.id()};
    if (!TakenBy(event, lane) || database_.outcomes().contains(key)) continue;
    if (!database_.backlog().contains(key)) {
      Fault("closed over an unsettled event", event, lane.destination);
    }
  }
  for (const Event* open : database_.OpenRows()) {
    if (open->id() <= closed_up_to && TakenBy(*open, lane)) {
      Fault("closed over an open transaction", *open, lane.destination);
    }
  }
}

// -- The relay ------------------------------------------------------------------------------------

void Oracle::OnStarted(int incarnation, LaneId lane, const Event& event, bool asks) {
  const Identity identity = IdentityOf(event);
  statistics_.Count(asks ? "questions" : "requests");
  Trace(asks ? "question" : "request", event, lane.destination);
  const auto known = known_.find(identity);
  if (known == known_.end() || known->second->body != event.body) {
    return Fault("sent what was never committed", event, lane.destination);
  }
  if (!TakenBy(event, lane)) Fault("sent to the wrong lane", event, lane.destination);
  Delivery& delivery = deliveries_[{lane.destination, identity}];
  CheckOrder(incarnation, event, lane, delivery);
  if (const auto outcome = database_.outcomes().find({lane.destination, event.id()});
      outcome != database_.outcomes().end() && outcome->second.event->identity == event.identity &&
      outcome->second.state == OutcomeState::kCancelled) {
    Fault("sent though cancelled", event, lane.destination);
  }
  if (delivery.accepted && !asks) {
    statistics_.Count("duplicates");
    if (!delivery.may_repeat) Fault("sent again though accepted", event, lane.destination);
    delivery.accepted = delivery.may_repeat = false;
  }
  if (!asks) CheckRepeats(event, lane.destination, delivery.repeats);
  ++delivery.sent;
  const Flight flight{incarnation, lane};
  const LaneSettings settings = scenario_.SettingsOf(lane);
  in_flight_[flight].insert(identity);
  unsettled_[flight].insert(identity);
  if (in_flight_[flight].size() > static_cast<std::size_t>(settings.concurrency)) {
    Fault("concurrency exceeded", event, lane.destination);
  }
  if (unsettled_[flight].size() > static_cast<std::size_t>(settings.max_unsettled)) {
    Fault("too many unsettled", event, lane.destination);
  }
}

void Oracle::OnAnswered(int incarnation, LaneId lane, const Event& event, const HttpAnswer& answer,
                        bool asks) {
  const Identity identity = IdentityOf(event);
  const Flight flight{incarnation, lane};
  in_flight_[flight].erase(identity);
  if (event.key) --keys_in_flight_[{incarnation, lane, *event.key}];
  const Verdict verdict = (asks ? findings_ : verdicts_).Judge(answer);
  Trace("answer " + std::to_string(answer.status), event, lane.destination);
  Delivery& delivery = deliveries_[{lane.destination, identity}];
  if (verdict.charged && !asks) ++delivery.charged;
  if (verdict.unknown && !asks) delivery.doubtful = true;
  if (asks && verdict.kind == VerdictKind::kDelivered) statistics_.Count("questions: it had acted");
  if (asks && verdict.kind == VerdictKind::kDead) statistics_.Count("questions: it had not");
  if (verdict.kind == VerdictKind::kHold) {
    statistics_.Count("credentials refused");
    unsettled_[flight].erase(identity);
  }
  if (verdict.kind == VerdictKind::kDelivered) delivery.accepted = true;
}

void Oracle::OnDecided(LaneId lane, const Event& event, OutcomeState state) {
  if (event.key) put_back_[{lane.destination, *event.key}].erase(event.id());
  if (!Ordered(event, lane.destination)) return;
  const bool blocks = scenario_.Of(lane.destination).settings.order.after_dead == AfterDead::kBlock;
  if (state == OutcomeState::kDead && blocks) return;
  LineOf(event, lane.destination).erase(event.id());
}

void Oracle::Undecide(const Event& event, DestinationId destination) {
  if (Ordered(event, destination)) LineOf(event, destination)[event.id()] = IdentityOf(event);
}

void Oracle::OnCrashed(int incarnation) {
  Trace("crash of the relay");
  for (auto& [flight, open] : unsettled_) {
    if (flight.first != incarnation) continue;
    for (const Identity identity : open) {
      const EventRef& event = known_.at(identity);
      const DestinationId destination = flight.second.destination;
      Delivery& delivery = deliveries_[{destination, identity}];
      delivery.may_repeat = delivery.disturbed = delivery.doubtful = true;
      const auto row = database_.events().find(event->id());
      const bool there = row != database_.events().end() && row->second.whole == event;
      if (there) Undecide(*event, destination);
    }
    open.clear();
  }
}

void Oracle::OnReplayed(const std::vector<DeliveryKey>& ended) {
  ++operations_;
  for (const DeliveryKey& key : ended) {
    const EventRef& event = database_.backlog().at(key).event;
    Trace("replay", *event, key.destination);
    Delivery& delivery = deliveries_[{key.destination, IdentityOf(*event)}];
    delivery.replayed = delivery.disturbed = delivery.may_repeat = true;
    ++delivery.repeats;
    const bool ordered = scenario_.Of(key.destination).settings.order.by == Order::kKey;
    if (ordered && event->key) put_back_[{key.destination, *event->key}][key.id] = operations_;
  }
}

void Oracle::OnReleased(const Event& event, DestinationId destination) {
  Trace("release", event, destination);
  deliveries_[{destination, IdentityOf(event)}].released = true;
}

void Oracle::OnCancelRequested(const Event& event, DestinationId destination) {
  Trace("request to cancel", event, destination);
  deliveries_[{destination, IdentityOf(event)}].unwanted = true;
}

int Oracle::RunOf(const Event& event, DestinationId destination) const {
  const auto found = deliveries_.find({destination, IdentityOf(event)});
  return found != deliveries_.end() && found->second.replayed ? 2 : 1;
}

void Oracle::OnDiscarded(const Event& event, DestinationId destination) {
  Trace("discard", event, destination);
  deliveries_[{destination, IdentityOf(event)}].disturbed = true;
  if (Ordered(event, destination)) LineOf(event, destination).erase(event.id());
}

}  // namespace postrider::simulation
