#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/engine/lane_driver.h"

namespace postrider::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

HttpAnswer With(int status, const std::string& control) {
  HttpAnswer answer;
  answer.status = status;
  answer.headers = {{"webhook-delivery", control}};
  answer.maybe_sent = true;
  return answer;
}

LaneSettings Concurrency(int concurrency) {
  LaneSettings settings;
  settings.concurrency = concurrency;
  return settings;
}

TEST(LaneStopSignsTest, AGonePartnerCostsWhatIsInFlightAndPausesTheDestinationOnce) {
  LaneDriver driver(Concurrency(2));
  driver.Take({1, 2, 3, 4, 5, 6});
  EXPECT_THAT(driver.Sent(), ElementsAre(1, 2));
  driver.Answer(1, 410);
  driver.Answer(2, 410);
  driver.Settle();
  EXPECT_THAT(driver.Sent(), IsEmpty());
  EXPECT_EQ(driver.OutcomeOf(1), OutcomeState::kDead);
  EXPECT_EQ(driver.Recorded(1).outcome->reason, DeadReason::kRefused);
  EXPECT_EQ(driver.lane.held(), Held::kPaused);
  ASSERT_THAT(driver.pauses, SizeIs(1));
  EXPECT_EQ(driver.pauses[0].kind, PauseCause::Kind::kGone);
  EXPECT_EQ(driver.pauses[0].event, 1);
  EXPECT_EQ(driver.pauses[0].http_status, 410);
}

TEST(LaneStopSignsTest, APersonWhoResumesIsBelieved) {
  LaneDriver driver(Concurrency(1));
  driver.Take({1, 2, 3});
  driver.Answer(1, 410);
  driver.Settle();
  driver.lane.NotePaused();
  driver.lane.SetPaused(true);
  driver.Pump();
  driver.lane.SetPaused(false);
  driver.Pump();
  EXPECT_THAT(driver.Sent(), ElementsAre(1, 2));
  driver.Answer(2, 200);
  driver.Settle();
  EXPECT_THAT(driver.Sent(), ElementsAre(3));
  driver.Answer(3, 410);
  EXPECT_THAT(driver.pauses, SizeIs(2)) << "it says so again";
}

TEST(LaneStopSignsTest, WhatIsHeldBackFor410IsNoSign) {
  LaneSettings settings;
  settings.verdict.rules.push_back({"410", VerdictKind::kHold});
  LaneDriver driver(settings);
  driver.Take({1});
  driver.Answer(1, 410);
  EXPECT_THAT(driver.pauses, IsEmpty());
  EXPECT_TRUE(driver.lane.credentials_refused());
}

TEST(LaneStopSignsTest, DisableWithASuccessIsADeliveryAndAPause) {
  LaneDriver driver(Concurrency(1));
  driver.Take({1, 2});
  driver.Answer(1, With(200, "disable"));
  driver.Settle();
  EXPECT_EQ(driver.OutcomeOf(1), OutcomeState::kDelivered);
  EXPECT_THAT(driver.Sent(), ElementsAre(1));
  ASSERT_THAT(driver.pauses, SizeIs(1));
  EXPECT_EQ(driver.pauses[0].kind, PauseCause::Kind::kDisable);
}

TEST(LaneStopSignsTest, DisableWithAFailureLeavesTheEventToItsRetry) {
  LaneDriver driver(Concurrency(1));
  driver.Take({1, 2});
  driver.Answer(1, With(503, "disable"));
  driver.Settle();
  EXPECT_FALSE(driver.has_outcome(1));
  EXPECT_EQ(driver.Recorded(1).backlog->waiting_for, WaitingFor::kRetry);
  EXPECT_THAT(driver.pauses, SizeIs(1));
}

TEST(LaneStopSignsTest, AnAbortedMessageIsADeadLetterAndTheOthersGoOn) {
  LaneDriver driver(Concurrency(1));
  driver.Take({1, 2, 3});
  driver.Answer(1, With(500, "abort-message"));
  driver.Answer(2, With(502, "abort-message"));
  driver.Settle();
  EXPECT_EQ(driver.Recorded(1).outcome->reason, DeadReason::kRefused);
  EXPECT_EQ(driver.Recorded(1).outcome->attempts, 1);
  EXPECT_EQ(driver.Recorded(2).outcome->reason, DeadReason::kUnknown) << "it may have acted";
  EXPECT_THAT(driver.Sent(), ElementsAre(1, 2, 3));
  EXPECT_THAT(driver.pauses, IsEmpty());
}

TEST(LaneStopSignsTest, APausedDestinationIsNotPausedAgain) {
  LaneDriver driver(Concurrency(2));
  driver.Take({1, 2});
  driver.lane.SetPaused(true);
  driver.Answer(1, 410);
  driver.Answer(2, With(200, "disable"));
  EXPECT_THAT(driver.pauses, IsEmpty());
}

}  // namespace
}  // namespace postrider::test
