#include "postrider/http/event_loop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <future>
#include <stdexcept>
#include <thread>
#include <vector>

namespace postrider {
namespace {

using std::chrono::milliseconds;
using Clock = EventLoop::Clock;

TEST(EventLoopTest, RunsPostedTasksInOrder) {
  EventLoop loop;
  std::vector<int> ran;
  for (int i = 0; i < 5; ++i) loop.Post([&ran, i] { ran.push_back(i); });
  loop.Post([&] { loop.Stop(); });
  EXPECT_TRUE(ran.empty());
  loop.Run();
  EXPECT_THAT(ran, ::testing::ElementsAre(0, 1, 2, 3, 4));
}

TEST(EventLoopTest, ATaskMayPost) {
  EventLoop loop;
  int depth = 0;
  std::function<void()> task = [&] {
    if (++depth == 100) return loop.Stop();
    loop.Post(task);
    EXPECT_LT(depth, 100);
  };
  loop.Post(task);
  loop.Run();
  EXPECT_EQ(depth, 100);
}

TEST(EventLoopTest, TakesTasksOfManyThreadsEachOnceAndInItsOrder) {
  constexpr int kThreads = 8;
  constexpr int kTasks = 5000;
  EventLoop loop;
  std::thread runner([&] { loop.Run(); });
  const auto expected = runner.get_id();
  std::vector<int> next(kThreads, 0);
  std::atomic<int> total{0};
  std::promise<void> all;
  std::vector<std::thread> posters;
  for (int t = 0; t < kThreads; ++t) {
    posters.emplace_back([&, t] {
      for (int i = 0; i < kTasks; ++i) {
        loop.Post([&, t, i] {
          EXPECT_EQ(next[static_cast<std::size_t>(t)]++, i);
          EXPECT_EQ(std::this_thread::get_id(), expected);
          if (++total == kThreads * kTasks) all.set_value();
        });
      }
    });
  }
  for (std::thread& poster : posters) poster.join();
  EXPECT_EQ(all.get_future().wait_for(std::chrono::seconds(30)), std::future_status::ready);
  loop.Stop();
  runner.join();
}

TEST(EventLoopTest, StopBeforeRunReturnsAtOnce) {
  EventLoop loop;
  loop.Stop();
  loop.Stop();
  loop.Run();
}

TEST(EventLoopTest, StopWakesALoopThatHasNothingToDo) {
  EventLoop loop;
  std::thread runner([&] { loop.Run(); });
  std::promise<void> running;
  loop.Post([&] { running.set_value(); });
  running.get_future().wait();
  loop.Stop();
  runner.join();
}

TEST(EventLoopTest, TimersRunByTimeAndThenInTheOrderOfMaking) {
  EventLoop loop;
  std::vector<int> ran;
  const auto now = Clock::now();
  loop.RunAt(now + milliseconds(20), [&] {
    ran.push_back(4);
    loop.Stop();
  });
  loop.RunAt(now + milliseconds(5), [&] { ran.push_back(2); });
  loop.RunAt(now + milliseconds(5), [&] { ran.push_back(3); });
  loop.RunAt(now - milliseconds(5), [&] { ran.push_back(1); });
  loop.Run();
  EXPECT_THAT(ran, ::testing::ElementsAre(1, 2, 3, 4));
  EXPECT_GE(Clock::now(), now + milliseconds(20));
}

TEST(EventLoopTest, ACancelledTimerDoesNotRun) {
  EventLoop loop;
  const auto now = Clock::now();
  const auto later = loop.RunAt(now + milliseconds(5), [] { FAIL(); });
  const auto first = loop.RunAt(now, [&] { loop.Cancel(later); });
  loop.RunAt(now + milliseconds(10), [&] {
    loop.Cancel(first);  // has run
    loop.Cancel({});
    loop.Stop();
  });
  loop.Run();
}

TEST(EventLoopTest, ATimerMadeByATimerDoesNotStarveTasks) {
  EventLoop loop;
  int timers = 0;
  std::function<void()> again = [&] {
    ++timers;
    loop.RunAt(Clock::now(), again);
  };
  again();
  loop.Post([&] { loop.Post([&] { loop.Stop(); }); });
  loop.Run();
  EXPECT_LT(timers, 100);
}

TEST(EventLoopTest, TheLastTurnShowsThatTheLoopIsAlive) {
  EventLoop loop;
  EXPECT_EQ(loop.last_turn(), Clock::time_point{});
  const auto before = Clock::now();
  loop.Post([&] { loop.Stop(); });
  loop.Run();
  EXPECT_GE(loop.last_turn(), before);
}

TEST(EventLoopTest, AnIdleLoopGoesRoundOnceASecond) {
  EventLoop loop;
  std::thread runner([&] { loop.Run(); });
  const auto deadline = Clock::now() + std::chrono::seconds(20);
  const auto seen = Clock::now();
  while (loop.last_turn() < seen + milliseconds(500) && Clock::now() < deadline) {
    std::this_thread::sleep_for(milliseconds(10));
  }
  EXPECT_LT(Clock::now(), deadline);
  loop.Stop();
  runner.join();
}

TEST(EventLoopTest, WhatACallbackThrowsLeavesRun) {
  EventLoop loop;
  loop.Post([] { throw std::runtime_error("from a task"); });
  EXPECT_THROW(loop.Run(), std::runtime_error);
}

/// Counts, and does what it is told.
class Counter : public FdHandler {
 public:
  explicit Counter(std::function<void(int, Readiness)> act) : act_(std::move(act)) {}
  void OnReady(int fd, Readiness readiness) override {
    ++count;
    act_(fd, readiness);
  }
  int count = 0;

 private:
  std::function<void(int, Readiness)> act_;
};

TEST(EventLoopTest, TellsWhatADescriptorIsReadyFor) {
  EventLoop loop;
  const int fd = eventfd(0, EFD_CLOEXEC);
  Counter handler([&](int ready, FdHandler::Readiness readiness) {
    EXPECT_EQ(ready, fd);
    if (readiness.writable && !readiness.readable) {
      const std::uint64_t one = 1;
      ASSERT_EQ(write(fd, &one, sizeof one), 8);
      loop.Watch(fd, true, false, handler);
    } else {
      EXPECT_TRUE(readiness.readable);
      loop.Unwatch(fd);
      loop.Unwatch(fd);
      loop.Post([&] { loop.Stop(); });
    }
  });
  ASSERT_TRUE(loop.Watch(fd, true, true, handler));
  loop.Run();
  EXPECT_EQ(handler.count, 2);
  close(fd);
}

TEST(EventLoopTest, ADescriptorUnwatchedInTheSameTurnIsNotReported) {
  EventLoop loop;
  const int a = eventfd(1, EFD_CLOEXEC);
  const int b = eventfd(1, EFD_CLOEXEC);
  Counter handler([&](int fd, FdHandler::Readiness) {
    loop.Unwatch(fd == a ? b : a);
    loop.Stop();
  });
  loop.Watch(a, true, false, handler);
  loop.Watch(b, true, false, handler);
  loop.Run();
  EXPECT_EQ(handler.count, 1);
  close(a);
  close(b);
}

TEST(EventLoopTest, ADescriptorNumberMayComeBack) {
  EventLoop loop;
  Counter handler([&](int, FdHandler::Readiness) { loop.Stop(); });
  const int first = eventfd(0, EFD_CLOEXEC);
  loop.Watch(first, true, false, handler);
  loop.Unwatch(first);
  close(first);
  const int second = eventfd(1, EFD_CLOEXEC);
  ASSERT_EQ(second, first);
  ASSERT_TRUE(loop.Watch(second, true, false, handler));
  loop.Run();
  EXPECT_EQ(handler.count, 1);
  close(second);
}

}  // namespace
}  // namespace postrider
