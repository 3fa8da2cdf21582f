#include "postrider/engine/admission.h"

#include <gtest/gtest.h>

#include <vector>

namespace postrider {
namespace {

using std::chrono::minutes;

constexpr Verdict kDelivered{.kind = VerdictKind::kDelivered};
constexpr Verdict kRetried{.kind = VerdictKind::kRetry, .failure = FailureClass::kHttp5xx};

HttpAnswer Status(int status, const HttpHeaders& headers = {}) {
  HttpAnswer answer;
  answer.status = status;
  answer.headers = headers;
  answer.maybe_sent = true;
  return answer;
}

/// Nothing holds a lane back but what a test asks for.
LaneSettings Open() {
  LaneSettings settings;
  settings.concurrency = 1000;
  settings.max_unsettled = 1000;
  settings.call_timeout = milliseconds(2000);
  return settings;
}

class AdmissionTest : public testing::Test {
 protected:
  /// Lets as many out as may go, each written at once, and answered so.
  int SendAll(Admission& admission, const HttpAnswer& answer, const Verdict& verdict,
              int most = 1000) {
    int sent = 0;
    for (; sent < most && admission.Obstacle(now) == Held::kNothing; ++sent) {
      Admission::Permit permit = admission.Begin(false, now);
      admission.Written(permit, now);
      admission.Record(permit, answer, verdict, now);
      admission.Settled();
    }
    return sent;
  }
  int SendAll(Admission& admission) { return SendAll(admission, Status(200), kDelivered); }

  Timestamp now{std::chrono::hours(24 * 20000)};
};

TEST_F(AdmissionTest, WithoutLimitsNothingIsHeld) {
  Admission admission(Open());
  EXPECT_EQ(admission.Obstacle(now), Held::kNothing);
  EXPECT_TRUE(admission.MayRetry(now));
  EXPECT_EQ(admission.breaker(), std::nullopt);
}

TEST_F(AdmissionTest, LooksAtThePoliciesInTheirOrder) {
  LaneSettings settings = Open();
  settings.concurrency = 2;
  settings.pool = 1;
  settings.max_unsettled = 3;
  settings.rate = {{4, seconds(60)}};
  settings.breaker = BreakerSettings{.window = 1, .minimum = 1, .open = milliseconds(60000)};
  settings.hold = milliseconds(300000);
  Admission admission(settings);
  Admission::Permit first = admission.Begin(false, now);
  admission.Written(first, now);
  EXPECT_EQ(admission.Obstacle(now), Held::kPool);
  Admission::Permit second = admission.Begin(false, now);
  admission.Written(second, now);
  EXPECT_EQ(admission.Obstacle(now), Held::kConcurrency);
  Admission::Permit third = admission.Begin(false, now);
  admission.Written(third, now);
  EXPECT_EQ(admission.Obstacle(now), Held::kUnsettled);
  Admission::Permit fourth = admission.Begin(false, now);
  admission.Written(fourth, now);
  EXPECT_EQ(admission.Obstacle(now), Held::kRate);
  admission.Record(first, Status(429, {{"retry-after", "100"}}), kRetried, now);
  EXPECT_EQ(admission.Obstacle(now), Held::kCoolDown);
  EXPECT_EQ(admission.wake(), now + seconds(100));
  admission.Record(second, Status(500), kRetried, now);
  EXPECT_EQ(admission.Obstacle(now), Held::kBreaker);
  EXPECT_EQ(admission.wake(), now + seconds(60));
  admission.Record(third, Status(200), kDelivered, now);
  admission.Return(fourth, now);
  admission.RefuseCredentials(now);
  EXPECT_EQ(admission.Obstacle(now), Held::kCredentials);
  EXPECT_EQ(admission.wake(), now + minutes(5));
  admission.WaitForLease(now);
  EXPECT_EQ(admission.Obstacle(now), Held::kLoading);
  admission.SetPaused(true);
  EXPECT_EQ(admission.Obstacle(now), Held::kPaused);
  EXPECT_EQ(admission.wake(), kNever);
}

TEST_F(AdmissionTest, ARequestCountsInTheWindowsFromItsWriting) {
  LaneSettings settings = Open();
  settings.rate = {{2, seconds(10)}};
  Admission admission(settings);
  Admission::Permit first = admission.Begin(false, now);
  Admission::Permit second = admission.Begin(false, now);
  EXPECT_EQ(admission.Obstacle(now), Held::kRate);
  EXPECT_EQ(admission.wake(), kNever) << "nobody knows when they are written";
  now += seconds(3);
  admission.Written(first, now);
  admission.Written(second, now + seconds(1));
  now += seconds(1);
  EXPECT_EQ(admission.Obstacle(now), Held::kRate);
  EXPECT_EQ(admission.wake(), now - seconds(1) + milliseconds(10400));
}

TEST_F(AdmissionTest, ARequestThatWasHeldUpOnItsWayCountsFromItsArrival) {
  LaneSettings settings = Open();
  settings.rate = {{2, milliseconds(1000)}};
  Admission admission(settings);
  const Timestamp begin = now;
  Admission::Permit quick = admission.Begin(false, now);
  Admission::Permit held_up = admission.Begin(false, now);
  admission.Written(quick, now);
  admission.Written(held_up, now);
  admission.Record(quick, Status(200), kDelivered, begin + milliseconds(10));
  admission.Record(held_up, Status(200), kDelivered, begin + milliseconds(110));
  now = begin + milliseconds(1050);
  EXPECT_EQ(SendAll(admission), 1);
  EXPECT_EQ(admission.wake(), begin + milliseconds(1150));
}

TEST_F(AdmissionTest, ARequestThatWasNotWrittenTakesNoPlaceInTheWindows) {
  LaneSettings settings = Open();
  settings.rate = {{1, seconds(10)}};
  Admission admission(settings);
  const Admission::Permit put_back = admission.Begin(false, now);
  admission.Return(put_back, now);
  EXPECT_EQ(admission.Obstacle(now), Held::kNothing);
  const Admission::Permit refused = admission.Begin(false, now);
  HttpAnswer answer;
  answer.failure = FailureClass::kConnect;
  admission.Record(refused, answer, kRetried, now);
  EXPECT_EQ(admission.Obstacle(now), Held::kNothing);
  EXPECT_EQ(admission.in_flight(), 0);
}

TEST_F(AdmissionTest, ARequestThatMayHaveBeenWrittenCounts) {
  LaneSettings settings = Open();
  settings.rate = {{1, seconds(10)}};
  Admission admission(settings);
  HttpAnswer answer;
  answer.failure = FailureClass::kTimeout;
  answer.maybe_sent = true;
  admission.Record(admission.Begin(false, now), answer, kRetried, now);
  EXPECT_EQ(admission.Obstacle(now), Held::kRate);
  EXPECT_EQ(admission.wake(), now + milliseconds(10400));
}

TEST_F(AdmissionTest, TheBreakerOpensProbesAndCloses) {
  LaneSettings settings = Open();
  settings.breaker =
      BreakerSettings{.window = 10, .minimum = 4, .open = milliseconds(30000), .probes = 2};
  Admission admission(settings);
  EXPECT_EQ(SendAll(admission, Status(500), kRetried), 4);
  EXPECT_EQ(admission.breaker(), CircuitBreaker::State::kOpen);
  EXPECT_EQ(admission.wake(), now + seconds(30));
  now += seconds(30);
  const auto first = admission.Begin(false, now);
  const auto second = admission.Begin(false, now);
  EXPECT_EQ(admission.Obstacle(now), Held::kBreaker);
  EXPECT_EQ(admission.breaker(), CircuitBreaker::State::kHalfOpen);
  EXPECT_EQ(admission.wake(), now + seconds(3)) << "the timeout of a call and a second";
  admission.Record(first, Status(200), kDelivered, now);
  admission.Record(second, Status(200), kDelivered, now);
  EXPECT_EQ(admission.Obstacle(now), Held::kNothing);
  EXPECT_EQ(admission.breaker(), CircuitBreaker::State::kClosed);
}

TEST_F(AdmissionTest, AProbeThatWasNeverWrittenIsRepeated) {
  LaneSettings settings = Open();
  settings.breaker = BreakerSettings{.window = 1, .minimum = 1, .probes = 1};
  Admission admission(settings);
  SendAll(admission, Status(500), kRetried);
  now += seconds(30);
  ASSERT_EQ(admission.Obstacle(now), Held::kNothing);
  admission.Return(admission.Begin(false, now), now);
  EXPECT_EQ(admission.Obstacle(now), Held::kNothing);
}

TEST_F(AdmissionTest, ARefusalCoolsDownAndOneProbeFollows) {
  Admission admission(Open());
  EXPECT_EQ(SendAll(admission, Status(429, {{"retry-after", "7"}}), kRetried), 1);
  EXPECT_TRUE(admission.cooling_down());
  EXPECT_EQ(admission.wake(), now + seconds(7));
  now += seconds(7);
  ASSERT_EQ(admission.Obstacle(now), Held::kNothing);
  const auto probe = admission.Begin(false, now);
  EXPECT_EQ(admission.Obstacle(now), Held::kCoolDown);
  admission.Record(probe, Status(200), kDelivered, now);
  EXPECT_EQ(admission.Obstacle(now), Held::kNothing);
  EXPECT_FALSE(admission.cooling_down());
}

TEST_F(AdmissionTest, TheBudgetHoldsRetriesOnly) {
  LaneSettings settings = Open();
  settings.retries.budget = 0.2;
  Admission admission(settings);
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(admission.MayRetry(now)) << "ten may always be";
    admission.Record(admission.Begin(true, now), Status(500), kRetried, now);
  }
  EXPECT_FALSE(admission.MayRetry(now));
  EXPECT_GT(admission.wake(), now);
  EXPECT_LE(admission.wake(), now + seconds(61));
  EXPECT_EQ(admission.Obstacle(now), Held::kNothing);
  SendAll(admission, Status(200), kDelivered, 45);
  EXPECT_TRUE(admission.MayRetry(now)) << "11 of 56 are less than a fifth";
}

TEST_F(AdmissionTest, WhatTheFormerOwnerSentCounts) {
  LaneSettings settings = Open();
  settings.rate = {{10, seconds(60)}};
  Admission admission(settings);
  admission.Restore({seconds(10), seconds(59), seconds(61), seconds(62)}, 4, now);
  EXPECT_EQ(SendAll(admission), 4) << "2 are recorded within 61 s, 4 may have been sent";
  EXPECT_EQ(admission.Obstacle(now), Held::kRate);
  now += seconds(2);
  EXPECT_EQ(SendAll(admission), 1) << "the window has left that of 59 s";
}

TEST_F(AdmissionTest, UnknownRequestsOfTheFormerOwnerCountAsSentNow) {
  LaneSettings settings = Open();
  settings.rate = {{10, seconds(60)}};
  Admission admission(settings);
  admission.Restore({}, 64, now);
  EXPECT_EQ(admission.Obstacle(now), Held::kRate);
  EXPECT_EQ(admission.wake(), now + seconds(61));
  now += seconds(61);
  EXPECT_EQ(SendAll(admission), 10);
}

TEST_F(AdmissionTest, AClockThatIsSetChangesNoWait) {
  LaneSettings settings = Open();
  settings.rate = {{2, seconds(10)}};
  Admission admission(settings);
  EXPECT_EQ(SendAll(admission), 2);
  now += seconds(4);
  for (const auto jump : {seconds(3600), seconds(-7200)}) {
    now += jump;
    admission.ClockMoved(jump);
    EXPECT_EQ(admission.Obstacle(now), Held::kRate);
    EXPECT_EQ(admission.wake(), now + milliseconds(6400));
  }
  now += milliseconds(6400);
  EXPECT_EQ(SendAll(admission), 2);
}

TEST_F(AdmissionTest, CountsWhatIsInFlightAndUnsettledOnEveryPath) {
  LaneSettings settings = Open();
  settings.rate = {{100, seconds(1)}};
  Admission admission(settings);
  Admission::Permit written = admission.Begin(false, now);
  admission.Written(written, now);
  const auto answered = admission.Begin(false, now);
  const auto returned = admission.Begin(true, now);
  EXPECT_EQ(admission.in_flight(), 3);
  admission.Record(written, Status(200), kDelivered, now);
  admission.Record(answered, Status(500), kRetried, now);
  admission.Return(returned, now);
  EXPECT_EQ(admission.in_flight(), 0);
  EXPECT_EQ(admission.unsettled(), 3);
  for (int i = 0; i < 3; ++i) admission.Settled();
  EXPECT_EQ(admission.unsettled(), 0);
}

TEST_F(AdmissionTest, ACallForATokenHasItsPlaceInTheRate) {
  LaneSettings settings = Open();
  settings.rate = {{3, seconds(10)}};
  Admission admission(settings);
  EXPECT_EQ(admission.NextCall(now), now);
  admission.NoteCall(now);
  EXPECT_EQ(SendAll(admission, Status(200), kDelivered), 2);
  const Timestamp free = admission.NextCall(now);
  EXPECT_GT(free, now + seconds(10));
  now = free;
  EXPECT_EQ(admission.Obstacle(now), Held::kRate) << "the call goes first";
  EXPECT_EQ(admission.NextCall(now), now);
  admission.NoteCall(now);
  EXPECT_EQ(SendAll(admission, Status(200), kDelivered), 2);
}

TEST_F(AdmissionTest, ACallThatIsNotWantedAnyMoreHoldsUpNothing) {
  LaneSettings settings = Open();
  settings.rate = {{1, seconds(10)}};
  Admission admission(settings);
  EXPECT_EQ(SendAll(admission, Status(200), kDelivered), 1);
  now = admission.NextCall(now);
  admission.GiveUpCall();
  EXPECT_EQ(SendAll(admission, Status(200), kDelivered), 1);
}

TEST_F(AdmissionTest, ACallWithoutARateWaitsForNothing) {
  Admission admission(Open());
  EXPECT_EQ(admission.NextCall(now), now);
  admission.NoteCall(now);
  EXPECT_EQ(admission.Obstacle(now), Held::kNothing);
}

}  // namespace
}  // namespace postrider
