#include "simulation/scenario.h"

#include <utility>

namespace postrider::simulation {
namespace {

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

}  // namespace

Scenario MakeScenario() {
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
  slow.settings.breaker = BreakerSettings{
      .window = 10, .minimum = 5, .open = milliseconds(100), .open_max = milliseconds(400)};
  scenario.destinations.push_back(slow);

  SimulatedDestination limited = Make(scenario, "limited", {"c.*"});
  limited.settings.retries.attempts = 6;
  limited.nature.exhausts = true;
  limited.nature.kills = true;
  scenario.destinations.push_back(limited);
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
  LaneSettings settings = MakeLaneSettings(destination.settings, lane, seconds(15), 1 << 20);
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
