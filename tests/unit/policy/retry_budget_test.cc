#include "postrider/policy/retry_budget.h"

#include <gtest/gtest.h>

#include <cmath>
#include <deque>
#include <string>
#include <utility>

#include "moments.h"
#include "postrider/policy/random.h"

namespace postrider {
namespace {

void Send(RetryBudget& budget, int count, bool is_retry, Timestamp now) {
  for (int i = 0; i < count; ++i) budget.Note(is_retry, now);
}

TEST(RetryBudgetTest, LetsAnIdleDestinationRetry) {
  RetryBudget budget(0.2);
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(budget.NextAt(kStart), kStart);
    budget.Note(true, kStart);
  }
  EXPECT_EQ(budget.NextAt(kStart), After(seconds(60)));
}

TEST(RetryBudgetTest, LetsRetriesBeTheirShareOfAllRequests) {
  RetryBudget budget(0.2);
  Send(budget, 80, false, kStart);
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(budget.NextAt(kStart), kStart) << i;
    budget.Note(true, kStart);
  }
  EXPECT_GT(budget.NextAt(kStart), kStart);
}

TEST(RetryBudgetTest, GrowsWithTheRequests) {
  RetryBudget budget(0.2);
  Send(budget, 10, true, kStart);
  Send(budget, 43, false, kStart);
  EXPECT_GT(budget.NextAt(kStart), kStart);
  budget.Note(false, kStart);
  EXPECT_EQ(budget.NextAt(kStart), kStart);
}

TEST(RetryBudgetTest, TellsWhenEnoughRetriesAreForgotten) {
  RetryBudget budget(0.2);
  Send(budget, 3, true, kStart);
  Send(budget, 5, true, After(seconds(10)));
  Send(budget, 4, true, After(seconds(20)));
  EXPECT_EQ(budget.NextAt(After(seconds(20))), After(seconds(60)));
  Send(budget, 3, true, After(seconds(20)));
  EXPECT_EQ(budget.NextAt(After(seconds(20))), After(seconds(70)));
}

TEST(RetryBudgetTest, LetsEveryRetryPassWithAShareOfAll) {
  RetryBudget budget(1.0);
  Send(budget, 1000, true, kStart);
  EXPECT_EQ(budget.NextAt(kStart), kStart);
}

TEST(RetryBudgetTest, KeepsTheFloorOnlyWithAShareOfNothing) {
  RetryBudget budget(0.0);
  Send(budget, 100000, false, kStart);
  Send(budget, 9, true, kStart);
  EXPECT_EQ(budget.NextAt(kStart), kStart);
  Send(budget, 1, true, kStart);
  EXPECT_EQ(budget.NextAt(kStart), After(seconds(60)));
}

TEST(RetryBudgetTest, KeepsTheShareInEveryMinute) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    SeededRandom random(seed);
    RetryBudget budget(0.2);
    std::deque<std::pair<std::int64_t, bool>> sent;  // second, is a retry
    Timestamp now = kStart;
    int refused = 0;
    for (int step = 0; step < 20000; ++step) {
      now += microseconds(std::llround(std::pow(random.Uniform01(), 3) * 800000));
      const auto second = std::chrono::floor<seconds>(now).time_since_epoch().count();
      const bool is_retry = random.Uniform01() < 0.5;
      if (is_retry && budget.NextAt(now) > now) {
        ++refused;
        ASSERT_LE(budget.NextAt(now), now + seconds(60));
        continue;
      }
      budget.Note(is_retry, now);
      sent.emplace_back(second, is_retry);
      while (sent.front().first <= second - 60) sent.pop_front();
      std::size_t retries = 0;
      for (const auto& request : sent) retries += request.second ? 1 : 0;
      ASSERT_TRUE(!is_retry || retries <= 10 || retries * 5 <= sent.size()) << "step " << step;
    }
    EXPECT_GT(refused, 1000);
  }
}

}  // namespace
}  // namespace postrider
