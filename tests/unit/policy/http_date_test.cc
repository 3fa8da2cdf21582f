#include "postrider/policy/http_date.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <ctime>
#include <string>

#include "postrider/policy/random.h"

namespace postrider {
namespace {

using std::chrono::sys_seconds;

constexpr sys_seconds kExample{std::chrono::seconds(784111777)};  // RFC 9110's own
constexpr sys_seconds kNow{std::chrono::seconds(1700000000)};     // in 2023

std::string Format(const char* format, sys_seconds time) {
  const std::time_t seconds = time.time_since_epoch().count();
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 64> text{};
  return {text.data(), std::strftime(text.data(), text.size(), format, &parts)};
}

TEST(HttpDateTest, ReadsTheThreeForms) {
  EXPECT_EQ(ParseHttpDate("Sun, 06 Nov 1994 08:49:37 GMT", kNow), kExample);
  EXPECT_EQ(ParseHttpDate("Sunday, 06-Nov-94 08:49:37 GMT", kNow), kExample);
  EXPECT_EQ(ParseHttpDate("Sun Nov  6 08:49:37 1994", kNow), kExample);
}

TEST(HttpDateTest, ReadsEveryTimeInEveryForm) {
  SeededRandom random(11);
  for (int i = 0; i < 2000; ++i) {
    const sys_seconds time =
        kNow + std::chrono::seconds(std::llround((random.Uniform01() - 0.5) * 2e9));
    for (const char* format :
         {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"}) {
      const std::string text = Format(format, time);
      ASSERT_EQ(ParseHttpDate(text, kNow), time) << text;
    }
  }
}

TEST(HttpDateTest, TakesAYearOfTwoDigitsAsTheNearest) {
  const auto year = [](const char* text) {
    const auto date = ParseHttpDate(text, kNow);
    return static_cast<int>(
        std::chrono::year_month_day(std::chrono::floor<std::chrono::days>(date.value())).year());
  };
  EXPECT_EQ(year("Monday, 01-Jan-24 00:00:00 GMT"), 2024);
  EXPECT_EQ(year("Monday, 01-Jan-73 00:00:00 GMT"), 2073);
  EXPECT_EQ(year("Monday, 01-Jan-74 00:00:00 GMT"), 1974);
  EXPECT_EQ(year("Monday, 01-Jan-99 00:00:00 GMT"), 1999);
  EXPECT_EQ(year("Monday, 01-Jan-00 00:00:00 GMT"), 2000);
}

TEST(HttpDateTest, KnowsLeapDaysAndLeapSeconds) {
  EXPECT_TRUE(ParseHttpDate("Thu, 29 Feb 2024 00:00:00 GMT", kNow));
  EXPECT_FALSE(ParseHttpDate("Wed, 29 Feb 2023 00:00:00 GMT", kNow));
  EXPECT_EQ(ParseHttpDate("Sat, 31 Dec 2016 23:59:60 GMT", kNow),
            ParseHttpDate("Sat, 31 Dec 2016 23:59:59 GMT", kNow));
}

TEST(HttpDateTest, RefusesWhatIsNoDate) {
  for (const char* text : {"",
                           "soon",
                           "120",
                           "Sun",
                           "Sun,",
                           "Sun, 06 Nov 1994",
                           "Sun, 06 Nov 1994 08:49:37",
                           "Sun, 06 Nov 1994 08:49:37 +0900",
                           "Sun, 06 Nov 1994 08:49:37 GMT ",
                           "Sun, 6 Nov 1994 08:49:37 GMT",
                           "Sun, 06 Nox 1994 08:49:37 GMT",
                           "Son, 06 Nov 1994 08:49:37 GMT",
                           "Sun, 06 Nov 1994 24:00:00 GMT",
                           "Sun, 06 Nov 1994 08:60:00 GMT",
                           "Sun, 06 Nov 1994 08:49:61 GMT",
                           "Sun, 00 Nov 1994 08:49:37 GMT",
                           "Sun, 31 Nov 1994 08:49:37 GMT",
                           "Sunday, 06 Nov 1994 08:49:37 GMT",
                           "Sun, 06-Nov-94 08:49:37 GMT",
                           "Sun Nov 6 08:49:37 1994",
                           "Sun Nov  6 08:49:37 1994 GMT",
                           "1994-11-06T08:49:37Z"}) {
    EXPECT_EQ(ParseHttpDate(text, kNow), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace postrider
