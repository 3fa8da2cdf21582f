#include "postrider/engine/feed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/engine/fake_log.h"

namespace postrider::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class FeedTest : public testing::Test {
 protected:
  FakePort port_;
  Feed feed_{Everything(), port_};
};

TEST_F(FeedTest, BeginsByRecovering) {
  EXPECT_TRUE(feed_.needs_recovery());
  feed_.BeginRecovery(4, false);
  EXPECT_EQ(feed_.era(), 4u);
  EXPECT_EQ(port_.reset_era, 4u);
  feed_.Recover({7, std::nullopt}, {20, {100, 100, {}}}, "canary");
  EXPECT_FALSE(feed_.needs_recovery());
  EXPECT_TRUE(feed_.recovering());
  EXPECT_EQ(port_.closed, 7);
  EXPECT_EQ(feed_.step()->after, 7);
  EXPECT_EQ(feed_.step()->high, 20);
  EXPECT_FALSE(feed_.step()->late) << "what is closed is settled in any snapshot";
}

TEST_F(FeedTest, APageOfTheFreshPartMovesThePosition) {
  feed_.FallOff({10, {100, 100, {}}}, std::nullopt);
  feed_.StepTo({20, {200, 200, {}}});
  feed_.FinishPart();
  feed_.Advance(15);
  EXPECT_EQ(feed_.position(), (Position{15, {200, 200, {}}}));
  feed_.FinishPart();
  EXPECT_EQ(feed_.position().high, 20);
  EXPECT_FALSE(feed_.step());
}

TEST_F(FeedTest, APageOfTheLatePartDoesNot) {
  feed_.FallOff({10, {100, 100, {}}}, std::nullopt);
  feed_.StepTo({20, {200, 200, {}}});
  feed_.Advance(3);
  EXPECT_EQ(feed_.position(), (Position{10, {100, 100, {}}})) << "only the whole of it counts";
  feed_.FinishPart();
  EXPECT_EQ(feed_.position(), (Position{10, {200, 200, {}}}));
}

TEST_F(FeedTest, AStepNeverLeadsBack) {
  feed_.FallOff({30, {100, 100, {}}}, std::nullopt);
  feed_.StepTo({20, {200, 200, {}}});
  EXPECT_EQ(feed_.step()->high, 30);
}

TEST_F(FeedTest, AChangedHistoryDropsItsMark) {
  feed_.FallOff({10, {100, 100, {}}}, std::nullopt);
  feed_.ObserveMarks(feed_.position(), 10, {0, 0, 0});
  feed_.ObserveMarks(feed_.position(), 10, {1, 1, 150});
  EXPECT_EQ(port_.mark, (Mark{10, 150}));
  feed_.BeginRecovery(2, false);
  EXPECT_EQ(port_.mark, (Mark{10, 150})) << "a new connection keeps it";
  feed_.BeginRecovery(3, true);
  EXPECT_EQ(port_.mark, std::nullopt);
}

TEST_F(FeedTest, AfterARecoveryTheSameMarkIsJudgedAgain) {
  feed_.Recover({0, Mark{5, 90}}, {20, {100, 100, {}}}, "canary");
  feed_.FinishPart();
  feed_.ObserveMarks(feed_.position(), 20, {});
  feed_.BeginRecovery(2, false);
  feed_.Recover({0, std::nullopt}, {20, {100, 100, {}}}, "canary");
  feed_.FinishPart();
  feed_.ObserveMarks(feed_.position(), 20, {});
  EXPECT_THAT(port_.judged, ElementsAre(5, 5)) << "the lane has forgotten that it was asked";
}

}  // namespace
}  // namespace postrider::test
