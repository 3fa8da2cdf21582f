#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "unit/engine/lane_driver.h"

namespace postrider::test {
namespace {

using std::chrono::minutes;
using testing::Contains;
using testing::IsEmpty;
using testing::Not;

/// A lane whose retries are held back by their budget: many more of them than it holds in memory,
/// and than it knows by id.
class RetriesHeldBackTest : public testing::Test {
 protected:
  static constexpr EventId kRetries = 200;

  static LaneSettings Small() {
    LaneSettings settings;
    settings.concurrency = 4;
    settings.max_events = 64;
    settings.window = 40;
    settings.retries.budget = 0.1;
    settings.retries.first = milliseconds(1000);
    settings.retries.max = milliseconds(1000);
    settings.retries.attempts = 1000;
    return settings;
  }

  RetriesHeldBackTest() : driver_(Small()) {
    for (EventId id = 1; id <= kRetries; ++id) {
      driver_.Take({id});
      driver_.Answer(id, 500);
      driver_.Settle();
    }
    driver_.Sent();
    Pass(driver_, seconds(2), 500);
    EXPECT_EQ(driver_.lane.held(), Held::kBudget);
  }

  /// Lets time pass, and answers what is sent meanwhile, which is returned.
  static std::vector<EventId> Pass(LaneDriver& driver, milliseconds time, int status) {
    std::vector<EventId> all;
    for (const Timestamp end = driver.now + time; driver.now < end;) {
      driver.Pass(std::min<microseconds>(milliseconds(500), end - driver.now));
      driver.Settle();
      for (auto sent = driver.Sent(); !sent.empty(); sent = driver.Sent()) {
        all.insert(all.end(), sent.begin(), sent.end());
        for (const EventId id : sent) driver.Answer(id, status);
        driver.Settle();
      }
    }
    return all;
  }
  EventRef Scheduled(EventId id, microseconds in) const {
    auto event = NewEvent(id);
    event->deliver_after = driver_.now + in;
    return event;
  }

  LaneDriver driver_;
};

TEST_F(RetriesHeldBackTest, AScheduledEventIsSentWhenItIsDue) {
  driver_.Take({Scheduled(1000, milliseconds(500)), Scheduled(1001, seconds(2))});
  driver_.Settle();
  EXPECT_THAT(Pass(driver_, milliseconds(500), 200), Contains(1000));
  EXPECT_THAT(Pass(driver_, milliseconds(1500), 200), Contains(1001));
}

TEST_F(RetriesHeldBackTest, AScheduledEventOfAFormerOwnerIsSentWhenItIsDue) {
  const EventRef event = Scheduled(1000, milliseconds(500));
  BacklogEntry entry;
  entry.waiting_for = WaitingFor::kSchedule;
  entry.due_at = *event->deliver_after;
  driver_.rows[1000] = {event, 1, false, entry, std::make_shared<const std::string>("canary")};
  driver_.BeginEra();
  driver_.EndRecovery();
  driver_.Settle();
  EXPECT_THAT(Pass(driver_, milliseconds(500), 200), Contains(1000));
}

TEST_F(RetriesHeldBackTest, WhatPeoplePutBackGoesOn) {
  driver_.PutBack(NewEvent(1000));
  driver_.Foreign({1000});
  driver_.Settle();
  EXPECT_THAT(driver_.Sent(), Contains(1000));
}

TEST_F(RetriesHeldBackTest, AQuestionIsNoRetry) {
  LaneSettings settings = Small();
  settings.after_unknown = AfterUnknown::kVerify;
  settings.verify.emplace();
  LaneDriver driver(settings);
  driver.now = driver_.now;
  driver.rows = driver_.rows;
  StoredDelivery asked{NewEvent(1000), 1, false, {}, std::make_shared<const std::string>("canary")};
  asked.entry.waiting_for = WaitingFor::kVerification;
  asked.entry.attempts = 1;
  asked.entry.first_attempt_at = driver.now;
  asked.entry.due_at = driver.now + seconds(20);
  driver.rows[1000] = asked;
  driver.BeginEra();
  driver.EndRecovery();
  driver.Settle();
  Pass(driver, seconds(19), 500);
  ASSERT_EQ(driver.lane.held(), Held::kBudget);
  EXPECT_THAT(Pass(driver, seconds(1), 500), Contains(1000));
}

TEST_F(RetriesHeldBackTest, TheyGoOnWhenTheBudgetAllows) {
  EXPECT_GE(Pass(driver_, minutes(5), 200).size(), 40U) << "ten in each minute at least";
  EXPECT_THAT(driver_.rows, Not(IsEmpty())) << "but not all at once";
}

}  // namespace
}  // namespace postrider::test
