#include "postrider/engine/lane_shares.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "unit/engine/lane_driver.h"

namespace postrider::test {
namespace {

using testing::Contains;

TEST(LaneSharesTest, EachOriginHasItsOwnPart) {
  LaneShares shares(400, 8000);
  for (int i = 0; i < 100; ++i) shares.Add(Origin::kPutBack, 10);
  EXPECT_EQ(shares.room_events(Origin::kPutBack), 0);
  EXPECT_EQ(shares.room_bytes(Origin::kPutBack), 0);
  EXPECT_EQ(shares.room_events(Origin::kLog), 400);
  EXPECT_EQ(shares.room_bytes(Origin::kLog), 4000);
  EXPECT_EQ(shares.room_events(Origin::kDue), 100);
  EXPECT_EQ(shares.room_events(Origin::kRetry), 100);
  shares.Remove(Origin::kPutBack, 10);
  EXPECT_EQ(shares.room_events(Origin::kPutBack), 1);
  EXPECT_EQ(shares.bytes(), 990);
}

TEST(LaneSharesTest, RowsThatWereAskedForTakeRoom) {
  LaneShares shares(400, 6000);
  shares.Asked(Origin::kDue, 30);
  EXPECT_EQ(shares.room_events(Origin::kDue), 70);
  shares.Answered(Origin::kDue, 30);
  EXPECT_EQ(shares.room_events(Origin::kDue), 100);
}

TEST(LaneSharesTest, AsksForOnePageAtATimeAndOnlyWhenItFits) {
  LaneShares shares(400, 6000);
  const int page = shares.page(Origin::kDue);
  EXPECT_TRUE(shares.HasRoomForPage(Origin::kDue));
  shares.Asked(Origin::kDue, page);
  EXPECT_FALSE(shares.HasRoomForPage(Origin::kDue)) << "how large it is, is not known yet";
  shares.Answered(Origin::kDue, page);
  for (int i = 0; i < 100 - 2 * page + 1; ++i) shares.Add(Origin::kDue, 0);
  EXPECT_TRUE(shares.HasRoomForPage(Origin::kDue));
  EXPECT_FALSE(shares.HasRoomForPage(Origin::kDue, 1)) << "nothing would be left beside it";
  for (int i = 0; i < page; ++i) shares.Add(Origin::kDue, 0);
  EXPECT_FALSE(shares.HasRoomForPage(Origin::kDue));
}

TEST(LaneSharesTest, ASmallLaneReadsRowByRow) {
  LaneShares shares(1, 1);
  for (const Origin origin : {Origin::kDue, Origin::kRetry, Origin::kPutBack, Origin::kBlocked}) {
    EXPECT_EQ(shares.page(origin), 1);
    EXPECT_TRUE(LaneShares(4, 4000).HasRoomForPage(origin, 1)) << "or nothing would ever be read";
  }
}

// -- A lane with a replay of thousands ------------------------------------------------------------

class LongReplayTest : public testing::Test {
 protected:
  static constexpr EventId kReplayed = 3000;

  static LaneSettings OneAtATime() {
    LaneSettings settings;
    settings.concurrency = 1;
    settings.max_events = 256;
    settings.window = 500;
    return settings;
  }

  LongReplayTest() : driver_(OneAtATime()) {
    std::vector<DueOrder> rows;
    for (EventId id = 1; id <= kReplayed; ++id) {
      driver_.PutBack(NewEvent(id));
      rows.push_back({driver_.now, id});
    }
    driver_.lane.OnForeignRows(rows);
    driver_.Pump();
    driver_.Settle();
    served_ = driver_.Sent();
  }

  /// Keeps the log full: events above those of the replay.
  void TakeFresh() {
    std::vector<EventRef> events;
    while (driver_.lane.room_events() > static_cast<std::int64_t>(events.size())) {
      events.push_back(NewEvent(++last_fresh_));
    }
    driver_.Take(events);
  }
  /// Answers requests, one after the other. Returns what was sent meanwhile.
  std::vector<EventId> Serve(int requests) {
    std::vector<EventId> sent;
    for (int i = 0; i < requests && !driver_.sends().empty(); ++i) {
      const EventId id = driver_.sends().back().event->id();
      if (driver_.has_outcome(id)) break;
      driver_.Answer(id, 200);
      driver_.Settle();
      for (const EventId next : driver_.Sent()) sent.push_back(next);
    }
    return sent;
  }
  static std::int64_t CountReplayed(const std::vector<EventId>& ids) {
    return std::count_if(ids.begin(), ids.end(), [](EventId id) { return id <= kReplayed; });
  }

  LaneDriver driver_;
  std::vector<EventId> served_;
  EventId last_fresh_ = kReplayed;
};

TEST_F(LongReplayTest, TakesAQuarterOfWhatIsSentWhileFreshEventsWait) {
  std::vector<EventId> sent;
  for (int round = 0; round < 10; ++round) {
    TakeFresh();
    for (const EventId id : Serve(100)) sent.push_back(id);
  }
  EXPECT_NEAR(static_cast<double>(CountReplayed(sent)), 250, 5);
}

TEST_F(LongReplayTest, IsSentInFullWhenNothingElseWaits) {
  const std::vector<EventId> sent = Serve(static_cast<int>(kReplayed));
  EXPECT_EQ(CountReplayed(sent), kReplayed - 1) << "one was in flight";
  EXPECT_TRUE(std::is_sorted(sent.begin(), sent.end()));
  EXPECT_TRUE(driver_.rows.empty());
}

TEST_F(LongReplayTest, LeavesTheLogItsRoom) {
  EXPECT_EQ(driver_.lane.room_events(), 256);
  EXPECT_LE(driver_.lane.stats().queued + driver_.lane.stats().sending, 64u);
}

TEST_F(LongReplayTest, DoesNotDelayARetry) {
  TakeFresh();
  std::vector<EventId> sent = Serve(1);
  while (sent.back() <= kReplayed) sent = Serve(1);
  const EventId failing = sent.back();
  driver_.Answer(failing, 500);
  driver_.Settle();
  driver_.Sent();
  driver_.Pass(seconds(5));
  driver_.Settle();
  EXPECT_THAT(Serve(8), Contains(failing));
}

TEST_F(LongReplayTest, WithLargeBodiesLeavesTheLogItsBytes) {
  LaneSettings settings = OneAtATime();
  settings.max_bytes = 60'000;
  LaneDriver driver(settings);
  std::vector<DueOrder> rows;
  for (EventId id = 1; id <= 100; ++id) {
    auto event = NewEvent(id);
    event->body = std::string(5000, 'x');
    event->body_bytes = event->body.size();
    driver.PutBack(event);
    rows.push_back({driver.now, id});
  }
  driver.lane.OnForeignRows(rows);
  driver.Pump();
  driver.Settle();
  EXPECT_EQ(driver.lane.room_bytes(), 30'000);
  EXPECT_LE(driver.lane.stats().bytes, 10'000 + 8 * 5000) << "its part, and a page";
}

}  // namespace
}  // namespace postrider::test
