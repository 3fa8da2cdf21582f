#include "quantities.h"

#include <gtest/gtest.h>

#include <string>

#include "nearest.h"
#include "yaml_text.h"

namespace postrider {
namespace {

TEST(DurationTest, KnowsItsUnits) {
  EXPECT_EQ(ParseDuration("250ms"), milliseconds(250));
  EXPECT_EQ(ParseDuration("5s"), seconds(5));
  EXPECT_EQ(ParseDuration("15m"), std::chrono::minutes(15));
  EXPECT_EQ(ParseDuration("12h"), std::chrono::hours(12));
  EXPECT_EQ(ParseDuration("3d"), std::chrono::hours(72));
  EXPECT_EQ(ParseDuration("0"), milliseconds(0));
}

TEST(DurationTest, RefusesWhatIsNoDuration) {
  for (const char* text : {"", "5", "s", "5 s", "-5s", "1h30m", "1.5s", "5S", "5us",
                           "99999999999999999999s", "9223372036854775807d"}) {
    EXPECT_EQ(ParseDuration(text), std::nullopt) << text;
  }
}

TEST(DurationTest, IsWrittenInTheLargestUnitWithoutARemainder) {
  for (const char* text : {"250ms", "90s", "15m", "36h", "3d", "0"}) {
    EXPECT_EQ(DurationSettingText(*ParseDuration(text)), text);
  }
}

TEST(SizeTest, CountsIn1024) {
  EXPECT_EQ(ParseSize("512B"), 512U);
  EXPECT_EQ(ParseSize("64KB"), 65536U);
  EXPECT_EQ(ParseSize("1GB"), std::uint64_t{1} << 30);
  EXPECT_EQ(SizeText(65536), "64KB");
  for (const char* text : {"", "5", "64kb", "64K", "1.5MB", "9999999999GB"}) {
    EXPECT_EQ(ParseSize(text), std::nullopt) << text;
  }
}

TEST(DecimalTest, TakesDigitsAndAPoint) {
  EXPECT_EQ(ParseDecimal("1.5"), 1.5);
  EXPECT_EQ(DecimalText(1.5), "1.5");
  EXPECT_EQ(DecimalText(0.07 * 100), "7");
  for (const char* text : {"", ".", "1.", ".5", "1e3", "inf", "nan", "0x1", "-1", "1,5"}) {
    EXPECT_EQ(ParseDecimal(text), std::nullopt) << text;
  }
}

TEST(NearestTest, FindsSlipsOfTheFingerOnly) {
  const std::vector<std::string> known{"timeout", "connect_timeout", "pool"};
  EXPECT_EQ(Nearest("timout", known), "timeout");
  EXPECT_EQ(Nearest("tiemout", known), "timeout");
  EXPECT_EQ(Nearest("Pool", known), "pool");
  EXPECT_EQ(Nearest("conn", known), "connect_timeout");
  EXPECT_EQ(Nearest("banana", known), std::nullopt);
  EXPECT_EQ(Nearest("", known), std::nullopt);
}

TEST(YamlTextTest, QuotesWhatWouldReadAsSomethingElse) {
  EXPECT_EQ(YamlText("shipment.requested"), "shipment.requested");
  EXPECT_EQ(YamlText("no"), "\"no\"");
  EXPECT_EQ(YamlText("NULL"), "\"NULL\"");
  EXPECT_EQ(YamlText(""), "\"\"");
  EXPECT_EQ(YamlText("a: b"), "\"a: b\"");
  EXPECT_EQ(YamlText("${A}"), "\"$${A}\"");
  EXPECT_EQ(YamlText("a\"\\\n"), "\"a\\\"\\\\\\u000a\"");
}

}  // namespace
}  // namespace postrider
