#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/engine/lane_driver.h"

namespace postrider::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(LaneRecoveryTest, SendsWhatIsInFlightOnceThoughItIsReadAgain) {
  LaneDriver driver;
  const EventRef event = NewEvent(1);
  driver.Take({event});
  driver.BeginEra();
  driver.Take({event});
  driver.EndRecovery();
  EXPECT_THAT(driver.Sent(), ElementsAre(1));
  driver.Answer(1, 200);
  driver.Record();
  EXPECT_EQ(driver.OutcomeOf(1), OutcomeState::kDelivered);
}

TEST(LaneRecoveryTest, DoesNotTakeAgainWhatWasRecordedWhileItsPageWasOnItsWay) {
  LaneDriver driver;
  const EventRef event = NewEvent(1);
  driver.Take({event});
  driver.Answer(1, 200);
  driver.BeginEra();
  driver.Record();
  driver.Take({event});
  driver.EndRecovery();
  EXPECT_THAT(driver.Sent(), ElementsAre(1));
}

TEST(LaneRecoveryTest, ForgetsWhatIsQueued) {
  LaneSettings settings;
  settings.concurrency = 1;
  LaneDriver driver(settings);
  driver.Take({1, 2});
  driver.BeginEra();
  driver.EndRecovery();
  driver.Answer(1, 200);
  driver.Settle();
  EXPECT_THAT(driver.Sent(), ElementsAre(1)) << "2 was not read again";
}

TEST(LaneRecoveryTest, AnotherEventOfTheSameIdWaitsUntilTheIdIsFree) {
  LaneDriver driver;
  driver.Take({1});
  driver.BeginEra();
  auto stranger = NewEvent(1);
  stranger->identity.xid = 7;
  driver.Take({stranger});
  driver.EndRecovery();
  EXPECT_THAT(driver.Sent(), ElementsAre(1));
  driver.Answer(1, 200);
  driver.Drop();
  EXPECT_THAT(driver.Sent(), ElementsAre(1));
  EXPECT_EQ(driver.sends().back().event->identity.xid, 7u);
}

TEST(LaneRecoveryTest, WhatFollowsSuchAnEventInItsKeyWaitsToo) {
  LaneDriver driver(LaneDriver::Ordered());
  driver.Take({1});
  driver.BeginEra();
  auto stranger = NewEvent(1, "k");
  stranger->identity.xid = 7;
  driver.Take({stranger, NewEvent(2, "k")});
  driver.EndRecovery();
  driver.Settle();
  EXPECT_THAT(driver.Sent(), ElementsAre(1));
  driver.Answer(1, 200);
  driver.Settle();
  EXPECT_THAT(driver.Sent(), ElementsAre(1));
  driver.Answer(1, 200);
  driver.Settle();
  EXPECT_THAT(driver.Sent(), ElementsAre(2));
}

TEST(LaneRecoveryTest, SendsNothingOfAKeyBeforeTheBacklogIsKnown) {
  LaneDriver driver(LaneDriver::Ordered());
  driver.BeginEra();
  driver.Take({1}, "k");
  EXPECT_THAT(driver.Sent(), IsEmpty());
  driver.AnswerQueries();
  EXPECT_THAT(driver.Sent(), ElementsAre(1));
}

TEST(LaneRecoveryTest, WhatIsInFlightKeepsItsKey) {
  LaneDriver driver(LaneDriver::Ordered());
  driver.Take({1}, "k");
  driver.BeginEra();
  driver.Take({2}, "k");
  driver.EndRecovery();
  driver.Settle();
  EXPECT_THAT(driver.Sent(), ElementsAre(1));
  driver.Answer(1, 200);
  EXPECT_THAT(driver.Sent(), ElementsAre(2));
}

TEST(LaneRecoveryTest, ARetryThatIsBeingRecordedKeepsItsKey) {
  LaneDriver driver(LaneDriver::Ordered());
  driver.Take({1}, "k");
  driver.Answer(1, 500);
  driver.BeginEra();
  driver.Take({2}, "k");
  driver.EndRecovery();
  driver.AnswerQueries();
  driver.Settle();
  EXPECT_THAT(driver.Sent(), ElementsAre(1));
}

TEST(LaneRecoveryTest, ARetryThatIsDroppedAfterItsPlaceWasRestoredHoldsUpNothing) {
  LaneDriver driver(LaneDriver::Ordered());
  driver.Take({1}, "k");
  driver.Answer(1, 500);
  driver.BeginEra();
  driver.EndRecovery();
  driver.AnswerQueries();
  driver.Drop();
  driver.Take({2}, "k");
  driver.Settle();
  EXPECT_THAT(driver.Sent(), ElementsAre(1, 2));
}

TEST(LaneRecoveryTest, ARetryThatBecameDurableAfterTheKeysWereReadKeepsItsKey) {
  LaneDriver driver(LaneDriver::Ordered());
  driver.Take({1}, "k");
  driver.Answer(1, 500);
  driver.BeginEra();
  driver.Take({2}, "k");
  driver.Record();  // the keys have been asked for, and what was read does not know of it
  driver.rows.erase(1);
  driver.AnswerQueries();
  EXPECT_THAT(driver.Sent(), ElementsAre(1));
}

TEST(LaneRecoveryTest, AnEndThatBecameDurableAfterTheKeysWereReadFreesItsKey) {
  LaneDriver driver(LaneDriver::Ordered());
  driver.Take({1}, "k");
  driver.Answer(1, 500);
  driver.Settle();
  const StoredDelivery row = driver.rows.at(1);
  driver.Pass(seconds(5));
  driver.Settle();
  driver.Answer(1, 200);
  driver.BeginEra();
  driver.Take({2}, "k");
  driver.Record();
  driver.rows[1] = row;  // the keys were read while its row was still there
  driver.AnswerQueries();
  EXPECT_THAT(driver.Sent(), ElementsAre(1, 1, 2));
}

TEST(LaneRecoveryTest, WhatIsPutOffToItsTimeHasNoPlaceAfterwards) {
  LaneDriver driver(LaneDriver::Ordered());
  auto later = NewEvent(1, "k");
  later->deliver_after = driver.now + seconds(60);
  driver.Take({later});
  driver.BeginEra();
  driver.Take({2}, "k");
  driver.EndRecovery();
  driver.Settle();
  EXPECT_THAT(driver.Sent(), ElementsAre(2));
}

TEST(LaneRecoveryTest, AllHeadsOfTheBacklogGoBeforeWhatIsBlocked) {
  LaneDriver driver(LaneDriver::Ordered());
  driver.Take({10, 11}, "k");
  driver.Answer(10, 500);
  driver.Settle();
  driver.PutBack(NewEvent(3, "k"));
  driver.BeginEra();
  driver.EndRecovery();
  driver.Settle();
  EXPECT_THAT(driver.Sent(), ElementsAre(10, 3));
  driver.Answer(3, 200);
  driver.Settle();
  EXPECT_THAT(driver.Sent(), IsEmpty()) << "10 has still to be retried";
  driver.Pass(seconds(5));
  driver.Settle();
  driver.Answer(10, 200);
  driver.Settle();
  EXPECT_THAT(driver.Sent(), ElementsAre(10, 11));
}

TEST(LaneRecoveryTest, AnOpenDeadLetterStillBlocksItsKey) {
  LaneDriver driver(LaneDriver::Ordered(AfterDead::kBlock));
  driver.Take({1}, "k");
  driver.Answer(1, 400);
  driver.Settle();
  driver.BeginEra();
  driver.Take({2}, "k");
  driver.EndRecovery();
  driver.Settle();
  EXPECT_THAT(driver.Sent(), ElementsAre(1));
}

TEST(LaneRecoveryTest, AnswersOfTheEraBeforeAreIgnored) {
  LaneDriver driver(LaneDriver::Ordered());
  driver.Take({1}, "k");
  driver.Answer(1, 500);
  driver.Settle();
  driver.Pass(seconds(5));
  ASSERT_THAT(driver.queries(), testing::SizeIs(1));
  BacklogReply old;
  old.query = driver.queries().front();
  old.deliveries = {driver.rows.at(1)};
  driver.BeginEra();
  driver.lane.OnReply(old, driver.now);
  driver.Pump();
  EXPECT_THAT(driver.Sent(), ElementsAre(1));
}

// -- What is closed -------------------------------------------------------------------------------

TEST(LaneClosingTest, APlaceIsClosedWhenAllBelowItIsRecorded) {
  LaneDriver driver;
  driver.Take({1, 2, 3});
  driver.lane.Judge(2);
  driver.Answer(1, 200);
  driver.Answer(2, 500);
  EXPECT_EQ(driver.lane.closed_up_to(), 0);
  driver.Record();
  EXPECT_EQ(driver.lane.closed_up_to(), 2) << "ended, or in the backlog";
}

TEST(LaneClosingTest, WhatCameFromTheBacklogKeepsNoPlaceOpen) {
  LaneDriver driver;
  driver.PutBack(NewEvent(1));
  driver.Foreign({1});
  driver.Settle();
  ASSERT_THAT(driver.Sent(), ElementsAre(1));
  driver.lane.Judge(5);
  EXPECT_EQ(driver.lane.closed_up_to(), 5) << "its row is there until it has ended";
}

TEST(LaneClosingTest, ForgettingAQueueClosesNothing) {
  LaneDriver driver;
  driver.lane.SetPaused(true);
  driver.Take({1});
  driver.lane.Judge(1);
  driver.BeginEra();
  EXPECT_EQ(driver.lane.closed_up_to(), 0);
}

TEST(LaneClosingTest, AStoppedLaneClosesNothing) {
  LaneDriver driver;
  driver.lane.Stop();
  driver.lane.Judge(5);
  EXPECT_EQ(driver.lane.closed_up_to(), 0) << "what came since has not been taken";
}

TEST(LaneClosingTest, AnEventWhoseIdIsTakenKeepsItsPlaceOpen) {
  LaneDriver driver;
  driver.Take({1});
  driver.BeginEra();
  auto stranger = NewEvent(1);
  stranger->identity.xid = 7;
  driver.Take({stranger});
  driver.EndRecovery();
  driver.lane.Judge(1);
  driver.Answer(1, 200);
  driver.Drop();
  EXPECT_EQ(driver.lane.closed_up_to(), 0) << "the new one is in flight";
  driver.Answer(1, 200);
  driver.Record();
  EXPECT_EQ(driver.lane.closed_up_to(), 1);
}

}  // namespace
}  // namespace postrider::test
