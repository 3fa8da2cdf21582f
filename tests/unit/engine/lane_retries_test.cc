#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/engine/lane_driver.h"

namespace postrider::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

LaneSettings Attempts(int attempts) {
  LaneSettings settings;
  settings.retries.attempts = attempts;
  settings.retries.first = seconds(5);
  settings.retries.factor = 4;
  return settings;
}

HttpAnswer Failed(FailureClass failure, bool maybe_sent) {
  HttpAnswer answer;
  answer.failure = failure;
  answer.maybe_sent = maybe_sent;
  return answer;
}

TEST(LaneRetriesTest, TriesAgainWhenItsScheduleSays) {
  LaneDriver driver(Attempts(12));
  driver.Take({1});
  driver.Answer(1, 500);
  driver.Settle();
  EXPECT_EQ(driver.Recorded(1).backlog->due_at, driver.now + seconds(5));
  EXPECT_THAT(driver.Sent(), ElementsAre(1));
  driver.Pass(seconds(5));
  driver.Settle();
  ASSERT_THAT(driver.Sent(), ElementsAre(1));
  EXPECT_EQ(driver.sends().back().attempt, 2);
  driver.Answer(1, 500);
  driver.Settle();
  EXPECT_EQ(driver.Recorded(1).backlog->due_at, driver.now + seconds(20));
  EXPECT_EQ(driver.Recorded(1).backlog->attempts, 2);
}

TEST(LaneRetriesTest, DiesWhenItsAttemptsAreUsedUp) {
  LaneDriver driver(Attempts(2));
  driver.Take({1});
  driver.Answer(1, 500);
  driver.Settle();
  driver.Pass(seconds(5));
  driver.Settle();
  driver.Answer(1, 503);
  driver.Settle();
  const Outcome& outcome = *driver.Recorded(1).outcome;
  EXPECT_EQ(outcome.state, OutcomeState::kDead);
  EXPECT_EQ(outcome.reason, DeadReason::kExhausted);
  EXPECT_EQ(outcome.attempts, 2);
  EXPECT_EQ(outcome.http_status, 503);
}

TEST(LaneRetriesTest, DiesAtOnceWhenItIsRefused) {
  LaneDriver driver;
  driver.Take({1});
  driver.Answer(1, 422);
  driver.Record();
  const Settlement& settlement = driver.Recorded(1);
  EXPECT_EQ(settlement.outcome->reason, DeadReason::kRefused);
  EXPECT_EQ(settlement.emitted->topic, "follow.dead");
  ASSERT_THAT(settlement.attempts, SizeIs(1));
  EXPECT_EQ(settlement.attempts[0].result, AttemptResult::kDead);
}

TEST(LaneRetriesTest, TellsWhatMayHaveArrivedFromWhatDidNot) {
  LaneDriver driver;
  driver.Take({1, 2});
  driver.Answer(1, Failed(FailureClass::kTimeout, true));
  driver.Answer(2, Failed(FailureClass::kConnect, false));
  driver.Record();
  EXPECT_EQ(driver.Recorded(1).attempts[0].result, AttemptResult::kUnknown);
  EXPECT_EQ(driver.Recorded(2).attempts[0].result, AttemptResult::kRetry);
  EXPECT_TRUE(driver.Recorded(1).backlog && driver.Recorded(2).backlog) << "both go again";
}

TEST(LaneRetriesTest, DoesNotChargeOurOwnFaults) {
  LaneDriver driver(Attempts(1));
  driver.Take({1});
  driver.NotBuilt(1, FailureClass::kLocal);
  driver.Record();
  EXPECT_EQ(driver.Recorded(1).backlog->attempts, 0);
  EXPECT_EQ(driver.Recorded(1).attempts[0].result, AttemptResult::kRefused);
}

TEST(LaneRetriesTest, DiesWhenTheEventHasNotWhatTheTemplateAsksFor) {
  LaneDriver driver;
  driver.Take({1});
  driver.NotBuilt(1, FailureClass::kTemplate);
  driver.Record();
  EXPECT_EQ(driver.Recorded(1).outcome->reason, DeadReason::kTemplate);
  EXPECT_EQ(driver.Recorded(1).outcome->attempts, 0);
}

TEST(LaneRetriesTest, IsLookedAtWhenItExpiresBeforeItsNextAttempt) {
  LaneDriver driver(Attempts(12));
  auto event = NewEvent(1);
  event->deliver_before = driver.now + seconds(3);
  driver.Take({event});
  driver.Answer(1, 500);
  driver.Settle();
  EXPECT_EQ(driver.Recorded(1).backlog->due_at, driver.now + seconds(3));
  driver.Sent();
  driver.Pass(seconds(3));
  driver.Settle();
  EXPECT_EQ(driver.OutcomeOf(1), OutcomeState::kExpired);
  EXPECT_THAT(driver.Sent(), IsEmpty());
}

TEST(LaneRetriesTest, NumbersTheRequestsOfTheEpoch) {
  LaneDriver driver;
  driver.Take({1, 2});
  driver.Answer(2, 500);
  driver.Answer(1, 500);
  driver.Record();
  EXPECT_EQ(driver.Recorded(2).attempts[0].number, 1);
  EXPECT_EQ(driver.Recorded(1).attempts[0].number, 2);
}

TEST(LaneRetriesTest, AReplayBeginsWithAllItsAttempts) {
  LaneDriver driver(Attempts(2));
  driver.PutBack(NewEvent(1));
  driver.Foreign({1});
  driver.Settle();
  EXPECT_EQ(driver.sends().back().attempt, 1);
  driver.Answer(1, 500);
  driver.Settle();
  EXPECT_EQ(driver.Recorded(1).run, 2);
  EXPECT_TRUE(driver.Recorded(1).backlog) << "its first attempt of two";
}

}  // namespace
}  // namespace postrider::test
