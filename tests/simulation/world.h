#pragma once

#include <cstdint>

#include "simulation/in_memory_database.h"
#include "simulation/oracle.h"
#include "simulation/partner_limits.h"
#include "simulation/scenario.h"
#include "simulation/simulated_partner.h"
#include "simulation/statistics.h"
#include "simulation/virtual_time.h"

namespace postrider::simulation {

/// How long events are produced and things break; afterwards everything may drain.
inline constexpr microseconds kBusyTime{8'000'000};

/// Everything around a relay.
struct World {
  explicit World(std::uint64_t seed)
      : chance(seed),
        scenario(MakeScenario(chance)),
        database(time, chance),
        limits(scenario, time, statistics),
        partner(scenario, time, chance, time.now() + kBusyTime),
        oracle(scenario, time, database, partner, statistics) {
    database.Watch(oracle);
  }

  VirtualTime time;
  Chance chance;
  Scenario scenario;
  Statistics statistics;
  InMemoryDatabase database;
  PartnerLimits limits;
  SimulatedPartner partner;
  Oracle oracle;
};

}  // namespace postrider::simulation
