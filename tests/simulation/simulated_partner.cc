#include "simulation/simulated_partner.h"

#include <algorithm>
#include <string>
#include <utility>

namespace postrider::simulation {
namespace {

/// The body is a number that nothing else has, perhaps followed by filling.
std::uint64_t ScriptOf(const Event& event) { return std::stoull(event.body); }

std::uint64_t Mixed(std::uint64_t script, DestinationId destination) {
  std::uint64_t x = script + 0x9e3779b97f4a7c15ULL * static_cast<std::uint64_t>(destination);
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

/// Failures before the script's end is reached.
int TransientFailures(std::uint64_t mixed) {
  const std::uint64_t draw = (mixed >> 20) % 100;
  if (draw < 85) return 0;
  return draw < 94 ? 1 : 3;
}

HttpAnswer Status(int status) {
  HttpAnswer answer;
  answer.status = status;
  return answer;
}

HttpAnswer TooMany() {
  HttpAnswer answer = Status(429);
  answer.headers = {{"retry-after", "1"}};
  return answer;
}

}  // namespace

SimulatedPartner::SimulatedPartner(const Scenario& scenario, VirtualTime& time, Chance& chance,
                                   Timestamp until)
    : scenario_(scenario), time_(time), chance_(chance) {
  for (const SimulatedDestination& d : scenario.destinations) {
    const DestinationId id = d.subscription.destination;
    outages_[id] = Stretches(d.nature.outages, d.nature.outage, until);
    refusals_[id] = Stretches(d.nature.refusals, milliseconds(300), until);
    throttles_[id] = Stretches(d.nature.throttles, milliseconds(200), until);
  }
}

std::vector<SimulatedPartner::Stretch> SimulatedPartner::Stretches(int count, microseconds length,
                                                                   Timestamp until) {
  std::vector<Stretch> stretches;
  for (int i = 0; i < count; ++i) {
    const Timestamp from = time_.now() + chance_.Between(milliseconds(500), until - time_.now());
    stretches.push_back({from, from + length});
  }
  return stretches;
}

bool SimulatedPartner::Within(const std::vector<Stretch>& stretches, Timestamp now) {
  return std::any_of(stretches.begin(), stretches.end(),
                     [&](const Stretch& s) { return s.from <= now && now < s.to; });
}

Fate SimulatedPartner::FateOf(const Event& event, DestinationId destination) const {
  const std::uint64_t draw = Mixed(ScriptOf(event), destination) % 1000;
  const PartnerNature& nature = scenario_.Of(destination).nature;
  if (nature.kills && draw < 15) return Fate::kKilled;
  if (nature.exhausts && draw >= 985) return Fate::kExhausted;
  return Fate::kAccepted;
}

int SimulatedPartner::Accepted(const Event& event, DestinationId destination) const {
  const auto found = accepted_.find({ScriptOf(event), destination});
  return found == accepted_.end() ? 0 : found->second;
}

SimulatedPartner::Reply SimulatedPartner::Deliver(const Event& event, DestinationId destination,
                                                  int run, microseconds spent) {
  return Timed(AnswerTo(event, destination, run), destination, spent);
}

/// With the time that the answer takes, at the end of which there is none.
SimulatedPartner::Reply SimulatedPartner::Timed(HttpAnswer answer, DestinationId destination,
                                                microseconds spent) {
  const SimulatedDestination& settings = scenario_.Of(destination);
  Reply reply{std::move(answer), {}};
  reply.after = chance_.Around(settings.nature.latency) + microseconds(100);
  if (chance_.OneIn(400)) reply.after += milliseconds(500);
  const microseconds left = std::max<microseconds>(settings.settings.http.timeout - spent, {});
  if (reply.after > left) {
    reply.after = left;
    reply.answer = {};
    reply.answer.failure = FailureClass::kTimeout;
    reply.answer.maybe_sent = true;
  }
  reply.answer.latency = std::chrono::duration_cast<milliseconds>(spent + reply.after);
  return reply;
}

SimulatedPartner::Reply SimulatedPartner::Ask(const Event& event, DestinationId destination,
                                              microseconds spent) {
  HttpAnswer answer = Status(Accepted(event, destination) > 0 ? 200 : 404);
  if (Within(refusals_[destination], time_.now())) {
    answer = Status(401);
  } else if (Within(outages_[destination], time_.now()) || chance_.OneIn(12)) {
    answer = chance_.OneIn(2) ? Status(503) : Broken();
  }
  return Timed(std::move(answer), destination, spent);
}

/// A connection that could not be made, was reset or timed out.
HttpAnswer SimulatedPartner::Broken() {
  HttpAnswer answer;
  switch (chance_.Below(3)) {
    case 0:
      answer.failure = FailureClass::kConnect;
      break;
    case 1:
      answer.failure = FailureClass::kTimeout;
      break;
    default:
      answer.failure = FailureClass::kReset;
      break;
  }
  answer.maybe_sent = answer.failure != FailureClass::kConnect;
  return answer;
}

/// No answer, or none of the partner itself. It may have acted all the same.
HttpAnswer SimulatedPartner::Failure(std::uint64_t script, DestinationId destination) {
  HttpAnswer answer = chance_.OneIn(4) ? Status(chance_.OneIn(2) ? 502 : 504) : Broken();
  if (answer.failure != FailureClass::kConnect) MayAct(script, destination);
  return answer;
}

/// At once, or a little later: but before the sender has given up waiting.
void SimulatedPartner::MayAct(std::uint64_t script, DestinationId destination) {
  if (chance_.OneIn(2)) return;
  time_.After(chance_.Around(microseconds(500)),
              [this, key = Key{script, destination}] { ++accepted_[key]; });
}

HttpAnswer SimulatedPartner::AnswerTo(const Event& event, DestinationId destination, int run) {
  const Timestamp now = time_.now();
  if (Within(refusals_[destination], now)) return Status(chance_.OneIn(2) ? 401 : 403);
  if (Within(throttles_[destination], now)) return TooMany();
  if (Within(outages_[destination], now)) {
    return chance_.OneIn(2) ? Status(503) : Failure(ScriptOf(event), destination);
  }
  const Key key{ScriptOf(event), destination};
  const std::uint64_t mixed = Mixed(key.first, destination);
  if (failures_[key] < TransientFailures(mixed)) {
    ++failures_[key];
    return chance_.OneIn(2) ? Status(500) : Failure(key.first, destination);
  }
  const Fate fate = FateOf(event, destination);
  if (fate == Fate::kKilled && run == 1) return Status(400);
  if (fate == Fate::kExhausted) return Status(503);
  ++accepted_[key];
  return Status(200);
}

}  // namespace postrider::simulation
