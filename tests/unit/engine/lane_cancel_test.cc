#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/engine/lane_driver.h"

namespace postrider::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

TEST(LaneCancelTest, WhatIsQueuedIsCancelled) {
  LaneDriver driver;
  driver.lane.SetPaused(true);
  const EventRef event = NewEvent(1);
  driver.Take({event});
  driver.Cancel(event);
  driver.Record();
  EXPECT_EQ(driver.OutcomeOf(1), OutcomeState::kCancelled);
  EXPECT_TRUE(driver.Recorded(1).answers_cancel);
  EXPECT_FALSE(driver.Recorded(1).emitted) << "on_dead is not for what a person cancelled";
  driver.lane.SetPaused(false);
  driver.Pump();
  EXPECT_THAT(driver.Sent(), IsEmpty());
}

TEST(LaneCancelTest, WhatIsInFlightGoesOn) {
  LaneDriver driver;
  const EventRef event = NewEvent(1);
  driver.Take({event});
  driver.Cancel(event);
  driver.Record();
  EXPECT_TRUE(driver.Recorded(1).answers_cancel);
  EXPECT_FALSE(driver.Recorded(1).outcome) << "in flight";
  driver.Answer(1, 200);
  driver.Record();
  EXPECT_EQ(driver.OutcomeOf(1), OutcomeState::kDelivered);
}

TEST(LaneCancelTest, WhatIsBeingRecordedIsAnsweredWithWhatItIs) {
  LaneDriver driver;
  const EventRef event = NewEvent(1);
  driver.Take({event});
  driver.Answer(1, 200);
  driver.Cancel(event);
  ASSERT_THAT(driver.unrecorded(), SizeIs(2));
  EXPECT_TRUE(driver.unrecorded()[1].answers_cancel);
  EXPECT_FALSE(driver.unrecorded()[1].outcome);
}

TEST(LaneCancelTest, ARetryIsCancelledInTheBacklogWithItsAttempts) {
  LaneDriver driver;
  const EventRef event = NewEvent(1);
  driver.Take({event});
  driver.Answer(1, 500);
  driver.Settle();
  driver.Cancel(event);
  driver.Settle();
  EXPECT_EQ(driver.OutcomeOf(1), OutcomeState::kCancelled);
  EXPECT_EQ(driver.Recorded(1).outcome->attempts, 1);
  EXPECT_THAT(driver.rows, IsEmpty());
  driver.Pass(seconds(3600));
  driver.Settle();
  EXPECT_THAT(driver.Sent(), ElementsAre(1));
}

TEST(LaneCancelTest, ARetryThatIsBeingParkedIsCancelledWhenItIs) {
  LaneDriver driver;
  const EventRef event = NewEvent(1);
  driver.Take({event});
  driver.Answer(1, 500);
  driver.Cancel(event);
  EXPECT_THAT(driver.unrecorded(), SizeIs(1)) << "its row is not there yet";
  driver.Settle();
  EXPECT_EQ(driver.OutcomeOf(1), OutcomeState::kCancelled);
}

TEST(LaneCancelTest, TheSuccessorsOfACancelledHeadGoOn) {
  LaneDriver driver(LaneDriver::Ordered());
  const EventRef event = NewEvent(1, "k");
  driver.Take({event, NewEvent(2, "k")});
  driver.Answer(1, 500);
  driver.Settle();
  EXPECT_THAT(driver.Sent(), ElementsAre(1));
  driver.Cancel(event);
  driver.Settle();
  EXPECT_EQ(driver.OutcomeOf(1), OutcomeState::kCancelled);
  EXPECT_THAT(driver.Sent(), ElementsAre(2));
}

TEST(LaneCancelTest, OneThatWaitsInItsKeyIsLeftOut) {
  LaneDriver driver(LaneDriver::Ordered());
  const EventRef event = NewEvent(2, "k");
  driver.Take({NewEvent(1, "k"), event, NewEvent(3, "k")});
  driver.Cancel(event);
  driver.Settle();
  driver.Answer(1, 200);
  EXPECT_THAT(driver.Sent(), ElementsAre(1, 3));
}

TEST(LaneCancelTest, ABlockedOneIsLeftOut) {
  LaneDriver driver(LaneDriver::Ordered());
  const EventRef event = NewEvent(2, "k");
  driver.Take({NewEvent(1, "k"), event, NewEvent(3, "k")});
  driver.Answer(1, 500);
  driver.Settle();
  driver.Cancel(event);
  driver.Settle();
  EXPECT_EQ(driver.OutcomeOf(2), OutcomeState::kCancelled);
  driver.Pass(seconds(5));
  driver.Settle();
  driver.Answer(1, 200);
  driver.Settle();
  EXPECT_THAT(driver.Sent(), ElementsAre(1, 1, 3));
}

TEST(LaneCancelTest, TheLastBlockedOneLeavesTheKeyFree) {
  LaneDriver driver(LaneDriver::Ordered());
  const EventRef event = NewEvent(2, "k");
  driver.Take({NewEvent(1, "k"), event});
  driver.Answer(1, 500);
  driver.Settle();
  driver.Cancel(event);
  driver.Settle();
  driver.Pass(seconds(5));
  driver.Settle();
  driver.Answer(1, 200);
  driver.Settle();
  driver.Take({3}, "k");
  EXPECT_THAT(driver.Sent(), ElementsAre(1, 1, 3));
}

TEST(LaneCancelTest, WhatTheLogHasNotBroughtYetIsNotTakenLater) {
  LaneDriver driver;
  const EventRef event = NewEvent(7);
  driver.Cancel(event);
  driver.Settle();
  EXPECT_EQ(driver.OutcomeOf(7), OutcomeState::kCancelled);
  driver.Take({event});
  EXPECT_THAT(driver.Sent(), IsEmpty());
}

TEST(LaneCancelTest, NothingIsClosedOverACancellationThatIsNotRecorded) {
  LaneDriver driver;
  driver.Cancel(NewEvent(7));
  driver.AnswerQueries();
  ASSERT_THAT(driver.unrecorded(), SizeIs(1));
  driver.lane.Judge(7);
  EXPECT_EQ(driver.lane.closed_up_to(), 0);
  driver.Record();
  EXPECT_EQ(driver.lane.closed_up_to(), 7);
}

TEST(LaneCancelTest, ACancellationThatCameAfterItsPlaceWasJudgedDoesNotCloseItTooEarly) {
  LaneDriver driver;
  driver.Take({1, 2});
  driver.Answer(1, 200);
  driver.Record();
  driver.lane.Judge(2);
  driver.Cancel(NewEvent(1));  // it has ended, which was not known when the request was read
  driver.Settle();
  EXPECT_EQ(driver.lane.closed_up_to(), 0) << "2 is in flight";
  driver.Answer(2, 200);
  driver.Record();
  EXPECT_EQ(driver.lane.closed_up_to(), 2);
}

TEST(LaneCancelTest, WhatHasEndedIsOnlyAnswered) {
  LaneDriver driver;
  driver.Cancel(NewEvent(1), true);
  driver.Settle();
  EXPECT_TRUE(driver.Recorded(1).answers_cancel);
  EXPECT_FALSE(driver.Recorded(1).outcome);
}

TEST(LaneCancelTest, ARequestThatIsReadBeforeTheRecoveryComesInTime) {
  LaneDriver driver;
  const EventRef event = NewEvent(1);
  driver.BeginEra();
  driver.Cancel(event);
  driver.Take({event});
  driver.EndRecovery();
  driver.Settle();
  EXPECT_THAT(driver.Sent(), IsEmpty());
  EXPECT_EQ(driver.OutcomeOf(1), OutcomeState::kCancelled);
}

TEST(LaneCancelTest, ARequestDoesNotMeanAnotherEventOfTheSameId) {
  LaneDriver driver;
  driver.Take({1});
  driver.BeginEra();
  auto stranger = NewEvent(1);
  stranger->identity.xid = 7;
  driver.Cancel(stranger);
  driver.Take({stranger});
  driver.EndRecovery();
  driver.Answer(1, 200);
  EXPECT_EQ(driver.unrecorded().size(), 1u) << "the old one is in flight, and is not asked about";
  driver.Drop();
  driver.Settle();
  EXPECT_EQ(driver.OutcomeOf(1), OutcomeState::kCancelled);
  EXPECT_THAT(driver.Sent(), ElementsAre(1));
}

TEST(LaneCancelTest, ALargeBodyThatIsBeingReadIsNotSentAnyMore) {
  LaneDriver driver;
  auto event = NewEvent(1);
  event->body_deferred = true;
  event->body_bytes = 10;
  driver.Take({event});
  driver.Cancel(event);
  driver.AnswerQueries();
  driver.Settle();
  EXPECT_THAT(driver.Sent(), IsEmpty());
  EXPECT_EQ(driver.lane.stats().bytes, 0);
}

}  // namespace
}  // namespace postrider::test
