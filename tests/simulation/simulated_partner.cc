#include "simulation/simulated_partner.h"

#include <algorithm>
#include <string>

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

}  // namespace

SimulatedPartner::SimulatedPartner(const Scenario& scenario, VirtualTime& time, Chance& chance,
                                   Timestamp until)
    : scenario_(scenario), time_(time), chance_(chance) {
  for (const SimulatedDestination& d : scenario.destinations) {
    const DestinationId id = d.subscription.destination;
    outages_[id] = Stretches(d.nature.outages, d.nature.outage, until);
    refusals_[id] = Stretches(d.nature.refusals, milliseconds(300), until);
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

SimulatedPartner::Reply SimulatedPartner::Call(const Event& event, DestinationId destination,
                                               int run) {
  Reply reply{AnswerTo(event, destination, run), {}};
  reply.after = chance_.Around(scenario_.Of(destination).nature.latency) + microseconds(100);
  if (chance_.OneIn(400)) reply.after += milliseconds(500);
  reply.answer.latency = std::chrono::duration_cast<milliseconds>(reply.after);
  return reply;
}

/// A connection that could not be made, was reset or timed out.
HttpAnswer SimulatedPartner::Broken() {
  HttpAnswer answer;
  switch (chance_.Below(3)) {
    case 0: answer.failure = FailureClass::kConnect; break;
    case 1: answer.failure = FailureClass::kTimeout; break;
    default: answer.failure = FailureClass::kReset; break;
  }
  answer.maybe_sent = answer.failure != FailureClass::kConnect;
  return answer;
}

HttpAnswer SimulatedPartner::AnswerTo(const Event& event, DestinationId destination, int run) {
  const Timestamp now = time_.now();
  if (Within(refusals_[destination], now)) return Status(chance_.OneIn(2) ? 401 : 403);
  if (Within(outages_[destination], now)) return chance_.OneIn(2) ? Status(503) : Broken();
  const Key key{ScriptOf(event), destination};
  const std::uint64_t mixed = Mixed(key.first, destination);
  if (failures_[key] < TransientFailures(mixed)) {
    ++failures_[key];
    const HttpAnswer answer = chance_.OneIn(2) ? Status(500) : Broken();
    // An answer that was lost on its way: the partner did act.
    if (answer.failure == FailureClass::kTimeout) ++accepted_[key];
    return answer;
  }
  const Fate fate = FateOf(event, destination);
  if (fate == Fate::kKilled && run == 1) return Status(400);
  if (fate == Fate::kExhausted) return Status(503);
  ++accepted_[key];
  return Status(200);
}

}  // namespace postrider::simulation
