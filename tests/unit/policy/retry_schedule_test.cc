#include "postrider/policy/retry_schedule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace postrider {
namespace {

using std::chrono::days;
using std::chrono::hours;
using testing::HasSubstr;
using testing::Not;

constexpr Timestamp kStart{std::chrono::hours(480000)};

std::optional<milliseconds> After(const RetrySettings& settings, int attempts, double random01 = 0,
                                  microseconds elapsed = seconds(1)) {
  return RetrySchedule(settings).DelayAfter(attempts, kStart, kStart + elapsed, random01);
}

TEST(RetryScheduleTest, GrowsByTheFactor) {
  const RetrySettings settings;
  EXPECT_EQ(After(settings, 1), milliseconds(5000));
  EXPECT_EQ(After(settings, 2), milliseconds(20000));
  EXPECT_EQ(After(settings, 3), milliseconds(80000));
}

TEST(RetryScheduleTest, CapsTheDelayAtTheMaximum) {
  EXPECT_EQ(After(RetrySettings{}, 11), milliseconds(hours(12)));
}

TEST(RetryScheduleTest, AddsJitterUpwardsAfterTheCap) {
  EXPECT_EQ(After(RetrySettings{}, 1, 1.0), milliseconds(6250));
  EXPECT_EQ(After(RetrySettings{}, 11, 1.0), milliseconds(hours(15)));
  EXPECT_EQ(After(RetrySettings{}, 11, 0.5), milliseconds(hours(12)) + milliseconds(5400 * 1000));
}

TEST(RetryScheduleTest, CountsTheFirstAttemptAmongTheAttempts) {
  EXPECT_TRUE(After(RetrySettings{.attempts = 3}, 2).has_value());
  EXPECT_FALSE(After(RetrySettings{.attempts = 3}, 3).has_value());
  EXPECT_FALSE(After(RetrySettings{.attempts = 1}, 1).has_value());
}

TEST(RetryScheduleTest, EndsWhenAnAttemptFailsAtTheEndOfFor) {
  const RetrySettings settings{.lasting = seconds(60)};
  EXPECT_TRUE(After(settings, 2, 0, seconds(60) - microseconds(1)).has_value());
  EXPECT_FALSE(After(settings, 2, 0, seconds(60)).has_value());
}

TEST(RetryScheduleTest, LetsAWaitReachBeyondFor) {
  const RetrySettings settings{.lasting = seconds(60), .first = milliseconds(hours(1))};
  EXPECT_EQ(After(settings, 1), milliseconds(hours(1)));
}

TEST(RetryScheduleTest, WaitsLikeAfterTheFirstWhenNothingWasCharged) {
  EXPECT_EQ(After(RetrySettings{}, 0), milliseconds(5000));
}

TEST(RetryScheduleTest, UsesAFixedSchedule) {
  const RetrySettings settings{.jitter = 0,
                               .schedule = {seconds(5), seconds(30), std::chrono::minutes(5)}};
  EXPECT_EQ(After(settings, 1), seconds(5));
  EXPECT_EQ(After(settings, 2), seconds(30));
  EXPECT_EQ(After(settings, 3), std::chrono::minutes(5));
  EXPECT_FALSE(After(settings, 4).has_value());
}

TEST(RetryScheduleTest, LetsAttemptsShortenAFixedSchedule) {
  const RetrySettings settings{.attempts = 2, .schedule = {seconds(5), seconds(30)}};
  EXPECT_FALSE(After(settings, 2).has_value());
}

TEST(RetryScheduleTest, SurvivesNumbersThatOverflow) {
  const RetrySettings settings{.attempts = std::numeric_limits<int>::max(),
                               .factor = 1e300,
                               .max = milliseconds::max(),
                               .jitter = 1.0};
  EXPECT_EQ(After(settings, 1'000'000, 1.0), milliseconds(days(3650)));
  EXPECT_EQ(After(RetrySettings{.attempts = 2000, .first = milliseconds(0)}, 1500, 1.0),
            milliseconds(0));
}

TEST(RetryScheduleTest, TakesARandomNumberOutsideItsRangeAsTheNearest) {
  EXPECT_EQ(After(RetrySettings{}, 1, 5.0), milliseconds(6250));
  EXPECT_EQ(After(RetrySettings{}, 1, -5.0), milliseconds(5000));
}

TEST(ExplainTest, ShowsEveryAttemptWithItsTimes) {
  const std::string text = Explain(RetrySettings{.attempts = 4});
  EXPECT_THAT(text, HasSubstr("\n1        -                                   0s\n"));
  EXPECT_THAT(text, HasSubstr("\n2        5s .. 6.25s                         5s .. 6.25s\n"));
  EXPECT_THAT(text, HasSubstr("\n4        1m 20s .. 1m 40s                    1m 45s .. 2m 11s\n"));
  EXPECT_THAT(text, HasSubstr("when attempt 4 fails"));
  EXPECT_THAT(text, HasSubstr("fails 3d or more"));
}

TEST(ExplainTest, StopsWhereForEnds) {
  const std::string text = Explain(
      RetrySettings{.attempts = 9, .lasting = seconds(100), .first = seconds(60), .factor = 1.0});
  EXPECT_THAT(text, HasSubstr("\n3        1m .. 1m 15s                        2m .. 2m 30s\n"));
  EXPECT_THAT(text, Not(HasSubstr("\n4 ")));
}

TEST(ExplainTest, MarksAnAttemptThatDependsOnLuck) {
  const std::string text = Explain(
      RetrySettings{.attempts = 9, .lasting = seconds(130), .first = seconds(60), .factor = 1.0});
  EXPECT_THAT(text, HasSubstr("3m .. 3m 45s  (only when `for` allows it)"));
}

TEST(ExplainTest, SaysWhatTheBudgetAllows) {
  EXPECT_THAT(Explain(RetrySettings{.budget = 0.2}), HasSubstr("at most 20 % are retries"));
  EXPECT_THAT(Explain(RetrySettings{}), Not(HasSubstr("are retries")));
}

TEST(ExplainTest, SumsUpALongSchedule) {
  const std::string text = Explain(RetrySettings{.attempts = 100000, .lasting = days(3000)});
  EXPECT_LT(text.size(), 5000U);
  EXPECT_THAT(text, HasSubstr("and so on, every 12h .. 15h"));
}

}  // namespace
}  // namespace postrider
