#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

#include "unit/engine/lane_driver.h"

namespace postrider::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

TEST(LaneKeysTest, SendsOneOfAKeyAtATime) {
  LaneDriver driver(LaneDriver::Ordered());
  driver.Take({1, 2}, "k");
  driver.Take({3}, "other");
  driver.Take({4});
  EXPECT_THAT(driver.Sent(), ElementsAre(1, 3, 4));
  driver.Answer(1, 200);
  EXPECT_THAT(driver.Sent(), ElementsAre(2)) << "before the first is recorded";
}

TEST(LaneKeysTest, ARetryHoldsUpItsOwnKeyOnly) {
  LaneDriver driver(LaneDriver::Ordered());
  driver.Take({1, 2}, "k");
  driver.Take({3, 4}, "other");
  driver.Sent();
  driver.Answer(1, 500);
  driver.Answer(3, 200);
  EXPECT_THAT(driver.Sent(), ElementsAre(4));
  driver.Settle();
  EXPECT_EQ(driver.Recorded(2).backlog->waiting_for, WaitingFor::kPredecessor);
  EXPECT_EQ(driver.Recorded(2).backlog->predecessor, 1);
  driver.Pass(seconds(5));
  driver.Settle();
  EXPECT_THAT(driver.Sent(), ElementsAre(1));
  driver.Answer(1, 200);
  driver.Settle();
  EXPECT_THAT(driver.Sent(), ElementsAre(2));
}

TEST(LaneKeysTest, WhatArrivesBehindARetryIsBlocked) {
  LaneDriver driver(LaneDriver::Ordered());
  driver.Take({1}, "k");
  driver.Answer(1, 500);
  driver.Settle();
  driver.Take({2, 3}, "k");
  driver.Settle();
  EXPECT_THAT(driver.Sent(), ElementsAre(1));
  EXPECT_EQ(driver.rows.at(3).entry.waiting_for, WaitingFor::kPredecessor);
}

TEST(LaneKeysTest, AfterDeadContinueTheNextGoes) {
  LaneDriver driver(LaneDriver::Ordered(AfterDead::kContinue));
  driver.Take({1, 2}, "k");
  driver.Answer(1, 400);
  EXPECT_THAT(driver.Sent(), ElementsAre(1, 2));
}

TEST(LaneKeysTest, AfterDeadBlockTheKeyWaitsForAPerson) {
  LaneDriver driver(LaneDriver::Ordered(AfterDead::kBlock));
  driver.Take({1, 2}, "k");
  driver.Answer(1, 400);
  driver.Settle();
  driver.Take({3}, "k");
  driver.Settle();
  EXPECT_THAT(driver.Sent(), ElementsAre(1));
  driver.PutBack(driver.Recorded(1).event);
  driver.Foreign({1});
  driver.Settle();
  EXPECT_THAT(driver.Sent(), ElementsAre(1));
  driver.Answer(1, 200);
  driver.Settle();
  EXPECT_THAT(driver.Sent(), ElementsAre(2));
  driver.Answer(2, 200);
  driver.Settle();
  EXPECT_THAT(driver.Sent(), ElementsAre(3));
}

TEST(LaneKeysTest, TheNextArrivalFindsThatTheDeadLetterWasResolved) {
  LaneDriver driver(LaneDriver::Ordered(AfterDead::kBlock));
  driver.Take({1}, "k");
  driver.Answer(1, 400);
  driver.Settle();
  driver.dead.clear();
  driver.Take({2}, "k");
  driver.Settle();
  EXPECT_THAT(driver.Sent(), ElementsAre(1, 2));
}

TEST(LaneKeysTest, AnAnswerFromBeforeADeathDoesNotResolveIt) {
  LaneDriver driver(LaneDriver::Ordered(AfterDead::kBlock));
  driver.Take({1}, "k");
  driver.Answer(1, 400);
  driver.Settle();
  driver.dead.clear();
  driver.Take({2, 3}, "k");
  driver.Record();
  ASSERT_THAT(driver.queries(), SizeIs(2)) << "each of them asks";
  driver.AnswerFirstQuery();
  EXPECT_THAT(driver.Sent(), ElementsAre(1, 2));
  driver.Answer(2, 400);
  driver.AnswerFirstQuery();  // no dead letter is open: that of 2 is not recorded yet
  driver.Settle();
  EXPECT_THAT(driver.Sent(), IsEmpty());
}

TEST(LaneKeysTest, NorOneThatIsAskedBeforeADeathIsRecordedAndComesAfterwards) {
  LaneDriver driver(LaneDriver::Ordered(AfterDead::kBlock));
  driver.Take({1}, "k");
  driver.Answer(1, 400);
  driver.Settle();
  driver.dead.clear();
  driver.Take({2, 3}, "k");
  driver.Record();
  driver.AnswerFirstQuery();
  driver.Sent();
  driver.Answer(2, 400);
  const auto rows_then = driver.rows;
  driver.Record();
  const auto dead_now = std::exchange(driver.dead, {});
  const auto rows_now = std::exchange(driver.rows, rows_then);
  driver.AnswerFirstQuery();  // it was answered before 2 was recorded, and arrives after it
  driver.rows = rows_now;
  driver.dead = dead_now;
  driver.Settle();
  EXPECT_THAT(driver.Sent(), IsEmpty());
}

TEST(LaneKeysTest, WhatAPersonReleasedLetsTheRestFollow) {
  LaneDriver driver(LaneDriver::Ordered(AfterDead::kBlock));
  driver.Take({1, 2, 3}, "k");
  driver.Answer(1, 400);
  driver.Settle();
  driver.dead.clear();
  driver.PutBack(driver.Recorded(2).event, 1);
  driver.Foreign({2});
  driver.Settle();
  EXPECT_THAT(driver.Sent(), ElementsAre(1, 2));
  driver.Answer(2, 200);
  driver.Settle();
  EXPECT_THAT(driver.Sent(), ElementsAre(3));
}

TEST(LaneKeysTest, WhatIsPutOffToItsTimeHoldsUpNobody) {
  LaneDriver driver(LaneDriver::Ordered());
  auto later = NewEvent(1, "k");
  later->deliver_after = driver.now + seconds(60);
  driver.Take({later, NewEvent(2, "k"), NewEvent(3, "k")});
  driver.Settle();
  EXPECT_THAT(driver.Sent(), ElementsAre(2));
  driver.Pass(seconds(60));
  driver.Settle();
  EXPECT_THAT(driver.Sent(), IsEmpty()) << "its time has come, and it takes its turn";
  driver.Answer(2, 200);
  EXPECT_THAT(driver.Sent(), ElementsAre(3));
  driver.Answer(3, 200);
  EXPECT_THAT(driver.Sent(), ElementsAre(1));
}

TEST(LaneKeysTest, ABusyKeyFillsAnEighthOfTheLaneAtMost) {
  LaneSettings settings = LaneDriver::Ordered();
  settings.max_events = 32;
  LaneDriver driver(settings);
  for (EventId id = 1; id <= 20; ++id) driver.Take({NewEvent(id, "k")});
  driver.Settle();
  EXPECT_EQ(driver.lane.room_events(), 32 - 5) << "the active one and four that wait";
  for (EventId id = 1; id <= 20; ++id) {
    EXPECT_THAT(driver.Sent(), ElementsAre(id));
    driver.Answer(id, 200);
    driver.Settle();
  }
  EXPECT_THAT(driver.rows, IsEmpty());
}

TEST(LaneKeysTest, ReplaysOfAKeyGoInTheOrderOfTheirIds) {
  LaneDriver driver(LaneDriver::Ordered());
  driver.Take({9, 10}, "k");
  for (const EventId id : {3, 4, 5}) driver.PutBack(NewEvent(id, "k"));
  driver.Foreign({5, 3, 4});
  driver.Settle();
  EXPECT_THAT(driver.Sent(), ElementsAre(9));
  for (const EventId id : {9, 3, 4, 5}) driver.Answer(id, 200);
  EXPECT_THAT(driver.Sent(), ElementsAre(3, 4, 5, 10));
}

TEST(LaneKeysTest, AReplayDoesNotLetOthersOvertakeARetry) {
  LaneDriver driver(LaneDriver::Ordered());
  driver.Take({10, 11}, "k");
  driver.Answer(10, 500);
  driver.Settle();
  driver.PutBack(NewEvent(3, "k"));
  driver.Foreign({3});
  driver.Settle();
  EXPECT_THAT(driver.Sent(), ElementsAre(10, 3)) << "an earlier one may go";
  driver.Answer(3, 200);
  driver.Settle();
  EXPECT_THAT(driver.Sent(), IsEmpty()) << "11 waits for 10";
  driver.Pass(seconds(5));
  driver.Settle();
  driver.Answer(10, 200);
  driver.Settle();
  EXPECT_THAT(driver.Sent(), ElementsAre(10, 11));
}

TEST(LaneKeysTest, AReplayThatHasToBeRetriedHoldsUpLaterOnes) {
  LaneDriver driver(LaneDriver::Ordered());
  for (const EventId id : {3, 4}) driver.PutBack(NewEvent(id, "k"));
  driver.Foreign({3, 4});
  driver.Settle();
  driver.Answer(3, 500);
  driver.Settle();
  EXPECT_THAT(driver.Sent(), ElementsAre(3));
  EXPECT_EQ(driver.rows.at(4).entry.waiting_for, WaitingFor::kReplay) << "it stays where it is";
  driver.Pass(seconds(5));
  driver.Settle();
  driver.Answer(3, 200);
  driver.Settle();
  EXPECT_THAT(driver.Sent(), ElementsAre(3, 4));
}

TEST(LaneKeysTest, HundredsOfReplaysOfOneKeyGoInOrderAndLeaveRoomForOthers) {
  LaneSettings settings = LaneDriver::Ordered();
  settings.max_events = 64;
  LaneDriver driver(settings);
  for (EventId id = 1; id <= 300; ++id) driver.PutBack(NewEvent(id, "k"));
  driver.PutBack(NewEvent(301, "other"));
  std::vector<DueOrder> rows;
  for (const auto& [id, row] : driver.rows) rows.push_back({row.entry.due_at, id});
  driver.lane.OnForeignRows(rows);
  driver.Pump();
  driver.Settle();
  EXPECT_THAT(driver.Sent(), ElementsAre(1, 301)) << "the other key does not wait for 300";
  for (EventId id = 1; id <= 300; ++id) {
    driver.Answer(id, 200);
    driver.Settle();
    if (id < 300) {
      EXPECT_THAT(driver.Sent(), ElementsAre(id + 1));
    }
  }
}

TEST(LaneKeysTest, AHeadWhoseRecordWasDroppedHoldsUpNothing) {
  LaneDriver driver(LaneDriver::Ordered());
  driver.Take({1}, "k");
  driver.Answer(1, 500);
  driver.Drop();
  driver.Take({2}, "k");
  driver.Settle();
  EXPECT_THAT(driver.Sent(), ElementsAre(1, 2));
}

TEST(LaneKeysTest, ABlockedOneWhoseRecordWasDroppedHoldsUpNothing) {
  LaneDriver driver(LaneDriver::Ordered());
  driver.Take({1}, "k");
  driver.Answer(1, 500);
  driver.Settle();
  driver.Take({2}, "k");
  driver.Drop();
  driver.Take({3}, "k");
  driver.Settle();
  driver.Pass(seconds(5));
  driver.Settle();
  driver.Answer(1, 200);
  driver.Settle();
  EXPECT_THAT(driver.Sent(), ElementsAre(1, 1, 3));
}

TEST(LaneKeysTest, AHeadWhoseRowIsGoneHoldsUpNothing) {
  LaneDriver driver(LaneDriver::Ordered());
  driver.Take({1, 2}, "k");
  driver.Answer(1, 500);
  driver.Settle();
  driver.rows.erase(1);
  driver.Pass(seconds(5));
  driver.Settle();
  EXPECT_THAT(driver.Sent(), ElementsAre(1, 2));
}

TEST(LaneKeysTest, OneThatIsPutBackWhileItsEndIsBeingRecordedComesBackBeforeTheRest) {
  LaneDriver driver(LaneDriver::Ordered());
  driver.Take({1}, "k");
  driver.Answer(1, 400);
  // The row of the replay is read before the lane is told that the dead letter is durable.
  driver.PutBack(driver.unrecorded().front().event);
  driver.Foreign({1});
  driver.AnswerQueries();
  driver.PutBack(NewEvent(2, "k"));
  driver.Foreign({2});
  driver.AnswerQueries();
  EXPECT_THAT(driver.Sent(), ElementsAre(1)) << "2 waits for 1, which comes back";
  driver.lane.OnSettled({1});
  driver.Pump();
  driver.AnswerQueries();
  EXPECT_THAT(driver.Sent(), ElementsAre(1));
  driver.Answer(1, 200);
  driver.AnswerQueries();
  EXPECT_THAT(driver.Sent(), ElementsAre(2));
}

TEST(LaneKeysTest, AHeadThatEndedAfterTheKeysWereReadDoesNotHoldUpItsKey) {
  LaneDriver driver(LaneDriver::Ordered());
  driver.PutBack(NewEvent(1, "k"));
  driver.rows.at(1).entry.waiting_for = WaitingFor::kRetry;
  driver.rows.at(1).entry.due_at = driver.now + seconds(60);
  driver.rows.at(1).entry.first_attempt_at = driver.now;
  driver.BeginEra();
  driver.EndRecovery();
  driver.Take({2}, "k");
  while (!driver.queries().empty() && driver.queries().front().kind != BacklogQuery::Kind::kKeys) {
    driver.AnswerFirstQuery();
  }
  ASSERT_FALSE(driver.queries().empty());
  driver.AnswerFirstQuery();
  driver.rows.erase(1);  // a former owner's late report: it was delivered
  driver.Settle();
  driver.Settle();
  EXPECT_THAT(driver.Sent(), ElementsAre(2));
}

TEST(LaneKeysTest, WhatIsBlockedWaitsForTheRecoveryToPassIt) {
  LaneDriver driver(LaneDriver::Ordered());
  driver.PutBack(NewEvent(20, "k"));
  driver.rows.at(20).entry.waiting_for = WaitingFor::kPredecessor;
  driver.BeginEra();
  driver.Take({5});
  driver.Settle();
  EXPECT_THAT(driver.Sent(), ElementsAre(5)) << "an earlier one of its key may still come";
  driver.Take({10}, "k");
  driver.Settle();
  EXPECT_THAT(driver.Sent(), ElementsAre(10));
  driver.Answer(10, 200);
  driver.Settle();
  EXPECT_THAT(driver.Sent(), IsEmpty());
  driver.EndRecovery();
  driver.Settle();
  EXPECT_THAT(driver.Sent(), ElementsAre(20));
}

TEST(LaneKeysTest, WhatTheRecoveryHasGivenGoesBeforeWhatIsBlockedBehindIt) {
  LaneDriver driver(LaneDriver::Ordered());
  driver.PutBack(NewEvent(20, "k"));
  driver.rows.at(20).entry.waiting_for = WaitingFor::kPredecessor;
  driver.BeginEra();
  driver.Take({10}, "k");
  driver.Take({25});  // so 20 has been passed
  while (driver.lane.stats().sending == 0) driver.AnswerFirstQuery();
  EXPECT_THAT(driver.Sent(), ElementsAre(25));
  while (!driver.queries().empty()) driver.AnswerFirstQuery();
  EXPECT_THAT(driver.Sent(), IsEmpty()) << "the row of 10 is not durable yet";
  driver.Settle();
  EXPECT_THAT(driver.Sent(), ElementsAre(10));
  driver.Answer(10, 200);
  driver.Settle();
  EXPECT_THAT(driver.Sent(), ElementsAre(20));
}

}  // namespace
}  // namespace postrider::test
