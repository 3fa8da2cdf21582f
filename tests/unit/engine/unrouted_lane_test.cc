#include "postrider/engine/unrouted_lane.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

#include "unit/engine/events.h"

namespace postrider::test {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

class UnroutedLaneTest : public testing::Test, private LaneEffects, private LaneObserver {
 protected:
  void Use(UnroutedSettings settings) {
    LaneEffects& effects = *this;
    LaneObserver& observer = *this;
    lane_.emplace(settings, 5, 10, 1000, effects, observer);
  }
  void SetUp() override {
    Use({seconds(60), true});
    lane_->Reset(1);
  }
  void Take(const EventRef& event) { lane_->Take({event}, canary_, At(0)); }
  Timestamp At(int second) const { return recorded_ + seconds(second); }
  std::shared_ptr<Event> Unrouted(EventId id) const {
    auto event = NewEvent(id);
    event->identity.recorded_at = recorded_;
    return event;
  }

  std::optional<UnroutedLane> lane_;
  std::vector<Settlement> settled_;
  const Timestamp recorded_{std::chrono::hours(400000)};
  const std::shared_ptr<const std::string> canary_ = std::make_shared<const std::string>("c");

 private:
  void Start(Send) override { FAIL() << "it sends nothing"; }
  void Settle(Settlement settlement) override { settled_.push_back(std::move(settlement)); }
  void Ask(BacklogQuery) override { FAIL() << "it has no backlog"; }
  std::optional<Emitted> FollowUp(const Event&, const Outcome&, const HttpAnswer*) override {
    return std::nullopt;
  }
  void Pause(const PauseCause& /*cause*/) override { FAIL() << "nothing can be paused"; }
};

TEST_F(UnroutedLaneTest, DeadLettersWhatNobodyHasTakenInTime) {
  Take(Unrouted(1));
  EXPECT_EQ(lane_->NextWake(), At(60));
  lane_->Pump(At(59));
  EXPECT_THAT(settled_, IsEmpty());
  lane_->Pump(At(60));
  ASSERT_THAT(settled_, SizeIs(1));
  EXPECT_EQ(settled_[0].outcome->state, OutcomeState::kDead);
  EXPECT_EQ(settled_[0].outcome->reason, DeadReason::kNoRoute);
  EXPECT_EQ(settled_[0].lane.destination, kUnrouted);
  EXPECT_EQ(settled_[0].epoch, 5);
}

TEST_F(UnroutedLaneTest, LeavesWhatSomebodyTakesByThen) {
  Take(Unrouted(1));
  Subscription subscription;
  subscription.destination = 1;
  subscription.topics = {{"t", 0}};
  lane_->SetSubscriptions({subscription});
  lane_->Pump(At(60));
  EXPECT_THAT(settled_, IsEmpty());
  EXPECT_EQ(lane_->stats().queued, 0u);
}

TEST_F(UnroutedLaneTest, IgnoresWhatItShallIgnore) {
  Use({seconds(60), false});
  Take(Unrouted(1));
  lane_->Pump(At(60));
  EXPECT_THAT(settled_, IsEmpty());
}

TEST_F(UnroutedLaneTest, TakesAnEventOnce) {
  const EventRef event = Unrouted(1);
  Take(event);
  Take(event);
  lane_->Pump(At(60));
  EXPECT_THAT(settled_, SizeIs(1));
}

TEST_F(UnroutedLaneTest, ClosesAPlaceWhenAllBelowItIsOver) {
  Take(Unrouted(1));
  lane_->Judge(1);
  lane_->Pump(At(60));
  EXPECT_EQ(lane_->closed_up_to(), 0);
  EXPECT_FALSE(lane_->idle());
  lane_->OnSettled({1});
  EXPECT_EQ(lane_->closed_up_to(), 1);
  EXPECT_TRUE(lane_->idle());
}

TEST_F(UnroutedLaneTest, AnEraForgetsWhatWaits) {
  Take(Unrouted(1));
  lane_->Reset(2);
  EXPECT_EQ(lane_->room_events(), 10);
  lane_->Pump(At(60));
  EXPECT_THAT(settled_, IsEmpty());
}

TEST_F(UnroutedLaneTest, AnotherEventOfTheSameIdWaitsUntilTheIdIsFree) {
  Take(Unrouted(1));
  lane_->Pump(At(60));
  lane_->Reset(2);
  auto stranger = Unrouted(1);
  stranger->identity.xid = 7;
  Take(stranger);
  lane_->Pump(At(60));
  EXPECT_THAT(settled_, SizeIs(1));
  lane_->OnDropped({1});
  lane_->Pump(At(60));
  ASSERT_THAT(settled_, SizeIs(2));
  EXPECT_EQ(settled_[1].event->identity.xid, 7u);
}

TEST_F(UnroutedLaneTest, OnceStoppedItDecidesNothing) {
  Take(Unrouted(1));
  lane_->Stop();
  lane_->Pump(At(60));
  EXPECT_THAT(settled_, IsEmpty());
  EXPECT_EQ(lane_->NextWake(), kNever);
}

}  // namespace
}  // namespace postrider::test
