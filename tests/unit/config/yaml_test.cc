#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "loading.h"

namespace postrider {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

TEST(YamlTest, SaysWhereASyntaxErrorIs) {
  EXPECT_THAT(Errors("relay: {name: a"), AllOf(StartsWith("p.yaml:1:"), HasSubstr("a { has no }")));
  EXPECT_THAT(Errors("log: {}\na: [b\nc: d"), HasSubstr("a [ has no ]"));
  EXPECT_THAT(Errors("ignore_topics: [*]"),
              AllOf(StartsWith("p.yaml:1:18: "), HasSubstr("a * as text needs quotes: \"*\"")));
  EXPECT_THAT(Errors("relay:\n\tname: x"),
              AllOf(StartsWith("p.yaml:2:"), HasSubstr("indented with a tab, allowed: spaces")));
}

TEST(YamlTest, RefusesWhatIsNotOneMap) {
  EXPECT_EQ(Errors("- a"), "p.yaml:1:1: found a list, allowed: a map of settings\n");
  EXPECT_EQ(Errors("text"), "p.yaml:1:1: found \"text\", allowed: a map of settings\n");
  EXPECT_EQ(Errors("log: {}\n---\nlog: {}\n"),
            "p.yaml:3:1: found a second document, allowed: one\n");
}

TEST(YamlTest, RefusesKeysThatAreNoNamesAndTags) {
  EXPECT_EQ(Errors("? [a]\n: b\n"), "p.yaml:1:3: found a list or map as a key, allowed: a name\n");
  EXPECT_EQ(Errors("log: !x {}"), "p.yaml:1:6: found the tag \"!x\", allowed: no tags\n");
}

TEST(YamlTest, RefusesAKeyThatComesTwice) {
  EXPECT_EQ(Errors("log: {level: info}\nlog: {level: error}"),
            "p.yaml:2:1: log: found the key \"log\" a second time, first on line 1; allowed: "
            "once\n");
  EXPECT_EQ(Errors("relay: {lease: 15s, lease: 16s}"),
            "p.yaml:1:21: relay.lease: found the key \"lease\" a second time, first on line 1; "
            "allowed: once\n");
}

TEST(YamlTest, RefusesAnAliasOfItself) {
  EXPECT_EQ(Errors("relay: &a {poll: *a}"),
            "p.yaml:1:18: found an alias of a value inside that value itself\n");
}

TEST(YamlTest, RefusesMergingWhatIsNoMap) {
  EXPECT_EQ(Errors("log: {<<: 5}"),
            "p.yaml:1:7: found \"<<\" without a map, allowed: an alias of a map, or a list of "
            "them\n");
}

TEST(YamlTest, RefusesBytesThatAreNotText) {
  const std::string why =
      "found a byte that is not text, allowed: UTF-8 without control characters\n";
  EXPECT_EQ(Errors("log: {}\nrelay: {name: \"a\x01\"}"), "p.yaml:2:17: " + why);
  EXPECT_EQ(Errors("a: \xC3\x28"), "p.yaml:1:4: " + why);
  EXPECT_EQ(Errors("a: \xED\xA0\x80"), "p.yaml:1:4: " + why);
  EXPECT_EQ(Errors(std::string("a\0b", 3)), "p.yaml:1:2: " + why);
}

TEST(YamlTest, ReportsEverythingAtOnceInTheOrderOfTheFile) {
  EXPECT_EQ(
      Errors(R"(relay: {lease: 1s, nmae: x}
destinations:
  one: {topics: [a], http: {url: "ftp://h/", method: post}}
  two: {topics: [a], concurrency: many, rate: 10, http: {url: "http://h/"}}
log: {level: loud, level: info}
)"),
      R"(p.yaml:1:16: relay.lease: found "1s", allowed: a duration (250ms, 5s, 15m, 12h, 3d) from 3s to 10m, in whole seconds
p.yaml:1:20: relay.nmae: found the unknown key "nmae", allowed: name, threads, max_memory, poll, lease, drain; did you mean "name"?
p.yaml:3:34: destinations.one.http.url: found the scheme "ftp", allowed: http://HOST or https://HOST
p.yaml:3:54: destinations.one.http.method: found "post", allowed: POST, PUT, PATCH, GET, DELETE; did you mean "POST"?
p.yaml:4:35: destinations.two.concurrency: found "many", allowed: a whole number from 1 to 10000
p.yaml:4:47: destinations.two.rate: found "10", allowed: a rate (10/s, 100/min, 5/h, 1000/d, 3/90s) of 1 to 1000000 in at most 30d
p.yaml:5:14: log.level: found "loud", allowed: trace, debug, info, warning, error
p.yaml:5:20: log.level: found the key "level" a second time, first on line 5; allowed: once
)");
}

TEST(YamlTest, LeavesAContradictionOutWhereOneSideIsWrongAnyway) {
  EXPECT_EQ(Errors("destinations: {d: {topics: [a], http: {url: 'http://h/', connect_timeout: 20s, "
                   "timeout: abc}}}"),
            "p.yaml:1:89: destinations.d.http.timeout: found \"abc\", allowed: a duration (250ms, "
            "5s, 15m, 12h, 3d) from 10ms to 1h\n");
}

TEST(YamlTest, SurvivesAliasesThatGrowWithoutBound) {
  std::string text = "a: &a0 {x: y}\n";
  for (int level = 1; level < 40; ++level) {
    const std::string former = "*a" + std::to_string(level - 1);
    text += "k" + std::to_string(level) + ": &a" + std::to_string(level) + " [" + former + ", " +
            former + "]\n";
  }
  EXPECT_EQ(Load(text).errors.size(), 40U);
}

TEST(YamlTest, RefusesAFileOfMoreThanAMegabyte) {
  EXPECT_EQ(Errors(std::string((1 << 20) + 1, '#')),
            "p.yaml: can not be read: it is larger than 1MB\n");
}

}  // namespace
}  // namespace postrider
