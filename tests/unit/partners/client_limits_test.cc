#include "client_limits.h"

#include <gtest/gtest.h>

namespace postrider::partners {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using Kind = Admission::Kind;

constexpr Instant kStart{std::chrono::hours(480000)};

LimitSettings TenPerSecond() {
  LimitSettings settings;
  settings.windows = {{10, seconds(1)}};
  return settings;
}

TEST(ClientLimitsTest, AdmitsUpToTheCount) {
  ClientLimits limits(TenPerSecond());
  for (int i = 0; i < 10; ++i) EXPECT_EQ(limits.Admit("a", kStart).kind, Kind::kAdmitted);
  const Admission refused = limits.Admit("a", kStart + milliseconds(400));
  EXPECT_EQ(refused.kind, Kind::kLimited);
  EXPECT_EQ(refused.retry_after, milliseconds(600));
}

TEST(ClientLimitsTest, FreesAPlaceExactlyAtTheEndOfTheWindow) {
  ClientLimits limits(TenPerSecond());
  for (int i = 0; i < 10; ++i) limits.Admit("a", kStart);
  EXPECT_EQ(limits.Admit("a", kStart + seconds(1) - Duration(1)).kind, Kind::kLimited);
  EXPECT_EQ(limits.Admit("a", kStart + seconds(1)).kind, Kind::kAdmitted);
}

TEST(ClientLimitsTest, HoldsAcrossTheEdgeOfACalendarSecond) {
  ClientLimits limits(TenPerSecond());
  for (int i = 0; i < 10; ++i) limits.Admit("a", kStart + milliseconds(900));
  EXPECT_EQ(limits.Admit("a", kStart + milliseconds(1100)).kind, Kind::kLimited);
}

TEST(ClientLimitsTest, FixedWindowsBeginAnewWithEachSecond) {
  LimitSettings settings = TenPerSecond();
  settings.fixed = true;
  ClientLimits limits(settings);
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(limits.Admit("a", kStart + milliseconds(900)).kind, Kind::kAdmitted);
  }
  const Admission refused = limits.Admit("a", kStart + milliseconds(950));
  EXPECT_EQ(refused.kind, Kind::kLimited);
  EXPECT_EQ(refused.retry_after, milliseconds(50));
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(limits.Admit("a", kStart + seconds(1)).kind, Kind::kAdmitted);
  }
  EXPECT_EQ(limits.Admit("a", kStart + milliseconds(1001)).kind, Kind::kLimited);
}

TEST(ClientLimitsTest, HoldsEveryWindow) {
  LimitSettings settings = TenPerSecond();
  settings.windows.push_back({15, minutes(1)});
  ClientLimits limits(settings);
  for (int i = 0; i < 10; ++i) limits.Admit("a", kStart);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(limits.Admit("a", kStart + seconds(2)).kind, Kind::kAdmitted);
  }
  const Admission refused = limits.Admit("a", kStart + seconds(2));
  EXPECT_EQ(refused.kind, Kind::kLimited);
  EXPECT_EQ(refused.retry_after, seconds(58));
}

TEST(ClientLimitsTest, CountsNoRefusedRequests) {
  ClientLimits limits(TenPerSecond());
  for (int i = 0; i < 10; ++i) limits.Admit("a", kStart);
  for (int i = 0; i < 3; ++i) limits.Admit("a", kStart + milliseconds(999));
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(limits.Admit("a", kStart + seconds(1)).kind, Kind::kAdmitted);
  }
}

TEST(ClientLimitsTest, LimitsEachClientApart) {
  ClientLimits limits(TenPerSecond());
  for (int i = 0; i < 11; ++i) limits.Admit("a", kStart);
  EXPECT_EQ(limits.Admit("b", kStart).kind, Kind::kAdmitted);
}

TEST(ClientLimitsTest, BansAfterFiveRefusalsInARow) {
  ClientLimits limits(TenPerSecond());
  for (int i = 0; i < 10; ++i) limits.Admit("a", kStart);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(limits.Admit("a", kStart).kind, Kind::kLimited);
  const Admission banned = limits.Admit("a", kStart);
  EXPECT_EQ(banned.kind, Kind::kBanned);
  EXPECT_EQ(banned.retry_after, minutes(5));
}

TEST(ClientLimitsTest, EndsABanExactlyAndStartsAfresh) {
  ClientLimits limits(TenPerSecond());
  for (int i = 0; i < 15; ++i) limits.Admit("a", kStart);
  EXPECT_EQ(limits.Admit("a", kStart + minutes(5) - Duration(1)).kind, Kind::kBanned);
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(limits.Admit("a", kStart + minutes(5)).kind, Kind::kAdmitted);
  }
  EXPECT_EQ(limits.Admit("a", kStart + minutes(5)).kind, Kind::kLimited);
}

TEST(ClientLimitsTest, ForgivesRefusalsThatAreNotInARow) {
  ClientLimits limits(TenPerSecond());
  Instant now = kStart;
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 10; ++i) EXPECT_EQ(limits.Admit("a", now).kind, Kind::kAdmitted);
    for (int i = 0; i < 4; ++i) EXPECT_EQ(limits.Admit("a", now).kind, Kind::kLimited);
    now += seconds(1);
  }
}

TEST(ClientLimitsTest, AdmitsAllWithoutWindows) {
  ClientLimits limits(LimitSettings{});
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(limits.Admit("a", kStart).kind, Kind::kAdmitted);
}

}  // namespace
}  // namespace postrider::partners
