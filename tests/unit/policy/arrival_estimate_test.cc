#include "postrider/policy/arrival_estimate.h"

#include <gtest/gtest.h>

#include "moments.h"

namespace postrider {
namespace {

/// One that has seen the first calls, in a minute long before.
ArrivalEstimate Begun() {
  ArrivalEstimate estimate({{.count = 10, .length = seconds(1)}});
  for (int i = 0; i < 64; ++i) (void)estimate.LateBy(milliseconds(400), After(seconds(-600)));
  (void)estimate.LateBy(milliseconds(400), After(seconds(-300)));
  return estimate;
}

TEST(ArrivalEstimateTest, AllTimeOfTheFirstCallsMayHaveBeenLostOnTheWay) {
  ArrivalEstimate estimate({{.count = 10, .length = seconds(1)}});
  for (int i = 0; i < 64; ++i) {
    EXPECT_EQ(estimate.LateBy(milliseconds(100), After(seconds(0))), milliseconds(100));
  }
  EXPECT_EQ(estimate.LateBy(milliseconds(100), After(seconds(0))), microseconds(0));
}

TEST(ArrivalEstimateTest, ASteadyPartnerIsNeverLate) {
  ArrivalEstimate estimate = Begun();
  for (int i = 0; i < 200; ++i) {
    EXPECT_EQ(estimate.LateBy(milliseconds(300), After(seconds(i))), microseconds(0));
  }
}

TEST(ArrivalEstimateTest, WhatACallTookLongerThanTheShortestMayHaveBeenLostOnTheWay) {
  ArrivalEstimate estimate = Begun();
  EXPECT_EQ(estimate.LateBy(milliseconds(20), After(seconds(0))), microseconds(0));
  EXPECT_EQ(estimate.LateBy(milliseconds(95), After(seconds(1))), milliseconds(75));
  EXPECT_EQ(estimate.LateBy(milliseconds(10), After(seconds(2))), microseconds(0));
  EXPECT_EQ(estimate.LateBy(milliseconds(95), After(seconds(3))), milliseconds(85));
}

TEST(ArrivalEstimateTest, VeryLongCallsAreThePartnersWork) {
  ArrivalEstimate estimate = Begun();
  (void)estimate.LateBy(milliseconds(10), After(seconds(0)));
  EXPECT_EQ(estimate.LateBy(seconds(5), After(seconds(1))), milliseconds(250));
}

TEST(ArrivalEstimateTest, OfTheShortestWindowATenthMayBeLostOnTheWay) {
  ArrivalEstimate estimate(
      {{.count = 100, .length = seconds(60)}, {.count = 20, .length = seconds(6)}});
  EXPECT_EQ(estimate.LateBy(milliseconds(599), After(seconds(0))), milliseconds(599));
  EXPECT_EQ(estimate.LateBy(seconds(5), After(seconds(0))), milliseconds(600));
}

TEST(ArrivalEstimateTest, APartnerThatHasBecomeSlowerIsTheMeasureAfterTwoMinutes) {
  ArrivalEstimate estimate = Begun();
  (void)estimate.LateBy(milliseconds(10), After(seconds(0)));
  EXPECT_EQ(estimate.LateBy(milliseconds(90), After(seconds(60))), milliseconds(80));
  EXPECT_EQ(estimate.LateBy(milliseconds(90), After(seconds(119))), milliseconds(80));
  EXPECT_EQ(estimate.LateBy(milliseconds(90), After(seconds(120))), microseconds(0));
}

}  // namespace
}  // namespace postrider
