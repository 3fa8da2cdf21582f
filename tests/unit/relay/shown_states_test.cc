#include "relay/shown_states.h"

#include <gtest/gtest.h>

namespace postrider::test {
namespace {

constexpr milliseconds kLook{250};

PolicyState State(const std::string& breaker, const std::string& held, std::int16_t shard = 0) {
  return {{1, shard}, 7, breaker, held};
}

class ShownStatesTest : public testing::Test {
 protected:
  /// A look a quarter of a second later; what is to be saved, is.
  bool Look(const PolicyState& state) {
    now_ += kLook;
    const bool due = shown_.Look(state, now_);
    if (due) shown_.NoteSaved({state}, now_);
    return due;
  }

  ShownStates shown_;
  ShownStates::Time now_ = ShownStates::Time() + std::chrono::hours(1);
};

TEST_F(ShownStatesTest, AChangeIsSavedAtTheSecondLook) {
  EXPECT_FALSE(Look(State("closed", "")));
  EXPECT_TRUE(Look(State("closed", "")));
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(Look(State("closed", ""))) << "once is enough";
  EXPECT_FALSE(Look(State("open", "breaker")));
  EXPECT_TRUE(Look(State("open", "breaker")));
}

TEST_F(ShownStatesTest, WhatDoesNotLastIsNotWorthARow) {
  Look(State("closed", ""));
  Look(State("closed", ""));
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(Look(State("closed", i % 2 == 0 ? "rate" : "")));
}

TEST_F(ShownStatesTest, AChangingLaneIsSavedOnceInTwoSeconds) {
  int saved = 0;
  for (int i = 0; i < 4 * 60; ++i) saved += Look(State("closed", i / 2 % 2 == 0 ? "rate" : ""));
  EXPECT_LE(saved, 30) << "in a minute";
  EXPECT_GE(saved, 20);
}

TEST_F(ShownStatesTest, TheLastStateIsSavedInTheEnd) {
  for (int i = 0; i < 8; ++i) Look(State("closed", i / 2 % 2 == 0 ? "rate" : ""));
  int saved = 0;
  for (int i = 0; i < 9; ++i) saved += Look(State("open", "breaker"));
  EXPECT_EQ(saved, 1);
}

TEST_F(ShownStatesTest, WhatCouldNotBeSavedIsTriedAgain) {
  shown_.Look(State("open", "breaker"), now_);
  EXPECT_TRUE(shown_.Look(State("open", "breaker"), now_ + kLook));
  EXPECT_TRUE(shown_.Look(State("open", "breaker"), now_ + 2 * kLook));
}

TEST_F(ShownStatesTest, EachLaneIsLookedAtByItself) {
  Look(State("open", "breaker", 0));
  EXPECT_FALSE(Look(State("open", "breaker", 1)));
  EXPECT_TRUE(Look(State("open", "breaker", 0)));
  EXPECT_TRUE(Look(State("open", "breaker", 1)));
}

TEST_F(ShownStatesTest, ACoolDownIsSavedAtOnce) {
  PolicyState state = State("closed", "");
  Look(state);
  Look(state);
  for (const int wait : {5, 17}) {
    state.cools_until = Timestamp(seconds(1000 + wait));
    EXPECT_TRUE(Look(state));
    EXPECT_FALSE(Look(state));
  }
  state.cools_until.reset();
  EXPECT_TRUE(Look(state));
}

}  // namespace
}  // namespace postrider::test
