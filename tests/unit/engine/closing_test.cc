#include "postrider/engine/closing.h"

#include <gtest/gtest.h>

namespace postrider {
namespace {

TEST(ClosingTest, ClosesAtOnceWhenNothingIsOpen) {
  Closing closing;
  closing.Judge(5, 0);
  EXPECT_EQ(closing.closed_up_to(), 5);
}

TEST(ClosingTest, ClosesWhenTheLastBelowItHasLeft) {
  Closing closing;
  closing.Judge(5, 2);
  closing.Left(3);
  closing.Left(6);
  EXPECT_EQ(closing.closed_up_to(), 0) << "6 lies above";
  closing.Left(5);
  EXPECT_EQ(closing.closed_up_to(), 5);
}

TEST(ClosingTest, WaitsForOneThatWasNotCounted) {
  Closing closing;
  closing.Judge(5, 1);
  closing.Came(2);
  closing.Came(9);
  closing.Left(4);
  EXPECT_EQ(closing.closed_up_to(), 0);
  closing.Left(2);
  EXPECT_EQ(closing.closed_up_to(), 5);
}

TEST(ClosingTest, NeverGoesBack) {
  Closing closing;
  closing.Set(10);
  closing.Judge(5, 0);
  EXPECT_EQ(closing.closed_up_to(), 10);
}

TEST(ClosingTest, WhatWasJudgedBeforeARecoveryClosesNothing) {
  Closing closing;
  closing.Judge(5, 1);
  closing.Forget();
  closing.Left(3);
  EXPECT_EQ(closing.closed_up_to(), 0);
}

}  // namespace
}  // namespace postrider
