#include "commands/time_argument.h"

#include <gtest/gtest.h>

#include "commands/command_error.h"

namespace postrider {
namespace {

TEST(TimeArgumentTest, DurationsNeedANumberAndAUnit) {
  EXPECT_EQ(ParseDuration("--for", "250ms").count(), 250);
  EXPECT_EQ(ParseDuration("--for", "3d").count(), 259'200'000);
  for (const char* wrong : {"", "3", "h", "-1h", "0s", "1.5h", "1h30m", "3 d", "999999999999d",
                            "99999999999999999999s"}) {
    EXPECT_THROW(ParseDuration("--for", wrong), CommandError) << wrong;
  }
}

TEST(TimeArgumentTest, ADurationIsThatLongAgo) {
  EXPECT_EQ(TimeExpression("--since", "15m"), "now() - interval '900000 ms'");
}

TEST(TimeArgumentTest, TakesTimesAndDates) {
  for (const char* right : {"2026-01-31", "2026-01-31T12:00:00Z", "2026-01-31 12:00",
                            "2026-01-31T12:00:00.123456+09:00", "2024-02-29"}) {
    EXPECT_EQ(TimeExpression("--since", right), std::string("timestamptz '") + right + "'");
  }
  EXPECT_EQ(TimeExpression("--until", "now"), "now()");
}

TEST(TimeArgumentTest, RefusesWhatIsNoTime) {
  for (const char* wrong : {"", "yesterday", "2026-13-01", "2026-02-30", "2026-01-31T25:00Z",
                            "2026-01-31T12:00:00Z'", "2026-01-31T12", "2026-01-31T12:00:00+9",
                            "'; DROP TABLE outbox.event; --", "31.01.2026", "2026-01-31Z"}) {
    EXPECT_THROW(TimeExpression("--since", wrong), CommandError) << wrong;
  }
}

TEST(TimeArgumentTest, TheErrorNamesTheOptionAndTheFormats) {
  try {
    TimeExpression("--until", "soon");
    FAIL();
  } catch (const CommandError& error) {
    EXPECT_EQ(error.exit_code(), 2);
    EXPECT_STREQ(error.what(), "--until: 'soon' is not a time");
    EXPECT_NE(error.hint().find("2h"), std::string::npos);
  }
}

}  // namespace
}  // namespace postrider
