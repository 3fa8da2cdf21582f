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

TEST(LaneSettingsTest, ThePoolBoundsWhatIsInFlight) {
  DestinationSettings destination;
  destination.concurrency = 16;
  destination.http.pool.size = 5;
  EXPECT_EQ(Shard(destination, 0).concurrency, 5);
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
