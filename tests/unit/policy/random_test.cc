#include "postrider/policy/random.h"

#include <gtest/gtest.h>

namespace postrider {
namespace {

TEST(SeededRandomTest, RepeatsItselfForTheSameSeed) {
  SeededRandom one(7);
  SeededRandom two(7);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(one.Uniform01(), two.Uniform01());
}

TEST(SeededRandomTest, DiffersForAnotherSeed) {
  EXPECT_NE(SeededRandom(1).Uniform01(), SeededRandom(2).Uniform01());
}

TEST(SeededRandomTest, StaysFromZeroToBelowOne) {
  SeededRandom random(42);
  double sum = 0;
  for (int i = 0; i < 10000; ++i) {
    const double value = random.Uniform01();
    ASSERT_GE(value, 0.0);
    ASSERT_LT(value, 1.0);
    sum += value;
  }
  EXPECT_NEAR(sum / 10000, 0.5, 0.02);
}

}  // namespace
}  // namespace postrider
