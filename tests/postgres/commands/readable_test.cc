#include "commands/readable.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "commands/table.h"

namespace postrider {
namespace {

using std::chrono::milliseconds;

TEST(ReadableTest, DurationsHaveTheTwoLargestUnits) {
  EXPECT_EQ(DurationText(milliseconds(0)), "0s");
  EXPECT_EQ(DurationText(milliseconds(850)), "850ms");
  EXPECT_EQ(DurationText(milliseconds(192'400)), "3m 12s");
  EXPECT_EQ(DurationText(milliseconds(3'600'000)), "1h");
  EXPECT_EQ(DurationText(milliseconds(90'061'000)), "1d 1h");
  EXPECT_EQ(DurationText(milliseconds(-5)), "0s");
}

TEST(ReadableTest, TimesAreUtcToTheSecond) {
  EXPECT_EQ(TimeText("2026-01-31T12:00:00.123456+00:00"), "2026-01-31T12:00:00Z");
  EXPECT_EQ(TimeText("infinity"), "infinity");
}

TEST(ReadableTest, ControlCharactersCannotReachTheTerminal) {
  EXPECT_EQ(Printable("a\x1b[31mb\nc"), "a\\x1b[31mb\\nc");
  EXPECT_EQ(Printable("\u009b"), "\\x9b");
  EXPECT_EQ(Printable("주문 é"), "주문 é");
}

TEST(ReadableTest, WideCharactersTakeTwoColumns) {
  EXPECT_EQ(DisplayWidth("order"), 5U);
  EXPECT_EQ(DisplayWidth("주문"), 4U);
  EXPECT_EQ(DisplayWidth("e\u0301"), 1U);
}

TEST(ReadableTest, ShortenedTextFits) {
  EXPECT_EQ(Shortened("abcdef", 6), "abcdef");
  EXPECT_EQ(Shortened("abcdefg", 6), "abcde…");
  EXPECT_EQ(DisplayWidth(Shortened("주문주문주문", 6)), 5U);
}

TEST(ReadableTest, TablesAreAligned) {
  const Json rows =
      Json::parse(R"([{"name": "주문", "n": 5, "age": 192}, {"name": null, "n": 12345}])");
  EXPECT_EQ(
      RenderTable(
          rows, {{"name", "NAME"}, {"n", "N", Format::kNumber}, {"age", "AGE", Format::kDuration}}),
      "NAME      N     AGE\n"
      "주문      5  3m 12s\n"
      "-     12345       -\n");
}

TEST(ReadableTest, FieldsThatAreNullAreLeftOut) {
  const Json row = Json::parse(R"({"id": 7, "key": null, "owners": ["a", "b"]})");
  EXPECT_EQ(RenderFields(row, {{"id", "id"}, {"key", "key"}, {"owners", "owners"}}),
            "id      7\nowners  a, b\n");
}

}  // namespace
}  // namespace postrider
