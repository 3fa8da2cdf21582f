#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/engine/lane_driver.h"

/// What a request was let out with comes back on every path.
namespace postrider::test {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

TEST(LanePermitsTest, ThePoolBoundsWhatIsInFlight) {
  LaneSettings settings;
  settings.concurrency = 8;
  settings.pool = 3;
  LaneDriver driver(settings);
  driver.Take({1, 2, 3, 4, 5});
  EXPECT_THAT(driver.Sent(), SizeIs(3));
  EXPECT_EQ(driver.lane.held(), Held::kPool);
}

TEST(LanePermitsTest, RequestsInFlightAtARecoveryKeepTheirPermits) {
  LaneSettings settings;
  settings.rate = {{2, seconds(10)}};
  LaneDriver driver(settings);
  driver.Take({1, 2, 3});
  driver.Written(1);
  driver.BeginEra();
  driver.Take({1, 2, 3});
  driver.EndRecovery();
  driver.AnswerQueries();
  EXPECT_THAT(driver.Sent(), ElementsAre(1, 2));
  driver.Written(2);
  driver.Answer(1, 200);
  driver.Answer(2, 200);
  driver.Settle();
  EXPECT_TRUE(driver.lane.idle() || driver.lane.held() == Held::kRate);
  EXPECT_EQ(driver.lane.admission().in_flight(), 0);
  EXPECT_EQ(driver.lane.admission().unsettled(), 0);
  driver.Pass(milliseconds(10400));
  EXPECT_THAT(driver.Sent(), ElementsAre(3));
}

TEST(LanePermitsTest, AStoppedLaneReturnsEveryPermit) {
  LaneSettings settings;
  settings.rate = {{5, seconds(10)}};
  LaneDriver driver(settings);
  driver.Take({1, 2, 3});
  driver.lane.Stop();
  driver.Answer(1, 200);
  driver.NotWritten(2);
  driver.NotBuilt(3, FailureClass::kLocal);
  driver.Settle();
  EXPECT_EQ(driver.lane.admission().in_flight(), 0);
  EXPECT_TRUE(driver.lane.idle());
}

TEST(LanePermitsTest, AnIntentHasItsPlaceInTheRateUntilItIsDropped) {
  LaneSettings settings;
  settings.after_unknown = AfterUnknown::kDead;
  settings.rate = {{1, seconds(10)}};
  LaneDriver driver(settings);
  driver.Take({1, 2});
  ASSERT_THAT(driver.unrecorded(), SizeIs(1));
  EXPECT_EQ(driver.lane.held(), Held::kRate);
  driver.Drop();
  ASSERT_THAT(driver.unrecorded(), SizeIs(1)) << "the other one intends";
  driver.Record();
  EXPECT_THAT(driver.Sent(), ElementsAre(2));
  EXPECT_EQ(driver.lane.admission().in_flight(), 1) << "one permit for intent and request";
  driver.Answer(2, 200);
  driver.Settle();
  EXPECT_EQ(driver.lane.admission().in_flight(), 0);
  EXPECT_EQ(driver.lane.admission().unsettled(), 0);
}

}  // namespace
}  // namespace postrider::test
