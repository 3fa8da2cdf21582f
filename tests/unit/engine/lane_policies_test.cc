#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <vector>

#include "unit/engine/lane_driver.h"

namespace postrider::test {
namespace {

using std::chrono::minutes;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using State = CircuitBreaker::State;

HttpAnswer TooMany(const std::string& retry_after) {
  HttpAnswer answer;
  answer.status = 429;
  answer.headers = {{"retry-after", retry_after}};
  answer.maybe_sent = true;
  return answer;
}

HttpAnswer Json(int status, const std::string& body) {
  HttpAnswer answer;
  answer.status = status;
  answer.body = body;
  answer.maybe_sent = true;
  return answer;
}

void TakeMany(LaneDriver& driver, EventId from, EventId to) {
  std::vector<EventRef> events;
  for (EventId id = from; id <= to; ++id) events.push_back(NewEvent(id));
  driver.Take(events);
}

TEST(LanePoliciesTest, ARateHoldsEventsInTheirPlacesWithoutAttempts) {
  LaneSettings settings;
  settings.rate = {{2, seconds(10)}};
  LaneDriver driver(settings);
  driver.Take({1, 2, 3, 4, 5});
  EXPECT_THAT(driver.Sent(), ElementsAre(1, 2));
  EXPECT_EQ(driver.lane.held(), Held::kRate);
  for (const EventId id : {1, 2}) driver.Written(id);
  EXPECT_EQ(driver.lane.NextWake(), driver.now + milliseconds(10400)) << "one wake-up";
  for (const EventId id : {1, 2}) driver.Answer(id, 200);
  driver.Settle();
  driver.Pass(milliseconds(10399));
  EXPECT_THAT(driver.Sent(), IsEmpty());
  driver.Pass(milliseconds(1));
  EXPECT_THAT(driver.Sent(), ElementsAre(3, 4));
  EXPECT_EQ(driver.sends().back().attempt, 1);
  EXPECT_EQ(driver.held[Held::kRate], milliseconds(10400));
}

TEST(LanePoliciesTest, ARateCountsRequestsThatAreLetOutButNotWritten) {
  LaneSettings settings;
  settings.rate = {{2, seconds(10)}};
  LaneDriver driver(settings);
  driver.Take({1, 2, 3});
  EXPECT_THAT(driver.Sent(), ElementsAre(1, 2));
  driver.Pass(minutes(1));
  EXPECT_THAT(driver.Sent(), IsEmpty());
  EXPECT_EQ(driver.lane.NextWake(), kNever);
  driver.NotWritten(2);
  driver.Pass(milliseconds(200));
  EXPECT_THAT(driver.Sent(), ElementsAre(2)) << "in its place again";
}

TEST(LanePoliciesTest, ARequestThatWasNeverWrittenLeavesNoTrace) {
  LaneDriver driver;
  driver.Take({1});
  driver.NotWritten(1);
  EXPECT_THAT(driver.unrecorded(), IsEmpty());
  driver.Pass(minutes(5));
  EXPECT_THAT(driver.Sent(), ElementsAre(1, 1));
  driver.Answer(1, 503);
  driver.Settle();
  EXPECT_EQ(driver.Recorded(1).backlog->first_attempt_at, driver.now)
      << "`for` counts from the first attempt that was made";
}

TEST(LanePoliciesTest, WhatWasSentBeforeATakeoverCountsInTheRate) {
  LaneSettings settings;
  settings.rate = {{10, seconds(60)}};
  LaneDriver driver(settings);
  driver.lane.RestoreSent({seconds(1), seconds(2)}, 5, driver.now);
  TakeMany(driver, 1, 20);
  EXPECT_THAT(driver.Sent(), SizeIs(3));
}

TEST(LanePoliciesTest, TheBreakerStopsAnOutageFromBurningAttempts) {
  LaneSettings settings;
  settings.breaker = BreakerSettings{.window = 4, .minimum = 4, .probes = 1};
  settings.concurrency = 4;
  LaneDriver driver(settings);
  TakeMany(driver, 1, 100);
  EXPECT_THAT(driver.Sent(), ElementsAre(1, 2, 3, 4));
  for (const EventId id : {1, 2, 3, 4}) driver.Answer(id, 503);
  driver.Settle();
  EXPECT_THAT(driver.Sent(), SizeIs(3)) << "those let out before the fourth failure";
  for (const EventId id : {5, 6, 7}) driver.Answer(id, 503);
  driver.Settle();
  EXPECT_EQ(driver.lane.held(), Held::kBreaker);
  EXPECT_THAT(driver.breaker_states, ElementsAre(State::kOpen));
  EXPECT_EQ(driver.lane.stats().breakers[0], State::kOpen);
  EXPECT_EQ(driver.lane.admission().wake(), driver.now + seconds(30));
  driver.Pass(milliseconds(29999));
  driver.Settle();
  EXPECT_THAT(driver.Sent(), IsEmpty());
}

TEST(LanePoliciesTest, TheBreakerClosesWhenItsProbesAreAnswered) {
  LaneSettings settings;
  settings.breaker = BreakerSettings{.window = 1, .minimum = 1, .probes = 2};
  settings.concurrency = 1;
  LaneDriver driver(settings);
  TakeMany(driver, 1, 10);
  driver.Answer(1, 500);
  driver.Settle();
  driver.Sent();
  driver.Pass(seconds(30));
  const auto first = driver.Sent();
  ASSERT_THAT(first, SizeIs(1));
  driver.Answer(first[0], 200);
  const auto second = driver.Sent();
  ASSERT_THAT(second, SizeIs(1));
  driver.Answer(second[0], 200);
  EXPECT_THAT(driver.breaker_states, ElementsAre(State::kOpen, State::kHalfOpen, State::kClosed));
  EXPECT_THAT(driver.Sent(), SizeIs(1));
}

TEST(LanePoliciesTest, A429CoolsTheWholeLaneDownAndOneProbeFollows) {
  LaneSettings settings;
  settings.concurrency = 2;
  LaneDriver driver(settings);
  TakeMany(driver, 1, 10);
  EXPECT_THAT(driver.Sent(), ElementsAre(1, 2));
  driver.Answer(1, TooMany("60"));
  driver.Answer(2, TooMany("60"));
  driver.Settle();
  EXPECT_THAT(driver.Sent(), IsEmpty());
  EXPECT_EQ(driver.lane.held(), Held::kCoolDown);
  driver.Pass(seconds(60));
  EXPECT_THAT(driver.Sent(), SizeIs(1));
  EXPECT_EQ(driver.lane.held(), Held::kCoolDown);
  driver.Answer(driver.sends().back().event->id(), 200);
  EXPECT_THAT(driver.Sent(), SizeIs(2));
  EXPECT_THAT(driver.cool_downs, ElementsAre(true, false)) << "one line each";
}

TEST(LanePoliciesTest, TheBudgetHoldsRetriesWhileFirstAttemptsPass) {
  LaneSettings settings;
  settings.retries.budget = 0.1;
  settings.retries.first = milliseconds(1000);
  settings.retries.jitter = 0;
  settings.concurrency = 100;
  LaneDriver driver(settings);
  TakeMany(driver, 1, 20);
  for (const EventId id : driver.Sent()) driver.Answer(id, 500);
  driver.Settle();
  driver.Pass(seconds(1));
  driver.Settle();
  EXPECT_THAT(driver.Sent(), SizeIs(10)) << "ten retries may always be";
  EXPECT_EQ(driver.lane.held(), Held::kBudget);
  TakeMany(driver, 21, 25);
  EXPECT_THAT(driver.Sent(), ElementsAre(21, 22, 23, 24, 25));
  EXPECT_EQ(driver.lane.held(), Held::kBudget);
  const Timestamp wake = driver.lane.NextWake();
  ASSERT_LE(wake, driver.now + seconds(61));
  driver.Pass(wake - driver.now);
  EXPECT_THAT(driver.Sent(), Not(IsEmpty()));
}

TEST(LanePoliciesTest, TooManyDeadLettersPauseTheDestinationOnce) {
  LaneSettings settings;
  settings.dead_limit = RateWindow{3, seconds(600)};
  settings.concurrency = 8;
  LaneDriver driver(settings);
  TakeMany(driver, 1, 20);
  for (const EventId id : driver.Sent()) driver.Answer(id, 400);
  driver.Settle();
  ASSERT_THAT(driver.pauses, SizeIs(1));
  EXPECT_EQ(driver.pauses[0].kind, PauseCause::Kind::kDeadLimit);
  EXPECT_EQ(driver.lane.held(), Held::kPaused);
  const auto sent = driver.sends().size();
  driver.lane.SetPaused(false);
  driver.Pump();
  EXPECT_EQ(driver.sends().size(), sent) << "what is registered is older than what it asked for";
  driver.lane.NotePaused();
  driver.lane.SetPaused(true);
  driver.Pump();
  EXPECT_EQ(driver.sends().size(), sent);
  driver.lane.SetPaused(false);
  driver.Pump();
  EXPECT_GT(driver.sends().size(), sent) << "a person has resumed it";
}

TEST(LanePoliciesTest, DeadLettersWithinTheLimitPauseNothing) {
  LaneSettings settings;
  settings.dead_limit = RateWindow{3, seconds(600)};
  LaneDriver driver(settings);
  for (EventId id = 1; id <= 12; ++id) {
    driver.Take({id});
    driver.Answer(id, 400);
    driver.Settle();
    driver.Pass(seconds(200));
  }
  EXPECT_THAT(driver.pauses, IsEmpty());
}

TEST(LanePoliciesTest, RulesOnTheAnswerDecideWhatADeliveredStatusMeans) {
  LaneSettings settings;
  settings.verdict.answer = {{.part = AnswerPart::kJson,
                              .name = "/code",
                              .test = AnswerTest::kIn,
                              .values = {"0"},
                              .verdict = VerdictKind::kDelivered},
                             {.part = AnswerPart::kJson,
                              .name = "/code",
                              .test = AnswerTest::kIn,
                              .values = {"E"},
                              .verdict = VerdictKind::kRetry},
                             {.verdict = VerdictKind::kDead}};
  LaneDriver driver(settings);
  driver.Take({1, 2, 3, 4});
  driver.Answer(1, Json(200, R"({"code": 0})"));
  driver.Answer(2, Json(200, R"({"code": "E"})"));
  driver.Answer(3, Json(200, R"({"code": "X"})"));
  driver.Answer(4, Json(200, "<html>"));
  driver.Record();
  EXPECT_EQ(driver.OutcomeOf(1), OutcomeState::kDelivered);
  EXPECT_EQ(driver.Recorded(2).backlog->failure, FailureClass::kAnswer);
  EXPECT_EQ(driver.OutcomeOf(3), OutcomeState::kDead);
  EXPECT_EQ(driver.Recorded(3).outcome->failure, FailureClass::kAnswer);
  EXPECT_EQ(driver.Recorded(4).attempts.at(0).result, AttemptResult::kUnknown);
  EXPECT_EQ(driver.Recorded(4).backlog->failure, FailureClass::kUnreadable);
}

TEST(LanePoliciesTest, WhatCoolsDownTellsUntilWhenAndOthersFollow) {
  LaneDriver driver;
  driver.Take({1, 2});
  HttpAnswer refusal;
  refusal.status = 429;
  refusal.headers.emplace_back("retry-after", "60");
  driver.Answer(1, refusal);
  EXPECT_EQ(driver.lane.stats().cools_until, driver.now + seconds(60));
  LaneDriver other;
  other.lane.FollowCoolDown(1, driver.lane.stats().cools_until, other.now);
  other.Take({3});
  EXPECT_THAT(other.Sent(), IsEmpty());
  EXPECT_EQ(other.lane.held(), Held::kCoolDown);
  EXPECT_EQ(other.lane.stats().cools_until, std::nullopt);
  other.lane.FollowCoolDown(1, std::nullopt, other.now);
  other.Pass(milliseconds(0));
  EXPECT_THAT(other.Sent(), ElementsAre(3));
}

TEST(LanePoliciesTest, ACoolDownOutlivesItsOwner) {
  LaneDriver driver;
  driver.lane.ResumeCoolDown(driver.now + seconds(30));
  driver.Take({1, 2, 3});
  EXPECT_THAT(driver.Sent(), IsEmpty());
  driver.Pass(seconds(30));
  EXPECT_THAT(driver.Sent(), ElementsAre(1)) << "the probe";
}

}  // namespace
}  // namespace postrider::test
