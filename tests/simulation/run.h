#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "simulation/statistics.h"

namespace postrider::simulation {

/// What one seed came to.
struct RunResult {
  std::vector<std::string> faults;  ///< of the relay; empty: all is well
  Statistics statistics;
};

/// A whole life of an installation: traffic and trouble, then quiet.
RunResult RunSeed(std::uint64_t seed);

}  // namespace postrider::simulation
