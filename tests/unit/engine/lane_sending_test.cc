#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/engine/lane_driver.h"

namespace postrider::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

HttpAnswer Failed(FailureClass failure, bool maybe_sent) {
  HttpAnswer answer;
  answer.failure = failure;
  answer.maybe_sent = maybe_sent;
  return answer;
}

TEST(LaneSendingTest, SendsWhatItTakesInOrder) {
  LaneDriver driver;
  driver.Take({1, 2, 3});
  EXPECT_THAT(driver.Sent(), ElementsAre(1, 2, 3));
}

TEST(LaneSendingTest, TakesAnEventOnce) {
  LaneDriver driver;
  const EventRef event = NewEvent(1);
  driver.Take({event});
  driver.Take({event});
  EXPECT_THAT(driver.Sent(), ElementsAre(1));
}

TEST(LaneSendingTest, RecordsADeliveryWithItsAttempts) {
  LaneDriver driver;
  driver.Take({1});
  driver.Answer(1, 204);
  driver.Record();
  const Settlement& settlement = driver.Recorded(1);
  EXPECT_EQ(settlement.outcome->state, OutcomeState::kDelivered);
  EXPECT_EQ(settlement.outcome->attempts, 1);
  EXPECT_EQ(settlement.outcome->http_status, 204);
  EXPECT_EQ(settlement.emitted->topic, "follow.delivered");
  EXPECT_THAT(settlement.attempts, IsEmpty()) << "the outcome tells of it";
}

TEST(LaneSendingTest, HasNoMoreInFlightThanItsConcurrency) {
  LaneSettings settings;
  settings.concurrency = 2;
  LaneDriver driver(settings);
  driver.Take({1, 2, 3});
  EXPECT_THAT(driver.Sent(), ElementsAre(1, 2));
  EXPECT_EQ(driver.lane.held(), Held::kConcurrency);
  driver.Answer(1, 200);
  EXPECT_THAT(driver.Sent(), ElementsAre(3));
}

TEST(LaneSendingTest, HasNoMoreUnsettledThanAllowedUntilTheyAreRecorded) {
  LaneSettings settings;
  settings.max_unsettled = 2;
  LaneDriver driver(settings);
  driver.Take({1, 2, 3});
  driver.Answer(1, 200);
  driver.Answer(2, 200);
  EXPECT_THAT(driver.Sent(), ElementsAre(1, 2));
  EXPECT_EQ(driver.lane.held(), Held::kUnsettled);
  driver.Record();
  EXPECT_THAT(driver.Sent(), ElementsAre(3));
}

TEST(LaneSendingTest, SendsNothingWhilePaused) {
  LaneDriver driver;
  driver.lane.SetPaused(true);
  driver.Take({1});
  EXPECT_THAT(driver.Sent(), IsEmpty());
  EXPECT_EQ(driver.lane.held(), Held::kPaused);
  driver.lane.SetPaused(false);
  driver.Pump();
  EXPECT_THAT(driver.Sent(), ElementsAre(1));
}

TEST(LaneSendingTest, SendsNothingOnceStoppedAndRecordsWhatWasInFlight) {
  LaneSettings settings;
  settings.concurrency = 1;
  LaneDriver driver(settings);
  driver.Take({1, 2});
  driver.lane.Stop();
  driver.Answer(1, 200);
  driver.Record();
  EXPECT_EQ(driver.OutcomeOf(1), OutcomeState::kDelivered);
  EXPECT_THAT(driver.Sent(), ElementsAre(1));
  EXPECT_TRUE(driver.lane.idle());
}

TEST(LaneSendingTest, IgnoresAnAnswerThatNobodyWaitsFor) {
  LaneDriver driver;
  driver.Take({1});
  driver.Answer(1, 200);
  driver.Answer(1, 500);
  EXPECT_THAT(driver.unrecorded(), SizeIs(1));
}

TEST(LaneSendingTest, EndsWhatIsTooLateWithoutSendingIt) {
  LaneDriver driver;
  auto event = NewEvent(1);
  event->deliver_before = driver.now;
  driver.Take({event});
  driver.Record();
  EXPECT_EQ(driver.OutcomeOf(1), OutcomeState::kExpired);
  EXPECT_THAT(driver.Sent(), IsEmpty());
}

TEST(LaneSendingTest, PutsOffWhatIsNotDueYet) {
  LaneDriver driver;
  auto event = NewEvent(1);
  event->deliver_after = driver.now + seconds(60);
  driver.Take({event});
  driver.Settle();
  EXPECT_EQ(driver.Recorded(1).backlog->waiting_for, WaitingFor::kSchedule);
  EXPECT_EQ(driver.lane.NextWake(), driver.now + seconds(60));
  driver.Pass(seconds(60));
  driver.Settle();
  EXPECT_THAT(driver.Sent(), ElementsAre(1));
}

TEST(LaneSendingTest, ReadsALargeBodyBeforeItIsSent) {
  LaneDriver driver;
  auto event = NewEvent(1);
  event->body_deferred = true;
  event->body_bytes = 10;
  driver.Take({event});
  EXPECT_THAT(driver.Sent(), IsEmpty());
  driver.AnswerQueries();
  EXPECT_THAT(driver.Sent(), ElementsAre(1));
  EXPECT_EQ(driver.sends().front().event->body, "xxxxxxxxxx");
}

TEST(LaneSendingTest, HasOneLargeBodyAtATimeWhenTheyDoNotFit) {
  LaneSettings settings;
  settings.max_bytes = 15;
  LaneDriver driver(settings);
  for (const EventId id : {1, 2}) {
    auto event = NewEvent(id);
    event->body_deferred = true;
    event->body_bytes = 10;
    driver.Take({event});
  }
  driver.AnswerQueries();
  EXPECT_THAT(driver.Sent(), ElementsAre(1));
  driver.Answer(1, 200);
  driver.Settle();
  EXPECT_THAT(driver.Sent(), ElementsAre(2));
}

TEST(LaneSendingTest, WaitsAndProbesWhileCredentialsAreRefused) {
  LaneDriver driver;
  driver.Take({1, 2});
  EXPECT_THAT(driver.Sent(), ElementsAre(1, 2));
  driver.Answer(1, 401);
  driver.Answer(2, 401);
  driver.Record();
  EXPECT_FALSE(driver.Recorded(1).attempts.front().charged);
  EXPECT_EQ(driver.lane.held(), Held::kCredentials);
  driver.Pass(driver.lane.settings().hold);
  EXPECT_THAT(driver.Sent(), SizeIs(1)) << "one probe";
  driver.Answer(driver.sends().back().event->id(), 200);
  EXPECT_THAT(driver.Sent(), SizeIs(1)) << "accepted: the other goes on";
  EXPECT_EQ(driver.sends().back().attempt, 1) << "nothing was charged";
}

TEST(LaneSendingTest, TriesAgainWhatTheLeaseHeldBack) {
  LaneDriver driver;
  driver.Take({1});
  driver.Answer(1, Failed(FailureClass::kRelayLost, false));
  EXPECT_THAT(driver.unrecorded(), IsEmpty()) << "nothing has happened";
  EXPECT_THAT(driver.Sent(), ElementsAre(1));
  driver.Pass(milliseconds(199));
  EXPECT_THAT(driver.Sent(), IsEmpty());
  driver.Pass(milliseconds(1));
  EXPECT_THAT(driver.Sent(), ElementsAre(1));
}

TEST(LaneSendingTest, AsksForANewKeyWhereAReplayDoes) {
  LaneDriver driver;
  const EventRef event = NewEvent(1);
  driver.PutBack(event, 3);
  driver.rows[1].new_key = true;
  driver.Foreign({1});
  driver.Settle();
  ASSERT_THAT(driver.Sent(), ElementsAre(1));
  EXPECT_EQ(driver.sends().back().new_key_run, 3);
}

}  // namespace
}  // namespace postrider::test
