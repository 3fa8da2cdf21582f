#include "postrider/policy/sliding_counts.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <map>
#include <string>

#include "moments.h"
#include "postrider/policy/random.h"

namespace postrider {
namespace {

using Counts = std::array<std::int64_t, 2>;

TEST(SlidingCountsTest, CountsThePresentSecondAndThoseBeforeIt) {
  SlidingCounts<2> counts(seconds(3));
  counts.Add(0, kStart);
  counts.Add(1, After(milliseconds(2999)));
  EXPECT_EQ(counts.total(), (Counts{1, 1}));
  counts.Advance(After(milliseconds(3000)));
  EXPECT_EQ(counts.total(), (Counts{0, 1}));
  counts.Advance(After(milliseconds(5000)));
  EXPECT_EQ(counts.total(), (Counts{0, 0}));
}

TEST(SlidingCountsTest, ForgetsAllAfterALongPause) {
  SlidingCounts<1> counts(seconds(3));
  counts.Add(0, kStart);
  counts.Advance(After(std::chrono::hours(1000)));
  EXPECT_EQ(counts.total()[0], 0);
}

TEST(SlidingCountsTest, CountsAnEarlierTimeAsTheLatest) {
  SlidingCounts<1> counts(seconds(3));
  counts.Add(0, After(seconds(10)));
  counts.Add(0, kStart);
  counts.Advance(After(seconds(12)));
  EXPECT_EQ(counts.total()[0], 2);
}

TEST(SlidingCountsTest, TellsWhenEnoughIsForgotten) {
  SlidingCounts<1> counts(seconds(5));
  counts.Add(0, kStart);
  counts.Add(0, After(seconds(2)));
  counts.Add(0, After(seconds(2)));
  const auto at_most = [](std::int64_t most) {
    return [most](const std::array<std::int64_t, 1>& left) { return left[0] <= most; };
  };
  EXPECT_EQ(counts.FirstWhen(at_most(2)), After(seconds(5)));
  EXPECT_EQ(counts.FirstWhen(at_most(1)), After(seconds(7)));
  EXPECT_EQ(counts.FirstWhen(at_most(-1)), After(seconds(7)));
}

TEST(SlidingCountsTest, AgreesWithCountingOneByOne) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    SeededRandom random(seed);
    SlidingCounts<1> counts(seconds(7));
    std::map<std::int64_t, std::int64_t> by_second;
    Timestamp now = kStart;
    for (int step = 0; step < 2000; ++step) {
      now += microseconds(std::llround(std::pow(random.Uniform01(), 8) * 20e6));
      const auto second = std::chrono::floor<seconds>(now).time_since_epoch().count();
      counts.Add(0, now);
      ++by_second[second];
      std::int64_t expected = 0;
      for (auto it = by_second.lower_bound(second - 6); it != by_second.end(); ++it) {
        expected += it->second;
      }
      ASSERT_EQ(counts.total()[0], expected) << "step " << step;
    }
  }
}

}  // namespace
}  // namespace postrider
