#include "postrider/policy/call_window.h"

#include <gtest/gtest.h>

#include "moments.h"

namespace postrider {
namespace {

using Counts = CallWindow::Counts;

TEST(CallWindowTest, CountsTheLastCalls) {
  CallWindow window(3);
  window.Add(true, false, kStart);
  window.Add(true, true, kStart);
  EXPECT_EQ(window.counts(), (Counts{.calls = 2, .failed = 2, .slow = 1}));
  window.Add(false, false, kStart);
  window.Add(false, true, kStart);
  EXPECT_EQ(window.counts(), (Counts{.calls = 3, .failed = 1, .slow = 2}));
  for (int i = 0; i < 3; ++i) window.Add(false, false, kStart);
  EXPECT_EQ(window.counts(), (Counts{.calls = 3}));
}

TEST(CallWindowTest, KeepsTheLastCallsHoweverLongAgo) {
  CallWindow window(2);
  window.Add(true, false, kStart);
  window.Add(false, false, After(std::chrono::hours(100)));
  EXPECT_EQ(window.counts(), (Counts{.calls = 2, .failed = 1}));
}

TEST(CallWindowTest, CountsTheCallsOfADuration) {
  CallWindow window(seconds(10));
  for (int i = 0; i < 100; ++i) window.Add(i % 2 == 0, false, kStart);
  window.Add(false, true, After(seconds(9)));
  EXPECT_EQ(window.counts(), (Counts{.calls = 101, .failed = 50, .slow = 1}));
  window.Add(true, true, After(seconds(10)));
  EXPECT_EQ(window.counts(), (Counts{.calls = 2, .failed = 1, .slow = 2}));
}

TEST(CallWindowTest, ForgetsAllWhenItIsCleared) {
  for (const std::variant<int, seconds>& length :
       {std::variant<int, seconds>(2), std::variant<int, seconds>(seconds(2))}) {
    CallWindow window(length);
    window.Add(true, true, kStart);
    window.Clear();
    EXPECT_EQ(window.counts(), Counts{});
    window.Add(true, false, kStart);
    window.Add(true, false, kStart);
    EXPECT_EQ(window.counts(), (Counts{.calls = 2, .failed = 2}));
  }
}

TEST(CallWindowTest, HoldsAtLeastOneCall) {
  CallWindow window(0);
  window.Add(true, false, kStart);
  EXPECT_EQ(window.counts().calls, 1);
}

}  // namespace
}  // namespace postrider
