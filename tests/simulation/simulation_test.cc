#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <string>

#include "simulation/run.h"

namespace postrider::simulation {
namespace {

constexpr std::int64_t kDeliveries = 400'000;
constexpr std::size_t kFaultsShown = 20;

/// What must have happened at least once, or the run has proved nothing of it.
constexpr const char* kExercised[] = {"crashes of the relay",
                                      "crashes of the database",
                                      "failovers",
                                      "connections lost",
                                      "commits in doubt",
                                      "late rows",
                                      "late pages",
                                      "joins offered",
                                      "joins refused",
                                      "falls off the tail",
                                      "histories changed",
                                      "places closed",
                                      "duplicates",
                                      "rollbacks",
                                      "backlog schedule",
                                      "backlog retry",
                                      "backlog predecessor",
                                      "recorded delivered",
                                      "recorded dead",
                                      "recorded expired",
                                      "credentials refused",
                                      "big bodies",
                                      "replays",
                                      "discards",
                                      "cancels answered cancelled",
                                      "cancels answered in flight",
                                      "cancels answered delivered",
                                      "events lost by failover",
                                      "joins of an era before",
                                      "windows used in full",
                                      "held by rate",
                                      "held by budget",
                                      "held by breaker",
                                      "held by cool_down",
                                      "breaker half_open",
                                      "breaker closed",
                                      "requests never written",
                                      "slow commits",
                                      "backlog answer",
                                      "backlog verification",
                                      "questions: it had acted",
                                      "questions: it had not",
                                      "crashes before the partner acted",
                                      "crashes after the partner acted",
                                      "settlements dropped"};

Statistics RunAndCheck(std::uint64_t seed) {
  const RunResult result = RunSeed(seed);
  for (std::size_t i = 0; i < std::min(result.faults.size(), kFaultsShown); ++i) {
    ADD_FAILURE() << "seed " << seed << ": " << result.faults[i];
  }
  EXPECT_TRUE(result.faults.empty()) << result.faults.size() << " faults; run again with "
                                     << "POSTRIDER_SEED=" << seed;
  return result.statistics;
}

void Print(const Statistics& statistics) {
  for (const auto& [name, count] : statistics.counts()) {
    std::cout << "  " << name << ": " << count << '\n';
  }
}

TEST(SimulationTest, NeitherLosesNorInventsNorReordersThroughEveryTrouble) {
  if (const char* given = std::getenv("POSTRIDER_SEED")) {
    Print(RunAndCheck(std::stoull(given)));
    return;
  }
  Statistics all;
  std::uint64_t seed = 0;
  while (all["deliveries"] < kDeliveries && !testing::Test::HasFailure()) {
    all.Add(RunAndCheck(++seed));
  }
  std::cout << "seeds 1 to " << seed << '\n';
  Print(all);
  if (testing::Test::HasFailure()) return;
  for (const char* name : kExercised) EXPECT_GT(all[name], 0) << name;
}

}  // namespace
}  // namespace postrider::simulation
