#include "rfc3339.h"

#include <gtest/gtest.h>

namespace postrider {
namespace {

constexpr Timestamp kTime{seconds(1700000000)};  // 2023-11-14T22:13:20Z

TEST(Rfc3339Test, ReadsTimesWithAZone) {
  for (const char* text :
       {"2023-11-14T22:13:20Z", "2023-11-14t22:13:20z", "2023-11-14 22:13:20.999Z",
        "2023-11-15T06:13:20+08:00", "2023-11-14T16:43:20-05:30"}) {
    EXPECT_EQ(ParseRfc3339(text), kTime) << text;
  }
}

TEST(Rfc3339Test, RefusesWhatIsNone) {
  for (const char* text :
       {"", "2023-11-14", "2023-11-14T22:13:20", "2023-11-31T22:13:20Z", "2023-13-14T22:13:20Z",
        "2023-11-14T24:13:20Z", "2023-11-14T22:13:20+8", "2023-11-14T22:13:20.Zx",
        "2023-11-14T22:13:20Z and more", "1700000000"}) {
    EXPECT_EQ(ParseRfc3339(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace postrider
