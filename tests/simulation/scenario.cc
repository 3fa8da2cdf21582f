#include "simulation/scenario.h"

#include <array>
#include <utility>

namespace postrider::simulation {
namespace {

/// Of a relay; a part of the time after which a request of an owner that is gone is over.
constexpr seconds kLease{1};

/// One window is longer than a takeover takes, so that an owner that forgets what was sent is
/// noticed.
const std::array<std::vector<RateWindow>, 4> kRates{
    {{{20, milliseconds(100)}},
     {{5, milliseconds(20)}},
     {{40, milliseconds(200)}, {450, milliseconds(3000)}},
     {{8, milliseconds(40)}, {60, milliseconds(300)}}}};

SimulatedDestination Make(Scenario& scenario, const std::string& name,
                          const std::vector<std::string>& topics) {
  SimulatedDestination made;
  made.subscription.destination = static_cast<DestinationId>(scenario.destinations.size() + 1);
  made.subscription.name = name;
  for (const std::string& topic : topics) made.subscription.topics.push_back({topic, 0});
  made.settings.name = name;
  made.settings.concurrency = 8;
  made.settings.max_unsettled = 12;
  made.settings.breaker.reset();
  made.settings.dead_limit.reset();
  made.settings.retries.attempts = 100000;
  made.settings.retries.first = milliseconds(30);
  made.settings.retries.factor = 2;
  made.settings.retries.max = milliseconds(400);
  return made;
}

BreakerSettings QuickBreaker(int probes) {
  return {.window = 10,
          .minimum = 5,
          .open = milliseconds(100),
          .open_max = milliseconds(400),
          .probes = probes};
}

/// A partner that bans whoever sends more than it allows, and may suffer from retries.
SimulatedDestination MakeRated(Scenario& scenario, Chance& chance) {
  SimulatedDestination rated = Make(scenario, "rated", {"b.*"});
  rated.settings.rate = kRates.at(chance.Below(kRates.size()));
  rated.settings.shards = 1 + static_cast<int>(chance.Below(2));
  rated.subscription.shards = rated.settings.shards;
  if (chance.OneIn(2)) rated.settings.order.by = Order::kKey;
  if (!chance.OneIn(3)) rated.settings.retries.budget = chance.OneIn(2) ? 0.3 : 0.45;
  if (!chance.OneIn(3))
    rated.settings.breaker = QuickBreaker(1 + static_cast<int>(chance.Below(3)));
  rated.nature.outages = 1;
  rated.nature.outage = milliseconds(500);
  rated.nature.throttles = static_cast<int>(chance.Below(2));
  return rated;
}

/// A partner that would do everything twice, and `after_unknown` so that it does not.
SimulatedDestination MakeForgetful(Scenario& scenario, Chance& chance, AfterUnknown after,
                                   const std::string& topic) {
  const bool asks = after == AfterUnknown::kVerify;
  SimulatedDestination made = Make(scenario, asks ? "verified" : "single", {topic});
  made.settings.after_unknown = after;
  made.settings.http.timeout = milliseconds(300);
  if (asks) {
    made.settings.verify.emplace();
    made.settings.verify->after = milliseconds(60);
  }
  if (chance.OneIn(2)) made.settings.order.by = Order::kKey;
  if (chance.OneIn(2)) made.settings.breaker = QuickBreaker(2);
  if (chance.OneIn(3)) made.settings.rate = {{60, milliseconds(200)}};
  if (chance.OneIn(3)) made.settings.retries.budget = 0.45;
  made.nature.forgetful = true;
  made.nature.outages = 1;
  made.nature.outage = milliseconds(300);
  made.nature.refusals = asks ? 1 : 0;
  return made;
}

}  // namespace

Scenario MakeScenario(Chance& chance) {
  Scenario scenario;
  SimulatedDestination plain = Make(scenario, "plain", {"a.*", "b.*"});
  scenario.destinations.push_back(plain);

  SimulatedDestination keyed = Make(scenario, "keyed", {"a.*"});
  keyed.settings.order.by = Order::kKey;
  keyed.settings.shards = 2;
  keyed.subscription.shards = 2;
  keyed.nature.kills = true;
  keyed.nature.outages = 1;
  keyed.nature.outage = milliseconds(600);
  scenario.destinations.push_back(keyed);

  SimulatedDestination strict = Make(scenario, "strict", {"b.*"});
  strict.settings.order = {Order::kKey, AfterDead::kBlock};
  strict.nature.kills = true;
  strict.max_events = 64;
  scenario.destinations.push_back(strict);

  SimulatedDestination slow = Make(scenario, "slow", {"a.*"});
  slow.max_events = 48;
  slow.nature.latency = milliseconds(12);
  slow.nature.outages = 2;
  slow.nature.outage = milliseconds(1500);
  slow.nature.refusals = 1;
  slow.settings.breaker = QuickBreaker(3);
  scenario.destinations.push_back(slow);

  SimulatedDestination limited = Make(scenario, "limited", {"c.*"});
  limited.settings.retries.attempts = 6;
  limited.nature.exhausts = true;
  limited.nature.kills = true;
  scenario.destinations.push_back(limited);

  scenario.destinations.push_back(MakeRated(scenario, chance));
  scenario.destinations.push_back(MakeForgetful(scenario, chance, AfterUnknown::kVerify, "b.*"));
  scenario.destinations.push_back(MakeForgetful(scenario, chance, AfterUnknown::kDead, "c.*"));
  return scenario;
}

LaneFilter Scenario::FilterOf(LaneId lane) const {
  LaneFilter filter;
  filter.lane = lane;
  if (lane.destination != kUnrouted) {
    filter.subscription = Of(lane.destination).subscription;
    return filter;
  }
  for (const SimulatedDestination& d : destinations) filter.others.push_back(d.subscription);
  filter.ignored_topics = ignored_topics;
  return filter;
}

LaneSettings Scenario::SettingsOf(LaneId lane) const {
  const SimulatedDestination& destination = Of(lane.destination);
  LaneSettings settings = MakeLaneSettings(destination.settings, lane, kLease, 1 << 20);
  settings.max_events = destination.max_events;
  settings.window = 20;
  settings.hold = milliseconds(150);
  return settings;
}

std::vector<LaneId> Scenario::Lanes() const {
  std::vector<LaneId> lanes;
  for (const SimulatedDestination& d : destinations) {
    for (int shard = 0; shard < d.settings.shards; ++shard) {
      lanes.push_back({d.subscription.destination, static_cast<std::int16_t>(shard)});
    }
  }
  lanes.push_back({kUnrouted, 0});
  return lanes;
}

}  // namespace postrider::simulation
