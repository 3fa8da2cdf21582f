#include "postrider/engine/lane_settings.h"

#include <gtest/gtest.h>

namespace postrider {
namespace {

LaneSettings Shard(const DestinationSettings& destination, std::int16_t shard) {
  return MakeLaneSettings(destination, {1, shard}, seconds(15), 1000);
}

TEST(LaneSettingsTest, ShardsShareTheConcurrency) {
  DestinationSettings destination;
  destination.concurrency = 10;
  destination.shards = 4;
  int sum = 0;
  for (std::int16_t shard = 0; shard < 4; ++shard) sum += Shard(destination, shard).concurrency;
  EXPECT_EQ(sum, 10);
  EXPECT_EQ(Shard(destination, 0).concurrency, 3) << "the rest goes to the first";
  EXPECT_EQ(Shard(destination, 3).concurrency, 2);
}

TEST(LaneSettingsTest, EveryShardSendsSomething) {
  DestinationSettings destination;
  destination.concurrency = 2;
  destination.shards = 4;
  EXPECT_EQ(Shard(destination, 3).concurrency, 1);
}

TEST(LaneSettingsTest, ShardsShareThePoolTheRatesAndTheLimitOfDeadLetters) {
  DestinationSettings destination;
  destination.shards = 4;
  destination.http.pool.size = 6;
  destination.rate = {{10, seconds(1)}, {101, seconds(60)}};
  destination.dead_limit = RateWindow{9, seconds(600)};
  const LaneSettings first = Shard(destination, 0);
  EXPECT_EQ(first.pool, 2);
  EXPECT_EQ(first.rate, (std::vector<RateWindow>{{3, seconds(1)}, {26, seconds(60)}}));
  EXPECT_EQ(first.dead_limit, (RateWindow{3, seconds(600)}));
  const LaneSettings last = Shard(destination, 3);
  EXPECT_EQ(last.pool, 1);
  EXPECT_EQ(last.rate, (std::vector<RateWindow>{{2, seconds(1)}, {25, seconds(60)}}));
  EXPECT_EQ(last.dead_limit, (RateWindow{2, seconds(600)}));
}

TEST(LaneSettingsTest, WithoutAPoolSizeTheConcurrencyIsTheBound) {
  EXPECT_EQ(Shard({}, 0).pool, 0);
}

TEST(LaneSettingsTest, APolicyThatIsOffIsOff) {
  DestinationSettings destination;
  destination.breaker.reset();
  destination.dead_limit.reset();
  const LaneSettings lane = Shard(destination, 0);
  EXPECT_FALSE(lane.breaker);
  EXPECT_FALSE(lane.dead_limit);
  EXPECT_TRUE(lane.rate.empty());
}

TEST(LaneSettingsTest, UnsettledDefaultsToTheLargerOf64AndTwiceTheConcurrency) {
  DestinationSettings destination;
  destination.concurrency = 16;
  EXPECT_EQ(Shard(destination, 0).max_unsettled, 64);
  destination.concurrency = 100;
  EXPECT_EQ(Shard(destination, 0).max_unsettled, 200);
  destination.max_unsettled = 7;
  EXPECT_EQ(Shard(destination, 0).max_unsettled, 7);
}

}  // namespace
}  // namespace postrider
