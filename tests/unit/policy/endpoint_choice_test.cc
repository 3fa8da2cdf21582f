#include "postrider/policy/endpoint_choice.h"

#include <gtest/gtest.h>

#include "moments.h"

namespace postrider {
namespace {

constexpr milliseconds kDeadline{20000};

/// Opens after two failures in a row, for 30 s; one probe.
BreakerSettings Breaker() {
  BreakerSettings settings;
  settings.window = 2;
  settings.minimum = 2;
  settings.probes = 1;
  return settings;
}

std::size_t Send(EndpointChoice& choice, CallResult result, Timestamp now) {
  const EndpointChoice::Permit permit = choice.Begin(now);
  choice.Record(permit, result, milliseconds(1), now);
  return permit.endpoint;
}

/// A request that cannot be connected. Whether another endpoint may take it.
bool FailToConnect(EndpointChoice& choice, Timestamp now) {
  const EndpointChoice::Permit permit = choice.Begin(now);
  choice.Record(permit, CallResult::kFailed, milliseconds(1), now);
  return choice.GiveUp(permit, now);
}

TEST(EndpointChoiceTest, UsesTheFirst) {
  EndpointChoice choice(Breaker(), 3, kDeadline);
  EXPECT_EQ(Send(choice, CallResult::kAlive, After(seconds(0))), 0U);
  EXPECT_EQ(Send(choice, CallResult::kFailed, After(seconds(1))), 0U);
}

TEST(EndpointChoiceTest, UsesTheNextWhileABreakerIsOpen) {
  EndpointChoice choice(Breaker(), 2, kDeadline);
  Send(choice, CallResult::kFailed, After(seconds(0)));
  Send(choice, CallResult::kFailed, After(seconds(0)));
  EXPECT_EQ(choice.state(0), CircuitBreaker::State::kOpen);
  EXPECT_EQ(choice.NextAt(After(seconds(1))), After(seconds(1)));
  EXPECT_EQ(Send(choice, CallResult::kAlive, After(seconds(1))), 1U);
  EXPECT_EQ(choice.state(1), CircuitBreaker::State::kClosed);
}

TEST(EndpointChoiceTest, GoesBackByProbesWhenTheFirstHasRecovered) {
  EndpointChoice choice(Breaker(), 2, kDeadline);
  Send(choice, CallResult::kFailed, After(seconds(0)));
  Send(choice, CallResult::kFailed, After(seconds(0)));
  const EndpointChoice::Permit probe = choice.Begin(After(seconds(31)));
  EXPECT_EQ(probe.endpoint, 0U);
  EXPECT_EQ(choice.Begin(After(seconds(31))).endpoint, 1U) << "one probe is enough";
  choice.Record(probe, CallResult::kAlive, milliseconds(1), After(seconds(32)));
  EXPECT_EQ(Send(choice, CallResult::kAlive, After(seconds(32))), 0U);
}

TEST(EndpointChoiceTest, WaitsWhenAllBreakersAreOpen) {
  EndpointChoice choice(Breaker(), 2, kDeadline);
  for (int i = 0; i < 4; ++i) Send(choice, CallResult::kFailed, After(seconds(i)));
  EXPECT_EQ(choice.state(1), CircuitBreaker::State::kOpen);
  EXPECT_EQ(choice.NextAt(After(seconds(5))), After(seconds(31)));
}

TEST(EndpointChoiceTest, LeavesAnEndpointAloneThatCannotBeConnected) {
  EndpointChoice choice(Breaker(), 2, kDeadline);
  EXPECT_TRUE(FailToConnect(choice, After(seconds(0))));
  EXPECT_EQ(Send(choice, CallResult::kAlive, After(seconds(0))), 1U);
  EXPECT_EQ(Send(choice, CallResult::kAlive, After(milliseconds(29999))), 1U);
  EXPECT_EQ(Send(choice, CallResult::kAlive, After(seconds(30))), 0U);
}

TEST(EndpointChoiceTest, NeverGivesUpTheLastOne) {
  EndpointChoice choice(std::nullopt, 2, kDeadline);
  EXPECT_TRUE(FailToConnect(choice, After(seconds(0))));
  EXPECT_FALSE(FailToConnect(choice, After(seconds(1))));
  EXPECT_EQ(choice.NextAt(After(seconds(2))), After(seconds(2)));
  EXPECT_EQ(Send(choice, CallResult::kAlive, After(seconds(2))), 1U);
}

TEST(EndpointChoiceTest, WithoutCredentialsAnEndpointTakesNothing) {
  EndpointChoice choice(Breaker(), 2, kDeadline);
  choice.SetCredentials(0, false);
  EXPECT_FALSE(choice.lacks_credentials());
  EXPECT_EQ(Send(choice, CallResult::kAlive, After(seconds(0))), 1U);
  choice.SetCredentials(1, false);
  EXPECT_TRUE(choice.lacks_credentials());
  EXPECT_EQ(choice.NextAt(After(seconds(0))), kNever);
  choice.SetCredentials(0, true);
  EXPECT_EQ(Send(choice, CallResult::kAlive, After(seconds(0))), 0U);
}

TEST(EndpointChoiceTest, OneEndpointWithoutBreakerIsAlwaysThere) {
  EndpointChoice choice(std::nullopt, 1, kDeadline);
  EXPECT_FALSE(FailToConnect(choice, After(seconds(0))));
  EXPECT_EQ(choice.NextAt(After(seconds(0))), After(seconds(0)));
  EXPECT_EQ(choice.state(0), std::nullopt);
}

}  // namespace
}  // namespace postrider
