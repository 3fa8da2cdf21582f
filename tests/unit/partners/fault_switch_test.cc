#include "fault_switch.h"

#include <gtest/gtest.h>

namespace postrider::partners {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Mode = Fault::Mode;

constexpr Instant kNow{std::chrono::hours(480000)};

TEST(FaultSwitchTest, BehavesAtFirst) { EXPECT_EQ(FaultSwitch().Next(kNow).mode, Mode::kOk); }

TEST(FaultSwitchTest, LastsUntilItIsSwitchedOff) {
  FaultSwitch faults;
  EXPECT_FALSE(faults.Set(json{{"mode", "down"}, {"status", 500}}, kNow));
  EXPECT_EQ(faults.Next(kNow + std::chrono::hours(1000)).status, 500);
  EXPECT_FALSE(faults.Set(json{{"mode", "ok"}}, kNow));
  EXPECT_EQ(faults.Next(kNow).mode, Mode::kOk);
}

TEST(FaultSwitchTest, EndsAfterItsSeconds) {
  FaultSwitch faults;
  faults.Set(json{{"mode", "hang"}, {"seconds", 1.5}}, kNow);
  EXPECT_EQ(faults.Next(kNow + milliseconds(1499)).mode, Mode::kHang);
  EXPECT_EQ(faults.Next(kNow + milliseconds(1500)).mode, Mode::kOk);
}

TEST(FaultSwitchTest, EndsAfterItsCount) {
  FaultSwitch faults;
  faults.Set(json{{"mode", "reset"}, {"count", 2}, {"after", true}}, kNow);
  EXPECT_EQ(faults.Next(kNow).mode, Mode::kReset);
  EXPECT_TRUE(faults.Next(kNow).after);
  EXPECT_EQ(faults.Next(kNow).mode, Mode::kOk);
}

TEST(FaultSwitchTest, TakesTheDetailsOfEachMode) {
  FaultSwitch faults;
  faults.Set(json{{"mode", "slow"}, {"ms", 250}}, kNow);
  EXPECT_EQ(faults.Next(kNow).delay, milliseconds(250));
  faults.Set(json{{"mode", "lie"}, {"code", "E999"}}, kNow);
  EXPECT_EQ(faults.Next(kNow).code, "E999");
  faults.Set(json{{"mode", "down"}, {"status", 429}, {"retry_after", 7}}, kNow);
  EXPECT_EQ(faults.Next(kNow).retry_after, seconds(7));
}

TEST(FaultSwitchTest, ChangesNothingOnABadCommand) {
  FaultSwitch faults;
  faults.Set(json{{"mode", "hang"}}, kNow);
  const int generation = faults.generation();
  for (const char* command : {"[]", "{}", R"({"mode": "mad"})", R"({"mode": "slow", "ms": "x"})",
                              R"({"mode": "down", "status": 99})", R"({"mode": 1})"}) {
    EXPECT_TRUE(faults.Set(json::parse(command), kNow)) << command;
  }
  EXPECT_EQ(faults.Next(kNow).mode, Mode::kHang);
  EXPECT_EQ(faults.generation(), generation);
}

}  // namespace
}  // namespace postrider::partners
