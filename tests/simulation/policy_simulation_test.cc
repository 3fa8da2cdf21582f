#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <string>

#include "simulation/limited_lane.h"

namespace postrider::simulation {
namespace {

constexpr std::uint64_t kSeeds = 300;

/// What must have happened at least once, or the run has proved nothing of it.
constexpr const char* kExercised[] = {"kills",
                                      "refusals",
                                      "never written",
                                      "held by rate",
                                      "held by breaker",
                                      "held by cool_down",
                                      "held by budget",
                                      "held by unsettled",
                                      "held by concurrency",
                                      "requests while away"};

Statistics RunAndCheck(std::uint64_t seed) {
  LimitedLane lane(seed);
  lane.Run();
  for (const std::string& fault : lane.faults()) {
    ADD_FAILURE() << "seed " << seed << ": " << fault << "; run again with POSTRIDER_SEED=" << seed;
  }
  return lane.statistics();
}

TEST(PolicySimulationTest, APartnerIsNeverHurtAndGetsEverything) {
  Statistics all;
  if (const char* given = std::getenv("POSTRIDER_SEED")) {
    all = RunAndCheck(std::stoull(given));
  } else {
    std::uint64_t seed = 0;
    while (seed < kSeeds && !HasFailure()) all.Add(RunAndCheck(++seed));
    std::cout << "seeds 1 to " << seed << '\n';
  }
  for (const auto& [name, count] : all.counts()) std::cout << "  " << name << ": " << count << '\n';
  if (HasFailure() || std::getenv("POSTRIDER_SEED") != nullptr) return;
  for (const char* name : kExercised) EXPECT_GT(all[name], 0) << name;
}

}  // namespace
}  // namespace postrider::simulation
