#include "postrider/telemetry/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "postrider/telemetry/log_every.h"

namespace postrider {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

class LogTest : public testing::Test {
 protected:
  /// The lines written so far, parsed.
  std::vector<json> Lines() const {
    std::istringstream in(out_.str());
    std::vector<json> lines;
    for (std::string line; std::getline(in, line);) lines.push_back(json::parse(line));
    return lines;
  }

  std::ostringstream out_;
  Logger log_{{LogLevel::kInfo, LogFormat::kJson}, out_};
};

TEST_F(LogTest, WritesOneJsonObjectPerLine) {
  log_.Info("lane_taken", "Took a lane.",
            {{"destination", "cj"}, {"shard", 0}, {"share", 0.5}, {"first", true}});
  ASSERT_EQ(Lines().size(), 1U);
  const json line = Lines()[0];
  EXPECT_EQ(line["level"], "info");
  EXPECT_EQ(line["event"], "lane_taken");
  EXPECT_EQ(line["message"], "Took a lane.");
  EXPECT_EQ(line["destination"], "cj");
  EXPECT_EQ(line["shard"], 0);
  EXPECT_EQ(line["share"], 0.5);
  EXPECT_EQ(line["first"], true);
}

TEST_F(LogTest, StampsWithMicrosecondsInUtc) {
  log_.Info("started", "Started.");
  EXPECT_THAT(Lines()[0]["ts"].get<std::string>(),
              MatchesRegex("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\\.[0-9]{6}Z"));
}

TEST_F(LogTest, LeavesOutLowerLevels) {
  log_.Debug("detail", "Left out.");
  EXPECT_FALSE(log_.Enabled(LogLevel::kDebug));
  log_.SetLevel(LogLevel::kDebug);
  log_.Debug("detail", "Written.");
  log_.Trace("detail", "Left out.");
  ASSERT_EQ(Lines().size(), 1U);
  EXPECT_EQ(Lines()[0]["level"], "debug");
}

TEST_F(LogTest, EscapesControlCharactersAndQuotes) {
  log_.Error("failed", "a\nb\"c\\d\x1b[31m\x7f", {{"error", "{curly} %s \t"}});
  EXPECT_EQ(Lines()[0]["message"], "a\nb\"c\\d\x1b[31m\x7f");
  EXPECT_EQ(Lines()[0]["error"], "{curly} %s \t");
  EXPECT_THAT(out_.str(), Not(HasSubstr("\x1b")));
}

TEST_F(LogTest, EscapesWhatIsNotUtf8) {
  log_.Info("answer", "\xED\x95\x9C ok",
            {{"latin", "caf\xE9"},
             {"overlong", "\xC0\xAF"},
             {"surrogate", "\xED\xA0\x80"},
             {"cut", "\xE2\x82"},
             {"high", "\xF4\x90\x80\x80"}});
  const json line = Lines()[0];
  EXPECT_EQ(line["message"], "\xED\x95\x9C ok");
  EXPECT_EQ(line["latin"], "caf\\xe9");
  EXPECT_EQ(line["overlong"], "\\xc0\\xaf");
  EXPECT_EQ(line["surrogate"], "\\xed\\xa0\\x80");
  EXPECT_EQ(line["cut"], "\\xe2\\x82");
  EXPECT_EQ(line["high"], "\\xf4\\x90\\x80\\x80");
}

TEST_F(LogTest, WritesNumbersThatJsonDoesNotKnowAsText) {
  log_.Info("odd", "Odd.", {{"rate", std::numeric_limits<double>::infinity()}});
  EXPECT_EQ(Lines()[0]["rate"], "inf");
}

TEST_F(LogTest, CutsLongValues) {
  log_.Info("long", "Long.", {{"answer", std::string(5000, 'x')}});
  const std::string answer = Lines()[0]["answer"];
  EXPECT_EQ(answer, std::string(4096, 'x') + "... (904 more bytes)");
}

TEST_F(LogTest, KeepsLinesOfThreadsWhole) {
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([this, i] {
      for (int n = 0; n < 200; ++n) log_.Info("tick", "Tick.", {{"thread", i}, {"n", n}});
    });
  }
  threads.clear();
  EXPECT_EQ(Lines().size(), 800U);
}

TEST(TextLogTest, WritesASentenceAndItsFields) {
  std::ostringstream out;
  Logger log({LogLevel::kInfo, LogFormat::kText}, out);
  log.Warning("lane_lost", "Lost a lane.", {{"destination", "cj"}, {"error", "no \"route\"\n"}});
  EXPECT_THAT(out.str(), MatchesRegex("[^ ]+Z warning Lost a lane\\.  \\[lane_lost\\] "
                                      "destination=cj error=\"no .\"route.\".n\"\n"));
}

TEST(TextLogTest, LetsNoTerminalCommandThrough) {
  std::ostringstream out;
  Logger log({LogLevel::kInfo, LogFormat::kText}, out);
  log.Info("answer", "x\x1b[2J\xC2\x9B", {{"body", "\x07"}});
  EXPECT_THAT(out.str(), HasSubstr("x\\x1b[2J\\xc2\\x9b"));
  EXPECT_THAT(out.str(), HasSubstr("body=\\x07"));
}

class LogEveryTest : public LogTest {
 protected:
  LogEvery::SteadyTime now_{};
  LogEvery every_{log_, std::chrono::seconds(10), [this] { return now_; }};
};

TEST_F(LogEveryTest, WritesTheSameLineOncePerInterval) {
  for (int i = 0; i < 5; ++i) every_.Warning("down", "Down.", {{"destination", "cj"}});
  EXPECT_EQ(Lines().size(), 1U);
  EXPECT_FALSE(Lines()[0].contains("suppressed"));
  now_ += std::chrono::seconds(10);
  every_.Warning("down", "Down.", {{"destination", "cj"}});
  ASSERT_EQ(Lines().size(), 2U);
  EXPECT_EQ(Lines()[1]["suppressed"], 4);
}

TEST_F(LogEveryTest, TellsDestinationsAndEventsApart) {
  every_.Warning("down", "Down.", {{"destination", "cj"}});
  every_.Warning("down", "Down.", {{"destination", "shop"}});
  every_.Error("gone", "Gone.", {{"destination", "cj"}});
  EXPECT_EQ(Lines().size(), 3U);
}

TEST_F(LogEveryTest, CountsNothingThatTheLevelLeavesOut) {
  log_.SetLevel(LogLevel::kError);
  every_.Info("poll", "Polled.");
  log_.SetLevel(LogLevel::kInfo);
  every_.Info("poll", "Polled.");
  EXPECT_EQ(Lines().size(), 1U);
}

}  // namespace
}  // namespace postrider
