#include "postrider/policy/dead_limit.h"

#include <gtest/gtest.h>

#include "moments.h"

namespace postrider {
namespace {

TEST(DeadLimitTest, AllowsAsManyAsTheLimit) {
  DeadLimit limit({3, seconds(60)});
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(limit.Note(kStart));
  EXPECT_TRUE(limit.Note(After(milliseconds(59999))));
}

TEST(DeadLimitTest, ForgetsWhatIsOlderThanTheWindow) {
  DeadLimit limit({3, seconds(60)});
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(limit.Note(After(seconds(i))));
  EXPECT_FALSE(limit.Note(After(seconds(60))));
  EXPECT_TRUE(limit.Note(After(milliseconds(60999))));
}

TEST(DeadLimitTest, HoldsInEveryInterval) {
  DeadLimit limit({100, seconds(600)});
  for (int i = 0; i < 1000; ++i) EXPECT_FALSE(limit.Note(After(seconds(6 * i))));
  bool exceeded = false;
  for (int i = 0; i < 100; ++i)
    exceeded = limit.Note(After(seconds(6000)) + seconds(i)) || exceeded;
  EXPECT_TRUE(exceeded);
}

TEST(DeadLimitTest, StartsFromNothingAfterItWasExceeded) {
  DeadLimit limit({1, seconds(60)});
  EXPECT_FALSE(limit.Note(kStart));
  EXPECT_TRUE(limit.Note(kStart));
  EXPECT_FALSE(limit.Note(kStart));
  EXPECT_TRUE(limit.Note(kStart));
}

TEST(DeadLimitTest, AllowsNoneWithACountOfNothing) {
  DeadLimit limit({0, seconds(60)});
  EXPECT_TRUE(limit.Note(kStart));
  EXPECT_TRUE(limit.Note(After(seconds(600))));
}

TEST(DeadLimitTest, CountsAnEarlierTimeAsTheLatest) {
  DeadLimit limit({1, seconds(60)});
  EXPECT_FALSE(limit.Note(After(seconds(100))));
  EXPECT_TRUE(limit.Note(kStart));
}

}  // namespace
}  // namespace postrider
