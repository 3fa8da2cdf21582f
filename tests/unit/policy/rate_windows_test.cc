#include "postrider/policy/rate_windows.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "moments.h"
#include "postrider/policy/random.h"

namespace postrider {
namespace {

constexpr RateWindow kTenPerSecond{10, milliseconds(1000)};
constexpr RateWindow kHundredPerMinute{100, milliseconds(60000)};
constexpr RateWindow kThreePer90s{3, milliseconds(90000)};

/// Sends as soon as it may, up to `until`; the times of what was sent.
std::vector<Timestamp> SendAll(RateWindows& windows, Timestamp from, Timestamp until) {
  std::vector<Timestamp> sent;
  for (Timestamp now = windows.NextAt(from); now < until; now = windows.NextAt(now)) {
    windows.Note(now);
    sent.push_back(now);
  }
  return sent;
}

/// The most requests in any interval of that length: by brute force over all that begin with one.
int MostIn(milliseconds length, std::vector<Timestamp> times) {
  std::sort(times.begin(), times.end());
  int most = 0;
  for (auto first = times.begin(); first != times.end(); ++first) {
    int count = 0;
    for (auto it = first; it != times.end() && *it - *first < length; ++it) ++count;
    most = std::max(most, count);
  }
  return most;
}

TEST(RateWindowsTest, LetsEverythingPassWithoutWindows) {
  RateWindows windows({});
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(windows.NextAt(kStart), kStart);
    windows.Note(kStart);
  }
  EXPECT_EQ(windows.longest(), microseconds(0));
}

TEST(RateWindowsTest, LetsAsManyPassAtOnceAsTheWindowHolds) {
  RateWindows windows({kTenPerSecond});
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(windows.NextAt(kStart), kStart);
    windows.Note(kStart);
  }
  EXPECT_EQ(windows.NextAt(kStart), After(milliseconds(1040)));
}

TEST(RateWindowsTest, FreesTheOldestPlaceFirst) {
  RateWindows windows({{2, milliseconds(1000)}});
  windows.Note(kStart);
  windows.Note(After(milliseconds(300)));
  EXPECT_EQ(windows.NextAt(After(milliseconds(300))), After(milliseconds(1040)));
  windows.Note(After(milliseconds(1040)));
  EXPECT_EQ(windows.NextAt(After(milliseconds(1040))), After(milliseconds(1340)));
}

TEST(RateWindowsTest, WaitsForTheWindowThatIsFullLongest) {
  RateWindows windows({{1, milliseconds(100)}, kThreePer90s});
  windows.Note(kStart);
  EXPECT_EQ(windows.NextAt(kStart), After(milliseconds(104)));
  windows.Note(After(seconds(1)));
  windows.Note(After(seconds(2)));
  EXPECT_EQ(windows.NextAt(After(seconds(3))), After(seconds(91)));
}

TEST(RateWindowsTest, AllowsForFourPercentOfJitterButOneSecondAtMost) {
  EXPECT_EQ(RateWindows({kTenPerSecond}).longest(), milliseconds(1040));
  EXPECT_EQ(RateWindows({{5, seconds(25)}}).longest(), seconds(26));
  EXPECT_EQ(RateWindows({{5000, std::chrono::hours(24)}}).longest(), seconds(86401));
}

TEST(RateWindowsTest, UsesNinetyFivePercentOfWhatIsAllowed) {
  for (const RateWindow& window : {kTenPerSecond, kHundredPerMinute, kThreePer90s}) {
    RateWindows windows({window});
    const auto lengths = 200;
    const auto sent = SendAll(windows, kStart, kStart + lengths * window.length);
    EXPECT_GE(static_cast<int>(sent.size()), window.count * lengths * 95 / 100);
    EXPECT_LE(MostIn(window.length, sent), window.count);
  }
}

TEST(RateWindowsTest, HoldsForThePartnerWhenRequestsAreDelayedOnTheirWay) {
  SeededRandom random(7);
  RateWindows windows({kTenPerSecond});
  std::vector<Timestamp> arrivals = SendAll(windows, kStart, After(seconds(300)));
  for (Timestamp& time : arrivals) {
    time += microseconds(std::llround(random.Uniform01() * 40000));
  }
  EXPECT_LE(MostIn(kTenPerSecond.length, arrivals), 10);
}

TEST(RateWindowsTest, CountsAReservedRequestUntilItIsWritten) {
  RateWindows windows({{2, milliseconds(1000)}});
  windows.Reserve();
  windows.Reserve();
  EXPECT_EQ(windows.NextAt(After(seconds(100))), kNever);
  windows.Written(After(seconds(100)));
  EXPECT_EQ(windows.NextAt(After(seconds(100))), After(milliseconds(101040)));
  windows.Release();
  EXPECT_EQ(windows.NextAt(After(seconds(100))), After(seconds(100)));
}

TEST(RateWindowsTest, TakesTimesInAnyOrder) {
  RateWindows windows({{2, milliseconds(1000)}});
  windows.Note(After(milliseconds(500)));
  windows.Note(kStart);
  windows.Note(After(milliseconds(200)));
  EXPECT_EQ(windows.NextAt(After(milliseconds(500))), After(milliseconds(1240)));
}

TEST(RateWindowsTest, CountsFromTheLaterMomentOfWriting) {
  RateWindows windows({{2, milliseconds(1000)}});
  windows.Note(kStart);
  windows.Note(After(milliseconds(10)));
  windows.NoteLate(kStart, After(milliseconds(500)));
  EXPECT_EQ(windows.NextAt(After(milliseconds(500))), After(milliseconds(1050)));
  windows.NoteLate(After(milliseconds(10)), After(milliseconds(700)));
  EXPECT_EQ(windows.NextAt(After(milliseconds(700))), After(milliseconds(1540)));
}

TEST(RateWindowsTest, NeverTakesAMomentOfWritingAsEarlier) {
  RateWindows windows({{1, milliseconds(1000)}});
  windows.Note(kStart);
  windows.NoteLate(kStart, kStart - seconds(5));
  EXPECT_EQ(windows.NextAt(kStart), After(milliseconds(1040)));
}

TEST(RateWindowsTest, CountsALateOneEvenWhenItsFirstTimeIsForgotten) {
  RateWindows windows({{1, milliseconds(1000)}});
  windows.Note(kStart);
  windows.Note(After(seconds(2)));
  windows.NoteLate(kStart, After(seconds(3)));
  EXPECT_EQ(windows.NextAt(After(seconds(3))), After(milliseconds(4040)));
}

TEST(RateWindowsTest, RestoresTimesInAnyOrder) {
  RateWindows windows({{3, milliseconds(1000)}});
  windows.Restore({After(milliseconds(600)), After(milliseconds(200)), After(milliseconds(400))}, 0,
                  After(milliseconds(700)));
  EXPECT_EQ(windows.NextAt(After(milliseconds(700))), After(milliseconds(1240)));
}

TEST(RateWindowsTest, DatesNowWhatMayHaveBeenSentBeforeACrash) {
  RateWindows windows({{3, milliseconds(1000)}});
  windows.Restore({After(milliseconds(200))}, 2, After(milliseconds(700)));
  EXPECT_EQ(windows.NextAt(After(milliseconds(700))), After(milliseconds(1240)));
  windows.Note(After(milliseconds(1240)));
  EXPECT_EQ(windows.NextAt(After(milliseconds(1240))), After(milliseconds(1740)));
}

TEST(RateWindowsTest, RestoresNoTimeOfTheFuture) {
  RateWindows windows({{1, milliseconds(1000)}});
  windows.Restore({After(seconds(500))}, 0, kStart);
  EXPECT_EQ(windows.NextAt(kStart), After(milliseconds(1040)));
}

TEST(RateWindowsTest, AddsWhatIsRestoredToWhatIsKnown) {
  RateWindows windows({{2, milliseconds(1000)}});
  windows.Note(After(milliseconds(900)));
  windows.Restore({After(milliseconds(500)), kStart - seconds(60)}, 0, After(milliseconds(900)));
  EXPECT_EQ(windows.NextAt(After(milliseconds(900))), After(milliseconds(1540)));
}

/// Requests as they are sent by an engine that connects late, loses track and starts again.
class Traffic {
 public:
  Traffic(std::vector<RateWindow> windows, std::uint64_t seed)
      : settings_(std::move(windows)), windows_(settings_), random_(seed) {}

  void Step() {
    now_ += microseconds(std::llround(std::pow(random_.Uniform01(), 6) * 3e6));
    if (random_.Uniform01() < 0.002) Crash();
    while (!reserved_.empty() && random_.Uniform01() < 0.4) EndOne();
    for (int wanted = static_cast<int>(random_.Uniform01() * 8); wanted > 0; --wanted) SendOne();
  }

  const std::vector<Timestamp>& written() const { return written_; }

 private:
  void SendOne() {
    if (windows_.NextAt(now_) > now_) return;
    if (random_.Uniform01() < 0.5) {
      windows_.Note(now_);
      written_.push_back(now_);
    } else {
      windows_.Reserve();
      reserved_.push_back(now_);
    }
  }

  void EndOne() {
    reserved_.pop_back();
    if (random_.Uniform01() < 0.2) return windows_.Release();
    windows_.Written(now_);
    written_.push_back(now_);
  }

  /// What was reserved is lost; of it nobody knows whether it was written.
  void Crash() {
    windows_ = RateWindows(settings_);
    std::vector<Timestamp> known = written_;
    std::reverse(known.begin(), known.end());
    windows_.Restore(known, reserved_.size(), now_);
    for (std::size_t i = 0; i < reserved_.size(); ++i) written_.push_back(now_);
    reserved_.clear();
  }

  const std::vector<RateWindow> settings_;
  RateWindows windows_;
  SeededRandom random_;
  Timestamp now_ = kStart;
  std::vector<Timestamp> reserved_;
  std::vector<Timestamp> written_;
};

TEST(RateWindowsTest, HoldsInEveryIntervalWhateverHappens) {
  const std::vector<std::vector<RateWindow>> cases{
      {kTenPerSecond},
      {kTenPerSecond, kHundredPerMinute},
      {kThreePer90s},
      {{1, milliseconds(50)}, kTenPerSecond, kHundredPerMinute, {400, seconds(600)}}};
  for (std::size_t i = 0; i < cases.size(); ++i) {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
      SCOPED_TRACE("case " + std::to_string(i) + ", seed " + std::to_string(seed));
      Traffic traffic(cases[i], seed);
      for (int step = 0; step < 4000; ++step) traffic.Step();
      bool was_full = false;
      for (const RateWindow& window : cases[i]) {
        const int most = MostIn(window.length, traffic.written());
        EXPECT_LE(most, window.count);
        was_full = was_full || most == window.count;
      }
      EXPECT_TRUE(was_full) << "the limits were never reached";
    }
  }
}

TEST(DivideRatesTest, GivesWhatIsLeftOverToTheFirstShards) {
  const std::vector<RateWindow> windows{kTenPerSecond, kHundredPerMinute};
  for (int shard = 0; shard < 3; ++shard) {
    const auto parts = DivideRates(windows, 3, shard);
    ASSERT_TRUE(parts);
    EXPECT_EQ(*parts, (std::vector<RateWindow>{{shard == 0 ? 4 : 3, milliseconds(1000)},
                                               {shard == 0 ? 34 : 33, milliseconds(60000)}}));
  }
}

TEST(DivideRatesTest, AddsUpToTheWhole) {
  for (int shards = 1; shards <= 10; ++shards) {
    int sum = 0;
    for (int shard = 0; shard < shards; ++shard) {
      sum += DivideRates({kTenPerSecond}, shards, shard)->front().count;
    }
    EXPECT_EQ(sum, 10) << shards;
  }
}

TEST(DivideRatesTest, RefusesWhenAShardWouldGetNothing) {
  for (int shard = 0; shard < 4; ++shard) {
    EXPECT_EQ(DivideRates({kHundredPerMinute, kThreePer90s}, 4, shard), std::nullopt);
  }
}

}  // namespace
}  // namespace postrider
