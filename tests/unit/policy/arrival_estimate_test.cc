#include "postrider/policy/arrival_estimate.h"

#include <gtest/gtest.h>

#include "moments.h"

namespace postrider {
namespace {

TEST(ArrivalEstimateTest, ASteadyPartnerIsNeverLate) {
  ArrivalEstimate estimate;
  for (int i = 0; i < 200; ++i) {
    EXPECT_EQ(estimate.LateBy(milliseconds(300), After(seconds(i))), microseconds(0));
  }
}

TEST(ArrivalEstimateTest, WhatACallTookLongerThanTheShortestMayHaveBeenLostOnTheWay) {
  ArrivalEstimate estimate;
  EXPECT_EQ(estimate.LateBy(milliseconds(20), After(seconds(0))), microseconds(0));
  EXPECT_EQ(estimate.LateBy(milliseconds(95), After(seconds(1))), milliseconds(75));
  EXPECT_EQ(estimate.LateBy(milliseconds(10), After(seconds(2))), microseconds(0));
  EXPECT_EQ(estimate.LateBy(milliseconds(95), After(seconds(3))), milliseconds(85));
}

TEST(ArrivalEstimateTest, VeryLongCallsAreThePartnersWork) {
  ArrivalEstimate estimate;
  (void)estimate.LateBy(milliseconds(10), After(seconds(0)));
  EXPECT_EQ(estimate.LateBy(seconds(5), After(seconds(1))), milliseconds(250));
}

TEST(ArrivalEstimateTest, APartnerThatHasBecomeSlowerIsTheMeasureAfterTwoMinutes) {
  ArrivalEstimate estimate;
  (void)estimate.LateBy(milliseconds(10), After(seconds(0)));
  EXPECT_EQ(estimate.LateBy(milliseconds(90), After(seconds(60))), milliseconds(80));
  EXPECT_EQ(estimate.LateBy(milliseconds(90), After(seconds(119))), milliseconds(80));
  EXPECT_EQ(estimate.LateBy(milliseconds(90), After(seconds(120))), microseconds(0));
}

}  // namespace
}  // namespace postrider
