#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "postrider/engine/lane_settings.h"
#include "postrider/engine/subscription.h"
#include "simulation/virtual_time.h"

namespace postrider::simulation {

/// How a partner behaves, apart from what each event's own script says.
struct PartnerNature {
  microseconds latency{2000};  ///< mean
  int outages = 0;             ///< stretches in which nothing is accepted
  microseconds outage{0};
  int refusals = 0;        ///< stretches in which the credentials are refused
  bool kills = false;      ///< some events are refused for good
  bool exhausts = false;   ///< some events never succeed
  int throttles = 0;       ///< stretches in which it answers 429
  bool forgetful = false;  ///< it knows no idempotency keys: every request that it acts on counts
};

struct SimulatedDestination {
  Subscription subscription;
  DestinationSettings settings;
  PartnerNature nature;
  std::int64_t max_events = 128;
};

/// What is simulated: destinations of every kind, small enough that every bound is met. Limits are
/// drawn from the seed.
struct Scenario {
  std::vector<SimulatedDestination> destinations;
  std::vector<std::string> ignored_topics{"audit.*"};
  UnroutedSettings unrouted{seconds(1), true};

  const SimulatedDestination& Of(DestinationId destination) const {
    return destinations.at(static_cast<std::size_t>(destination - 1));
  }
  LaneFilter FilterOf(LaneId lane) const;
  LaneSettings SettingsOf(LaneId lane) const;
  /// All lanes, the unrouted one last.
  std::vector<LaneId> Lanes() const;
};

Scenario MakeScenario(Chance& chance);

}  // namespace postrider::simulation
