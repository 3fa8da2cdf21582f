#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/engine/lane_driver.h"

namespace postrider::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

LaneSettings TwoEndpoints() {
  LaneSettings settings;
  settings.endpoints = 2;
  settings.retries.first = seconds(5);
  return settings;
}

HttpAnswer NotConnected() {
  HttpAnswer answer;
  answer.failure = FailureClass::kConnect;
  return answer;
}

TEST(LaneEndpointsTest, WhatCannotBeConnectedGoesToTheNextAtOnceAndIsNotCharged) {
  LaneDriver driver(TwoEndpoints());
  driver.Take({1});
  EXPECT_EQ(driver.sends().back().endpoint, 0U);
  driver.Answer(1, NotConnected());
  driver.Pump();
  ASSERT_THAT(driver.Sent(), ElementsAre(1, 1));
  EXPECT_EQ(driver.sends().back().endpoint, 1U);
  EXPECT_EQ(driver.sends().back().attempt, 1);
  driver.Answer(1, 200);
  driver.Settle();
  EXPECT_EQ(driver.OutcomeOf(1), OutcomeState::kDelivered);
  EXPECT_EQ(driver.Recorded(1).outcome->attempts, 1);
}

TEST(LaneEndpointsTest, TheRequestThatWasNotConnectedLeavesARow) {
  LaneDriver driver(TwoEndpoints());
  driver.Take({1});
  driver.Answer(1, NotConnected());
  driver.Record();
  ASSERT_THAT(driver.Recorded(1).attempts, SizeIs(1));
  EXPECT_FALSE(driver.Recorded(1).attempts[0].charged);
}

TEST(LaneEndpointsTest, WhenNoneCanBeConnectedItIsAnAttempt) {
  LaneDriver driver(TwoEndpoints());
  driver.Take({1});
  driver.Answer(1, NotConnected());
  driver.Pump();
  driver.Answer(1, NotConnected());
  driver.Settle();
  EXPECT_EQ(driver.Recorded(1).backlog->waiting_for, WaitingFor::kRetry);
  EXPECT_EQ(driver.Recorded(1).backlog->attempts, 1);
}

TEST(LaneEndpointsTest, OneEndpointAloneIsChargedAtOnce) {
  LaneDriver driver;
  driver.Take({1});
  driver.Answer(1, NotConnected());
  driver.Settle();
  EXPECT_EQ(driver.Recorded(1).backlog->attempts, 1);
}

TEST(LaneEndpointsTest, WithoutCredentialsNothingIsSent) {
  LaneDriver driver;
  driver.lane.SetCredentials(0, false);
  driver.Take({1});
  EXPECT_THAT(driver.Sent(), IsEmpty());
  EXPECT_EQ(driver.lane.held(), Held::kCredentials);
  driver.lane.SetCredentials(0, true);
  driver.Pump();
  EXPECT_THAT(driver.Sent(), ElementsAre(1));
}

TEST(LaneEndpointsTest, NewCredentialsEndTheWait) {
  LaneDriver driver;
  driver.Take({1});
  driver.Answer(1, 401);
  driver.Pump();
  EXPECT_THAT(driver.Sent(), ElementsAre(1));
  EXPECT_TRUE(driver.lane.credentials_refused());
  driver.lane.OnNewCredentials();
  driver.Pump();
  EXPECT_THAT(driver.Sent(), ElementsAre(1));
  driver.Answer(1, 200);
  driver.Settle();
  EXPECT_FALSE(driver.lane.credentials_refused());
  EXPECT_EQ(driver.Recorded(1).outcome->attempts, 1);
}

}  // namespace
}  // namespace postrider::test
