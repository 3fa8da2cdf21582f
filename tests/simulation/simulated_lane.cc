#include "simulation/simulated_lane.h"

#include <algorithm>
#include <utility>

namespace postrider::simulation {
namespace {

constexpr microseconds kConnecting{150};

}  // namespace

SimulatedLane::SimulatedLane(LaneId id, std::int64_t epoch, const LaneSurroundings& surroundings)
    : id_(id),
      around_(surroundings),
      link_(
          id,
          [this](LaneLink::Task task) { Post([this, task = std::move(task)] { task(lane()); }); },
          [this] { return around_.world.time.now(); }) {
  const Scenario& scenario = around_.world.scenario;
  LaneEffects& effects = *this;
  LaneObserver& observer = *this;
  if (id.destination == kUnrouted) {
    unrouted_.emplace(scenario.unrouted, epoch, 200, 1 << 20, effects, observer);
    unrouted_->SetSubscriptions(scenario.FilterOf(id).others);
  } else {
    lane_.emplace(scenario.SettingsOf(id), epoch, around_.random, effects, observer);
  }
  link_.Publish(lane());
}

void SimulatedLane::RestoreSent(const std::vector<microseconds>& ages, bool complete) {
  const int unknown = complete ? 0 : lane_->settings().max_unsettled;
  lane_->RestoreSent(ages, unknown, around_.world.time.now());
}

LaneBase& SimulatedLane::lane() {
  if (lane_) return *lane_;
  return *unrouted_;
}

void SimulatedLane::Post(std::function<void()> task) {
  const Timestamp now = around_.world.time.now();
  last_task_ = std::max(last_task_, now + around_.world.chance.Around(microseconds(300)));
  around_.later(last_task_ - now, [this, task = std::move(task)] {
    task();
    Pump();
  });
}

void SimulatedLane::Pump() {
  VirtualTime& time = around_.world.time;
  lane().Pump(time.now());
  link_.Publish(lane());
  const Timestamp wake = lane().NextWake();
  if (wake == kNever || wake == timer_at_) return;
  timer_at_ = wake;
  around_.later(std::max(wake - time.now(), microseconds(0)), [this, wake] {
    if (timer_at_ == wake) timer_at_ = kNever;
    Pump();
  });
}

void SimulatedLane::Reply(BacklogReply reply) {
  TraceReply(reply);
  Post([this, reply = std::move(reply)] { lane_->OnReply(reply, around_.world.time.now()); });
}

void SimulatedLane::TraceReply(const BacklogReply& reply) const {
  const Oracle& oracle = around_.world.oracle;
  for (const StoredDelivery& row : reply.deliveries) {
    oracle.Trace("read of the row", *row.event, id_.destination);
  }
  for (const StoredKey& key : reply.keys) {
    std::string what = std::to_string(key.blocked) + " blocked";
    for (const EventId id : key.heads) what += ", head " + std::to_string(id);
    for (const EventId id : key.dead) what += ", dead " + std::to_string(id);
    oracle.Trace(what, key.key, id_.destination);
  }
  if (reply.query.kind == BacklogQuery::Kind::kKey) {
    oracle.Trace(std::to_string(reply.deliveries.size()) + " rows read", reply.query.key,
                 id_.destination);
  }
}

void SimulatedLane::NoteForeign(const std::vector<DueOrder>& rows) {
  Post([this, rows] { lane_->OnForeignRows(rows); });
}

void SimulatedLane::Cancel(const CancelRequest& request) {
  Post([this, request] { lane_->OnCancel(request); });
}

// -- Requests -------------------------------------------------------------------------------------

void SimulatedLane::Start(Send send) {
  World& world = around_.world;
  world.oracle.OnStarted(around_.incarnation, id_, *send.event, send.asks);
  auto request = std::make_shared<Request>();
  request->run = send.new_key_run.value_or(world.oracle.RunOf(*send.event, id_.destination));
  request->began = world.time.now();
  request->send = std::move(send);
  around_.later(world.chance.Around(kConnecting), [this, request] { Write(request); });
}

void SimulatedLane::Write(const RequestRef& request) {
  World& world = around_.world;
  if (world.chance.OneIn(1000)) return NotWritten(request);
  lane_->OnWritten(request->send.ticket, world.time.now());
  if (lane_->held() == Held::kRate) Pump();
  // On its way it does not depend on this process any more.
  const microseconds way =
      world.chance.Between(microseconds(0), world.limits.Jitter(id_.destination));
  world.time.After(way, [this, request] { Arrive(request); });
}

/// The lease may have run out.
void SimulatedLane::NotWritten(const RequestRef& request) {
  around_.world.statistics.Count("requests never written");
  around_.world.oracle.OnNotWritten(around_.incarnation, id_, *request->send.event);
  HttpAnswer answer;
  answer.failure = FailureClass::kRelayLost;
  lane_->OnAnswer(request->send.ticket, answer, around_.world.time.now(), "POST");
  Pump();
}

void SimulatedLane::Arrive(const RequestRef& request) {
  World& world = around_.world;
  const Event& event = *request->send.event;
  world.oracle.OnArrived(event, id_.destination, world.limits.Arrive(id_.destination));
  const microseconds spent = world.time.now() - request->began;
  SimulatedPartner::Reply reply =
      request->send.asks ? world.partner.Ask(event, id_.destination, spent)
                         : world.partner.Deliver(event, id_.destination, request->run, spent);
  around_.later(reply.after,
                [this, request, answer = std::move(reply.answer)] { Answer(request, answer); });
}

void SimulatedLane::Answer(const RequestRef& request, const HttpAnswer& answer) {
  const Send& send = request->send;
  around_.world.oracle.OnAnswered(around_.incarnation, id_, *send.event, answer, send.asks);
  lane_->OnAnswer(send.ticket, answer, around_.world.time.now(), "POST");
  Pump();
}

void SimulatedLane::Settle(Settlement settlement) {
  settlement.lane = id_;
  around_.recorder.Add(std::move(settlement), link_);
}

void SimulatedLane::Ask(BacklogQuery query) { around_.exchange.Ask({id_, std::move(query)}); }

void SimulatedLane::OnHeld(Held reason, microseconds /*time*/) {
  if (std::exchange(told_held_, reason) == reason) return;
  around_.world.statistics.Count("held by " + std::string(ToString(reason)));
}

void SimulatedLane::OnBreaker(std::size_t /*endpoint*/, CircuitBreaker::State state) {
  around_.world.statistics.Count("breaker " + std::string(ToString(state)));
}

void SimulatedLane::OnOutcome(const Event& event, const Outcome& outcome) {
  around_.world.oracle.OnDecided(id_, event, outcome.state);
}

}  // namespace postrider::simulation
