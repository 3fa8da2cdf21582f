// The circuit breaker against its rules, by chance, and which results it counts.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "moments.h"
#include "postrider/policy/circuit_breaker.h"
#include "postrider/policy/random.h"

namespace postrider {
namespace {

using State = CircuitBreaker::State;

CallResult ResultOf(int status, VerdictKind kind = VerdictKind::kRetry) {
  HttpAnswer answer;
  answer.status = status;
  return CallResultOf(answer, Verdict{.kind = kind});
}

CallResult ResultOf(FailureClass failure, int status = 0) {
  HttpAnswer answer;
  answer.failure = failure;
  answer.status = status;
  return CallResultOf(answer, Verdict{});
}

TEST(CallResultTest, CountsFailuresOfTheNetwork) {
  for (const FailureClass failure :
       {FailureClass::kDns, FailureClass::kConnect, FailureClass::kConnectTimeout,
        FailureClass::kTls, FailureClass::kTimeout, FailureClass::kReset,
        FailureClass::kProtocol}) {
    EXPECT_EQ(ResultOf(failure), CallResult::kFailed) << ToString(failure);
  }
  EXPECT_EQ(ResultOf(FailureClass::kReset, 200), CallResult::kFailed);
}

TEST(CallResultTest, SaysNothingByFaultsOfOurOwn) {
  for (const FailureClass failure :
       {FailureClass::kProxy, FailureClass::kToken, FailureClass::kLocal,
        FailureClass::kBlockedAddress, FailureClass::kRelayLost}) {
    EXPECT_EQ(ResultOf(failure), CallResult::kIgnored) << ToString(failure);
  }
  EXPECT_EQ(ResultOf(FailureClass::kProxy, 502), CallResult::kIgnored);
}

TEST(CallResultTest, Counts5xxAnd408) {
  for (const int status : {408, 500, 502, 503, 504, 599}) {
    EXPECT_EQ(ResultOf(status), CallResult::kFailed) << status;
  }
}

TEST(CallResultTest, TakesEveryOtherAnswerAsASignOfLife) {
  for (const int status : {200, 302, 400, 404, 409, 410, 422, 425, 429}) {
    EXPECT_EQ(ResultOf(status), CallResult::kAlive) << status;
  }
  EXPECT_EQ(ResultOf(FailureClass::kTooLarge, 200), CallResult::kAlive);
  EXPECT_EQ(ResultOf(FailureClass::kTooLarge, 500), CallResult::kFailed);
}

TEST(CallResultTest, BelievesTheVerdictThatAnswersAreFine) {
  EXPECT_EQ(ResultOf(401, VerdictKind::kHold), CallResult::kAlive);
  EXPECT_EQ(ResultOf(503, VerdictKind::kHold), CallResult::kAlive);
  EXPECT_EQ(ResultOf(500, VerdictKind::kDelivered), CallResult::kAlive);
}

/// A partner that fails for a while now and then, and an engine that keeps to the breaker.
class Chance {
 public:
  Chance(const BreakerSettings& settings, std::uint64_t seed)
      : settings_(settings), breaker_(settings, kDeadline), random_(seed) {}

  void Step() {
    now_ += microseconds(std::llround(std::pow(random_.Uniform01(), 4) * 4e6));
    if (random_.Uniform01() < 0.01) failing_ = random_.Uniform01();
    if (random_.Uniform01() < 0.55) Begin();
    if (random_.Uniform01() < 0.5) End();
    Note();
  }

  int opened() const { return opened_; }
  int closed() const { return closed_; }

 private:
  static constexpr milliseconds kDeadline{20000};
  struct Flight {
    CircuitBreaker::Permit permit;
    int began_in;  ///< the number of the state
  };

  void Begin() {
    const Timestamp next = breaker_.NextAt(now_);
    Note();
    ASSERT_LT(next, kNever) << "it hangs";
    if (next > now_) return;
    ASSERT_NE(state_, State::kOpen);
    if (state_ == State::kHalfOpen) {
      ASSERT_LT(probes_, settings_.probes);
      ++probes_;
    }
    flights_.push_back({breaker_.Begin(now_), number_});
  }

  void End() {
    if (flights_.empty()) return;
    const auto which =
        static_cast<std::size_t>(random_.Uniform01() * static_cast<double>(flights_.size()));
    const Flight flight = flights_[which];
    flights_.erase(flights_.begin() + static_cast<std::ptrdiff_t>(which));
    if (random_.Uniform01() < 0.02) return;  // never reports
    const bool failed = random_.Uniform01() < failing_;
    breaker_.NextAt(now_);
    Note();
    breaker_.Record(flight.permit, failed ? CallResult::kFailed : CallResult::kAlive,
                    milliseconds(1), now_);
    if (flight.began_in != number_) {
      ASSERT_EQ(breaker_.state(), state_) << "a result of an earlier state changed something";
    } else if (state_ == State::kClosed) {
      calls_.push_back(failed);
      ASSERT_EQ(breaker_.state() == State::kOpen, ShouldOpen());
    }
  }

  bool ShouldOpen() const {
    const auto window = static_cast<std::size_t>(std::get<int>(settings_.window));
    const auto counted = std::min(calls_.size(), window);
    const auto failed =
        std::count(calls_.end() - static_cast<std::ptrdiff_t>(counted), calls_.end(), true);
    return counted >= static_cast<std::size_t>(settings_.minimum) &&
           static_cast<double>(failed) >= settings_.failures * static_cast<double>(counted);
  }

  /// Sees whether the state has changed.
  void Note() {
    if (breaker_.state() == state_) return;
    const State next = breaker_.state();
    ASSERT_TRUE(next != State::kClosed || state_ == State::kHalfOpen);
    ASSERT_TRUE(next != State::kHalfOpen || state_ == State::kOpen);
    state_ = next;
    ++number_;
    probes_ = 0;
    calls_.clear();
    if (state_ == State::kOpen) ++opened_;
    if (state_ == State::kClosed) ++closed_;
  }

  const BreakerSettings settings_;
  CircuitBreaker breaker_;
  SeededRandom random_;
  Timestamp now_ = kStart;
  double failing_ = 0;
  State state_ = State::kClosed;
  int number_ = 0;
  int probes_ = 0;
  int opened_ = 0;
  int closed_ = 0;
  std::vector<Flight> flights_;
  std::deque<bool> calls_;
};

TEST(CircuitBreakerRulesTest, HoldWhateverHappens) {
  const BreakerSettings settings{.failures = 0.5, .window = 12, .minimum = 4};
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Chance chance(settings, seed);
    for (int step = 0; step < 20000 && !testing::Test::HasFatalFailure(); ++step) chance.Step();
    EXPECT_GT(chance.opened(), 10);
    EXPECT_GT(chance.closed(), 5);
  }
}

}  // namespace
}  // namespace postrider
