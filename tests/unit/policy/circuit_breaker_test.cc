#include "postrider/policy/circuit_breaker.h"

#include <gtest/gtest.h>

#include "moments.h"

namespace postrider {
namespace {

using State = CircuitBreaker::State;
using enum CallResult;

constexpr milliseconds kDeadline{20000};
constexpr milliseconds kQuick{50};
constexpr milliseconds kSlow{8001};

/// 50 % of 20 calls and not below 10; slow above 8 s; open for 30 s up to 10 min; 3 probes.
CircuitBreaker Make(const BreakerSettings& settings = {}) {
  return CircuitBreaker(settings, kDeadline);
}

void Call(CircuitBreaker& breaker, CallResult result, Timestamp now,
          milliseconds latency = kQuick) {
  breaker.Record(breaker.Begin(now), result, latency, now);
}

void Calls(CircuitBreaker& breaker, int count, CallResult result, Timestamp now = kStart) {
  for (int i = 0; i < count; ++i) Call(breaker, result, now);
}

/// Open since `now`.
CircuitBreaker MakeOpen(Timestamp now = kStart, const BreakerSettings& settings = {}) {
  CircuitBreaker breaker = Make(settings);
  Calls(breaker, 10, kFailed, now);
  EXPECT_EQ(breaker.state(), State::kOpen);
  return breaker;
}

TEST(CircuitBreakerTest, PassesEverythingWhileClosed) {
  CircuitBreaker breaker = Make();
  Calls(breaker, 1000, kAlive);
  EXPECT_EQ(breaker.state(), State::kClosed);
  EXPECT_EQ(breaker.NextAt(kStart), kStart);
}

TEST(CircuitBreakerTest, OpensWhenTheShareOfFailuresReachesItsLimit) {
  CircuitBreaker breaker = Make();
  Calls(breaker, 11, kAlive);
  Calls(breaker, 9, kFailed);
  EXPECT_EQ(breaker.state(), State::kClosed);
  Calls(breaker, 1, kFailed);
  EXPECT_EQ(breaker.state(), State::kOpen);
  EXPECT_EQ(breaker.NextAt(kStart), After(seconds(30)));
}

TEST(CircuitBreakerTest, ConcludesNothingFromFewerCallsThanTheMinimum) {
  CircuitBreaker breaker = Make();
  Calls(breaker, 9, kFailed);
  EXPECT_EQ(breaker.state(), State::kClosed);
  Calls(breaker, 1, kFailed);
  EXPECT_EQ(breaker.state(), State::kOpen);
}

TEST(CircuitBreakerTest, ConcludesFromAWindowThatIsSmallerThanTheMinimum) {
  CircuitBreaker breaker = Make({.window = 5, .minimum = 10});
  Calls(breaker, 5, kFailed);
  EXPECT_EQ(breaker.state(), State::kOpen);
}

TEST(CircuitBreakerTest, DoesNotCountWhatIsIgnored) {
  CircuitBreaker breaker = Make();
  Calls(breaker, 9, kFailed);
  Calls(breaker, 100, kIgnored);
  EXPECT_EQ(breaker.state(), State::kClosed);
}

TEST(CircuitBreakerTest, OpensWhenEveryCallIsSlow) {
  CircuitBreaker breaker = Make();
  for (int i = 0; i < 9; ++i) Call(breaker, kAlive, kStart, kSlow);
  EXPECT_EQ(breaker.state(), State::kClosed);
  Call(breaker, kAlive, kStart, kSlow);
  EXPECT_EQ(breaker.state(), State::kOpen);
}

TEST(CircuitBreakerTest, StaysClosedWhenNotEnoughCallsAreSlow) {
  CircuitBreaker breaker = Make();
  Call(breaker, kAlive, kStart, milliseconds(8000));
  for (int i = 0; i < 19; ++i) Call(breaker, kAlive, kStart, kSlow);
  EXPECT_EQ(breaker.state(), State::kClosed);
  Call(breaker, kAlive, kStart, kSlow);
  EXPECT_EQ(breaker.state(), State::kOpen);
}

TEST(CircuitBreakerTest, TakesSlowCallsAsFineWithoutALimit) {
  CircuitBreaker breaker = Make({.slow = std::nullopt});
  for (int i = 0; i < 20; ++i) Call(breaker, kAlive, kStart, milliseconds(60000));
  EXPECT_EQ(breaker.state(), State::kClosed);
}

TEST(CircuitBreakerTest, ForgetsCallsThatAreOlderThanTheWindow) {
  CircuitBreaker breaker = Make({.window = seconds(60)});
  Calls(breaker, 9, kFailed, kStart);
  Calls(breaker, 9, kFailed, After(seconds(60)));
  EXPECT_EQ(breaker.state(), State::kClosed);
  Calls(breaker, 1, kFailed, After(seconds(61)));
  EXPECT_EQ(breaker.state(), State::kOpen);
}

TEST(CircuitBreakerTest, MeetsAShareExactlyInSpiteOfRounding) {
  CircuitBreaker breaker = Make({.failures = 0.07, .window = 100, .minimum = 100});
  Calls(breaker, 93, kAlive);
  Calls(breaker, 6, kFailed);
  EXPECT_EQ(breaker.state(), State::kClosed);
  Calls(breaker, 1, kFailed);
  EXPECT_EQ(breaker.state(), State::kOpen);
}

TEST(CircuitBreakerTest, IgnoresWhatBeganBeforeItOpened) {
  CircuitBreaker breaker = Make();
  const auto early = breaker.Begin(kStart);
  Calls(breaker, 10, kFailed);
  breaker.Record(early, kAlive, kQuick, kStart);
  EXPECT_EQ(breaker.state(), State::kOpen);
  EXPECT_EQ(breaker.NextAt(After(seconds(30))), After(seconds(30)));
  EXPECT_EQ(breaker.state(), State::kHalfOpen);
  for (int i = 0; i < 10; ++i) breaker.Record(early, kFailed, kQuick, After(seconds(30)));
  EXPECT_EQ(breaker.state(), State::kHalfOpen);
}

TEST(CircuitBreakerTest, IgnoresWhatBeganBeforeItWasOpenWhenItIsClosedAgain) {
  CircuitBreaker breaker = Make();
  const auto early = breaker.Begin(kStart);
  Calls(breaker, 10, kFailed);
  Calls(breaker, 2, kAlive, After(seconds(30)));
  for (int i = 0; i < 20; ++i) breaker.Record(early, kFailed, kQuick, After(seconds(30)));
  EXPECT_EQ(breaker.state(), State::kClosed);
}

TEST(CircuitBreakerTest, IgnoresARequestThatIsSentThoughItIsOpen) {
  CircuitBreaker breaker = MakeOpen();
  Call(breaker, kAlive, After(seconds(1)));
  EXPECT_EQ(breaker.state(), State::kOpen);
  EXPECT_EQ(breaker.NextAt(After(seconds(1))), After(seconds(30)));
}

TEST(CircuitBreakerTest, LetsAsManyPassAsThereAreProbes) {
  CircuitBreaker breaker = MakeOpen();
  const Timestamp now = After(seconds(30));
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(breaker.NextAt(now), now);
    breaker.Begin(now);
  }
  EXPECT_EQ(breaker.state(), State::kHalfOpen);
  EXPECT_EQ(breaker.NextAt(now), now + kDeadline);
}

TEST(CircuitBreakerTest, ClosesAsSoonAsTheProbesCannotFailAnyMore) {
  CircuitBreaker breaker = MakeOpen();
  const Timestamp now = After(seconds(30));
  Call(breaker, kAlive, now);
  EXPECT_EQ(breaker.state(), State::kHalfOpen);
  Call(breaker, kFailed, now);
  EXPECT_EQ(breaker.state(), State::kHalfOpen);
  Call(breaker, kAlive, now);
  EXPECT_EQ(breaker.state(), State::kClosed);
  EXPECT_EQ(breaker.NextAt(now), now);
}

TEST(CircuitBreakerTest, BeginsToCountAnewWhenItCloses) {
  CircuitBreaker breaker = MakeOpen();
  Calls(breaker, 2, kAlive, After(seconds(30)));
  Calls(breaker, 9, kFailed, After(seconds(30)));
  EXPECT_EQ(breaker.state(), State::kClosed);
}

TEST(CircuitBreakerTest, OpensAgainAsSoonAsTheProbesHaveFailed) {
  CircuitBreaker breaker = MakeOpen();
  const Timestamp now = After(seconds(30));
  const auto last = breaker.Begin(now);
  Calls(breaker, 2, kFailed, now);
  EXPECT_EQ(breaker.state(), State::kOpen);
  EXPECT_EQ(breaker.NextAt(now), now + seconds(60));
  breaker.Record(last, kAlive, kQuick, now);
  EXPECT_EQ(breaker.state(), State::kOpen);
}

TEST(CircuitBreakerTest, OpensAgainWhenTheProbesAreSlow) {
  CircuitBreaker breaker = MakeOpen();
  const Timestamp now = After(seconds(30));
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(breaker.state() == State::kOpen, i == 0);
    Call(breaker, kAlive, now, kSlow);
  }
  EXPECT_EQ(breaker.state(), State::kOpen);
}

TEST(CircuitBreakerTest, StaysOpenTwiceAsLongEachTimeUpToTheMaximum) {
  CircuitBreaker breaker = MakeOpen();
  Timestamp now = breaker.NextAt(kStart);
  for (const int open : {60, 120, 240, 480, 600, 600}) {
    Calls(breaker, 2, kFailed, now);
    EXPECT_EQ(breaker.NextAt(now), now + seconds(open));
    now = breaker.NextAt(now);
  }
}

TEST(CircuitBreakerTest, StaysOpenForItsFirstTimeAgainAfterASuccess) {
  CircuitBreaker breaker = MakeOpen();
  Timestamp now = breaker.NextAt(kStart);
  Calls(breaker, 2, kFailed, now);
  now = breaker.NextAt(now);
  Calls(breaker, 2, kAlive, now);
  EXPECT_EQ(breaker.state(), State::kClosed);
  Calls(breaker, 10, kFailed, now);
  EXPECT_EQ(breaker.NextAt(now), now + seconds(30));
}

TEST(CircuitBreakerTest, TakesAProbeThatNeverReportsAsFailed) {
  CircuitBreaker breaker = MakeOpen();
  const Timestamp now = After(seconds(30));
  for (int i = 0; i < 3; ++i) breaker.Begin(now);
  EXPECT_EQ(breaker.NextAt(now + kDeadline), now + kDeadline + seconds(60));
  EXPECT_EQ(breaker.state(), State::kOpen);
}

TEST(CircuitBreakerTest, CountsTheOpenTimeFromTheMissedDeadline) {
  CircuitBreaker breaker = MakeOpen();
  const Timestamp now = After(seconds(30));
  for (int i = 0; i < 3; ++i) breaker.Begin(now);
  const Timestamp much_later = now + std::chrono::hours(5);
  EXPECT_EQ(breaker.NextAt(much_later), much_later);
  EXPECT_EQ(breaker.state(), State::kHalfOpen);
}

TEST(CircuitBreakerTest, IgnoresAProbeThatReportsAfterItsDeadline) {
  CircuitBreaker breaker = MakeOpen();
  const Timestamp now = After(seconds(30));
  const auto late = breaker.Begin(now);
  EXPECT_EQ(breaker.NextAt(now + kDeadline), now + kDeadline);
  breaker.Record(late, kAlive, kQuick, now + kDeadline);
  Call(breaker, kAlive, now + kDeadline);
  EXPECT_EQ(breaker.state(), State::kHalfOpen);
}

TEST(CircuitBreakerTest, RepeatsAProbeThatSaidNothing) {
  CircuitBreaker breaker = MakeOpen();
  const Timestamp now = After(seconds(30));
  const auto probe = breaker.Begin(now);
  breaker.Begin(now);
  breaker.Begin(now);
  breaker.Record(probe, kIgnored, kQuick, now);
  EXPECT_EQ(breaker.NextAt(now), now);
  breaker.Record(probe, kFailed, kQuick, now);
  breaker.Record(probe, kFailed, kQuick, now);
  EXPECT_EQ(breaker.state(), State::kHalfOpen);
}

TEST(CircuitBreakerTest, IsAsItWouldHaveBeenWhenTheCallsAreRepeated) {
  CircuitBreaker breaker = Make();
  for (int i = 0; i < 12; ++i) Call(breaker, kFailed, After(seconds(i)));
  EXPECT_EQ(breaker.NextAt(After(seconds(20))), After(seconds(39)));
}

TEST(CircuitBreakerTest, NamesItsStatesAsTheMetricsDo) {
  EXPECT_EQ(ToString(State::kClosed), "closed");
  EXPECT_EQ(ToString(State::kHalfOpen), "half_open");
  EXPECT_EQ(ToString(State::kOpen), "open");
}

}  // namespace
}  // namespace postrider
