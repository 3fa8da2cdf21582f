#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/engine/lane_driver.h"

namespace postrider::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

LaneSettings After(AfterUnknown after_unknown, Order order = Order::kNone) {
  LaneSettings settings;
  settings.after_unknown = after_unknown;
  if (after_unknown == AfterUnknown::kVerify) {
    settings.verify = VerifySettings{.url = "https://partner.example/v1/shipments/{{key}}"};
  }
  settings.order.by = order;
  settings.retries.first = seconds(5);
  return settings;
}

HttpAnswer NoAnswer(FailureClass failure, bool maybe_sent) {
  HttpAnswer answer;
  answer.failure = failure;
  answer.maybe_sent = maybe_sent;
  return answer;
}

HttpAnswer Lost() { return NoAnswer(FailureClass::kTimeout, true); }

/// A delivery whose request went out and was not answered.
void LoseAnswer(LaneDriver& driver, EventId id) {
  driver.Take({id});
  driver.Settle();
  driver.Answer(id, Lost());
  driver.Settle();
  (void)driver.Sent();
}

/// A row as an owner left it that is gone.
void LeaveRow(LaneDriver& driver, EventId id, WaitingFor waiting_for, microseconds due_in) {
  StoredDelivery row;
  row.event = NewEvent(id);
  row.run = 1;
  row.entry.waiting_for = waiting_for;
  row.entry.due_at = driver.now + due_in;
  row.entry.first_attempt_at = driver.now;
  driver.rows[id] = row;
  driver.BeginEra();
  driver.EndRecovery();
  driver.Settle();
}

TEST(LaneUnknownTest, SendsOnlyWhenItsIntentIsDurable) {
  LaneDriver driver(After(AfterUnknown::kVerify));
  driver.Take({1});
  EXPECT_THAT(driver.Sent(), IsEmpty());
  ASSERT_EQ(driver.unrecorded().size(), 1U);
  EXPECT_EQ(driver.unrecorded()[0].backlog->waiting_for, WaitingFor::kAnswer);
  driver.Record();
  EXPECT_THAT(driver.Sent(), ElementsAre(1));
}

TEST(LaneUnknownTest, AnIntentIsDueWhenNobodyCanBeSendingItAnyMore) {
  LaneSettings settings = After(AfterUnknown::kVerify);
  settings.answer_limit = seconds(50);
  LaneDriver driver(settings);
  driver.Take({1});
  EXPECT_EQ(driver.unrecorded()[0].backlog->due_at, driver.now + seconds(50));
}

TEST(LaneUnknownTest, AnIntentThatIsDroppedIsNotSent) {
  LaneDriver driver(After(AfterUnknown::kVerify));
  driver.Take({1});
  driver.Drop();
  driver.Settle();
  EXPECT_THAT(driver.Sent(), IsEmpty());
  EXPECT_TRUE(driver.lane.idle());
}

TEST(LaneUnknownTest, AnIntentThatWasLongInBecomingDurableIsRecordedAnew) {
  LaneDriver driver(After(AfterUnknown::kVerify));
  driver.Take({1});
  driver.now += seconds(16);
  driver.Record();
  EXPECT_THAT(driver.Sent(), IsEmpty()) << "asked about from 19 s on, done with after 20 s at most";
  ASSERT_EQ(driver.unrecorded().size(), 1U);
  EXPECT_EQ(driver.unrecorded()[0].backlog->due_at, driver.now + seconds(35));
  driver.now += seconds(15);
  driver.Record();
  EXPECT_THAT(driver.Sent(), ElementsAre(1));
  driver.Answer(1, 200);
  driver.Settle();
  EXPECT_EQ(driver.OutcomeOf(1), OutcomeState::kDelivered);
  EXPECT_TRUE(driver.lane.idle());
}

TEST(LaneUnknownTest, APermitComesBackAtTheTimeAtWhichItsIntentIsDropped) {
  LaneSettings settings = After(AfterUnknown::kVerify);
  settings.breaker = BreakerSettings{.window = 1, .minimum = 1, .probes = 1};
  LaneDriver driver(settings);
  driver.Take({1});
  driver.Settle();
  driver.Answer(1, 500);
  driver.Settle();
  driver.Pass(seconds(30));
  driver.AnswerQueries();
  ASSERT_EQ(driver.unrecorded().size(), 1U) << "the intent of a probe";
  driver.now += settings.call_timeout + seconds(2);
  driver.Drop();
  EXPECT_THAT(driver.breaker_states,
              ElementsAre(CircuitBreaker::State::kOpen, CircuitBreaker::State::kHalfOpen,
                          CircuitBreaker::State::kOpen))
      << "it has not reported in time";
}

TEST(LaneUnknownTest, IntentsCountAgainstTheConcurrency) {
  LaneSettings settings = After(AfterUnknown::kVerify);
  settings.concurrency = 2;
  LaneDriver driver(settings);
  driver.Take({1, 2, 3});
  EXPECT_EQ(driver.unrecorded().size(), 2U);
  driver.Settle();
  EXPECT_THAT(driver.Sent(), ElementsAre(1, 2));
  driver.Answer(1, 200);
  driver.Settle();
  EXPECT_THAT(driver.Sent(), ElementsAre(3));
}

TEST(LaneUnknownTest, AnAnswerSettlesItAsAlways) {
  LaneDriver driver(After(AfterUnknown::kVerify));
  driver.Take({1, 2, 3});
  driver.Settle();
  driver.Answer(1, 200);
  driver.Answer(2, 422);
  driver.Answer(3, 503);
  driver.Settle();
  EXPECT_EQ(driver.OutcomeOf(1), OutcomeState::kDelivered);
  EXPECT_EQ(driver.OutcomeOf(2), OutcomeState::kDead);
  EXPECT_EQ(driver.Recorded(3).backlog->waiting_for, WaitingFor::kRetry);
}

TEST(LaneUnknownTest, WhatWasNeverWrittenIsAnOrdinaryRetry) {
  LaneDriver driver(After(AfterUnknown::kVerify));
  driver.Take({1});
  driver.Settle();
  driver.Answer(1, NoAnswer(FailureClass::kConnect, false));
  driver.Settle();
  EXPECT_EQ(driver.Recorded(1).backlog->waiting_for, WaitingFor::kRetry);
  (void)driver.Sent();
  driver.Pass(seconds(5));
  driver.Settle();
  ASSERT_THAT(driver.Sent(), ElementsAre(1));
  EXPECT_FALSE(driver.sends().back().asks);
}

TEST(LaneUnknownTest, WithoutAnAnswerThePartnerIsAskedAfterAWhile) {
  LaneDriver driver(After(AfterUnknown::kVerify));
  LoseAnswer(driver, 1);
  const BacklogEntry& entry = *driver.Recorded(1).backlog;
  EXPECT_EQ(entry.waiting_for, WaitingFor::kVerification);
  EXPECT_EQ(entry.due_at, driver.now + seconds(5));
  EXPECT_EQ(entry.attempts, 1);
  driver.Pass(milliseconds(4999));
  driver.Settle();
  EXPECT_THAT(driver.Sent(), IsEmpty());
  driver.Pass(milliseconds(1));
  driver.Settle();
  ASSERT_THAT(driver.Sent(), ElementsAre(1));
  EXPECT_TRUE(driver.sends().back().asks);
}

TEST(LaneUnknownTest, WhatThePartnerHasIsDelivered) {
  LaneDriver driver(After(AfterUnknown::kVerify));
  LoseAnswer(driver, 1);
  driver.Pass(seconds(5));
  driver.Settle();
  driver.Answer(1, 200);
  driver.Settle();
  EXPECT_EQ(driver.OutcomeOf(1), OutcomeState::kDelivered);
}

TEST(LaneUnknownTest, WhatThePartnerHasNotIsSentAgainWithANewIntent) {
  LaneDriver driver(After(AfterUnknown::kVerify));
  LoseAnswer(driver, 1);
  driver.Pass(seconds(5));
  driver.Settle();
  driver.Answer(1, 404);
  driver.Settle();
  EXPECT_EQ(driver.rows.at(1).entry.waiting_for, WaitingFor::kAnswer);
  EXPECT_FALSE(driver.sends().back().asks);
  EXPECT_EQ(driver.sends().back().attempt, 2);
  driver.Answer(1, 200);
  driver.Settle();
  EXPECT_EQ(driver.OutcomeOf(1), OutcomeState::kDelivered);
  EXPECT_EQ(driver.Recorded(1).outcome->attempts, 2);
}

TEST(LaneUnknownTest, APartnerThatHasNotGotItAfterTheLastAttemptMakesItADeadLetter) {
  LaneSettings settings = After(AfterUnknown::kVerify);
  settings.retries.attempts = 1;
  LaneDriver driver(settings);
  LoseAnswer(driver, 1);
  driver.Pass(seconds(5));
  driver.Settle();
  driver.Answer(1, 404);
  driver.Settle();
  EXPECT_EQ(driver.Recorded(1).outcome->reason, DeadReason::kExhausted);
}

TEST(LaneUnknownTest, APartnerThatCannotSayIsAskedLessAndLessOften) {
  LaneDriver driver(After(AfterUnknown::kVerify));
  LoseAnswer(driver, 1);
  driver.Pass(seconds(5));
  driver.Settle();
  for (const int wait : {5, 5, 7}) {
    driver.Answer(1, 503);
    driver.Settle();
    const BacklogEntry& entry = *driver.Recorded(1).backlog;
    EXPECT_EQ(entry.waiting_for, WaitingFor::kVerification);
    EXPECT_EQ(entry.failure, FailureClass::kVerifyFailed);
    EXPECT_EQ(std::chrono::floor<seconds>(entry.due_at - driver.now), seconds(wait));
    EXPECT_EQ(entry.attempts, 1) << "questions are not charged";
    driver.Pass(entry.due_at - driver.now);
    driver.Settle();
  }
}

TEST(LaneUnknownTest, WhatNobodyCanSayIsADeadLetterInTheEnd) {
  LaneDriver driver(After(AfterUnknown::kVerify));
  LoseAnswer(driver, 1);
  driver.Pass(std::chrono::hours(72));
  driver.Settle();
  driver.Answer(1, 503);
  driver.Settle();
  EXPECT_EQ(driver.Recorded(1).outcome->reason, DeadReason::kUnknown);
  EXPECT_EQ(driver.Recorded(1).outcome->failure, FailureClass::kVerifyFailed);
}

TEST(LaneUnknownTest, RefusedCredentialsSayNothingOfTheEvent) {
  LaneDriver driver(After(AfterUnknown::kVerify));
  LoseAnswer(driver, 1);
  driver.Pass(seconds(5));
  driver.Settle();
  driver.Answer(1, 401);
  driver.Pump();
  EXPECT_EQ(driver.lane.held(), Held::kCredentials);
  (void)driver.Sent();
  driver.Pass(seconds(30));
  driver.Settle();
  ASSERT_THAT(driver.Sent(), ElementsAre(1));
  EXPECT_TRUE(driver.sends().back().asks);
}

TEST(LaneUnknownTest, RefusedCredentialsOfARequestMakeItAnOrdinaryRetry) {
  LaneDriver driver(After(AfterUnknown::kDead));
  driver.Take({1});
  driver.Settle();
  driver.Answer(1, 401);
  driver.Settle();
  EXPECT_EQ(driver.rows.at(1).entry.waiting_for, WaitingFor::kRetry);
  EXPECT_EQ(driver.rows.at(1).entry.attempts, 0);
}

TEST(LaneUnknownTest, AnIntentOfAnOwnerThatIsGoneIsAskedAboutWhenItIsDue) {
  LaneDriver driver(After(AfterUnknown::kVerify));
  LeaveRow(driver, 1, WaitingFor::kAnswer, seconds(35));
  EXPECT_THAT(driver.Sent(), IsEmpty());
  driver.Pass(seconds(35));
  driver.Settle();
  ASSERT_THAT(driver.Sent(), ElementsAre(1));
  EXPECT_TRUE(driver.sends().back().asks);
}

TEST(LaneUnknownTest, AnIntentOfAnOwnerThatIsGoneIsADeadLetterWhereNobodyCanBeAsked) {
  LaneDriver driver(After(AfterUnknown::kDead));
  LeaveRow(driver, 1, WaitingFor::kAnswer, seconds(35));
  driver.Pass(seconds(35));
  driver.Settle();
  EXPECT_THAT(driver.Sent(), IsEmpty());
  EXPECT_EQ(driver.Recorded(1).outcome->reason, DeadReason::kUnknown);
  EXPECT_EQ(driver.Recorded(1).outcome->failure, FailureClass::kRelayLost);
}

TEST(LaneUnknownTest, WithoutAnAnswerItIsADeadLetterWhereNobodyCanBeAsked) {
  LaneDriver driver(After(AfterUnknown::kDead));
  LoseAnswer(driver, 1);
  EXPECT_EQ(driver.Recorded(1).outcome->reason, DeadReason::kUnknown);
  EXPECT_EQ(driver.Recorded(1).outcome->failure, FailureClass::kTimeout);
}

TEST(LaneUnknownTest, AKeyWaitsForItsUnknownEvent) {
  LaneDriver driver(After(AfterUnknown::kVerify, Order::kKey));
  driver.Take({1, 2}, "k");
  driver.Settle();
  EXPECT_THAT(driver.Sent(), ElementsAre(1));
  driver.Answer(1, Lost());
  driver.Settle();
  driver.Take({3}, "k");
  driver.Settle();
  EXPECT_THAT(driver.Sent(), IsEmpty());
  driver.Pass(seconds(5));
  driver.Settle();
  EXPECT_THAT(driver.Sent(), ElementsAre(1));
  driver.Answer(1, 200);
  driver.Settle();
  EXPECT_THAT(driver.Sent(), ElementsAre(2));
}

TEST(LaneUnknownTest, AKeyWaitsForTheIntentOfAnOwnerThatIsGone) {
  LaneDriver driver(After(AfterUnknown::kVerify, Order::kKey));
  StoredDelivery row;
  row.event = NewEvent(1, "k");
  row.run = 1;
  row.entry.waiting_for = WaitingFor::kAnswer;
  row.entry.due_at = driver.now + seconds(35);
  row.entry.first_attempt_at = driver.now;
  driver.rows[1] = row;
  driver.BeginEra();
  driver.Take({2}, "k");
  driver.EndRecovery();
  driver.Settle();
  EXPECT_THAT(driver.Sent(), IsEmpty());
  driver.Pass(seconds(35));
  driver.Settle();
  EXPECT_THAT(driver.Sent(), ElementsAre(1));
  driver.Answer(1, 200);
  driver.Settle();
  EXPECT_THAT(driver.Sent(), ElementsAre(2));
}

TEST(LaneUnknownTest, AnIntentThatBecomesDurableAfterTheStopIsGivenUp) {
  LaneDriver driver(After(AfterUnknown::kDead));
  driver.Take({1});
  driver.lane.Stop();
  driver.Settle();
  EXPECT_THAT(driver.Sent(), IsEmpty());
  EXPECT_EQ(driver.rows.at(1).entry.waiting_for, WaitingFor::kRetry);
  EXPECT_TRUE(driver.lane.idle());
}

TEST(LaneUnknownTest, ARequestThatTheLeaseHeldBackIsAnOrdinaryDeliveryAgain) {
  LaneDriver driver(After(AfterUnknown::kDead));
  driver.Take({1});
  driver.Settle();
  driver.Answer(1, NoAnswer(FailureClass::kRelayLost, false));
  driver.Settle();
  EXPECT_FALSE(driver.has_outcome(1));
  (void)driver.Sent();
  driver.Pass(seconds(1));
  driver.Settle();
  EXPECT_THAT(driver.Sent(), ElementsAre(1));
}

TEST(LaneUnknownTest, WhatMayHaveBeenSentIsNotCancelled) {
  LaneDriver driver(After(AfterUnknown::kVerify));
  LoseAnswer(driver, 1);
  driver.Cancel(NewEvent(1));
  driver.Settle();
  EXPECT_FALSE(driver.has_outcome(1));
  driver.Pass(seconds(5));
  driver.Settle();
  EXPECT_THAT(driver.Sent(), ElementsAre(1));
}

TEST(LaneUnknownTest, WhatMayHaveBeenSentDoesNotExpire) {
  LaneDriver driver(After(AfterUnknown::kVerify));
  const auto event = NewEvent(1);
  event->deliver_before = driver.now + seconds(3);
  driver.Take(std::vector<EventRef>{event});
  driver.Settle();
  driver.Answer(1, Lost());
  driver.Settle();
  driver.Pass(seconds(5));
  driver.Settle();
  driver.Answer(1, 200);
  driver.Settle();
  EXPECT_EQ(driver.OutcomeOf(1), OutcomeState::kDelivered);
}

TEST(LaneUnknownTest, AnIntentOutlivesANewEra) {
  LaneDriver driver(After(AfterUnknown::kVerify));
  driver.Take({1});
  driver.BeginEra();
  driver.EndRecovery();
  driver.Settle();
  EXPECT_THAT(driver.Sent(), ElementsAre(1));
  driver.Answer(1, 200);
  driver.Settle();
  EXPECT_EQ(driver.OutcomeOf(1), OutcomeState::kDelivered);
}

}  // namespace
}  // namespace postrider::test
