#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <variant>

#include "loading.h"
#include "postrider/config/effective.h"
#include "quantities.h"

namespace postrider {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kHead =
    "destinations:\n  d:\n    topics: [a]\n    http: {url: \"http://h/\"}\n    ";

DestinationSettings LoadOne(const std::string& yaml) {
  const auto config = Load(kHead + yaml);
  EXPECT_EQ(FormatErrors(config.errors), "") << yaml;
  return config.settings.destinations.at(0);
}

TEST(RateTest, KnowsItsUnitsAndAnyDuration) {
  EXPECT_EQ(ParseRate("10/s"), (RateWindow{10, seconds(1)}));
  EXPECT_EQ(ParseRate("100/min"), (RateWindow{100, seconds(60)}));
  EXPECT_EQ(ParseRate("5/h"), (RateWindow{5, seconds(3600)}));
  EXPECT_EQ(ParseRate("1000/d"), (RateWindow{1000, seconds(86400)}));
  EXPECT_EQ(ParseRate("3/90s"), (RateWindow{3, seconds(90)}));
  for (const char* text : {"", "/", "10", "10/", "/s", "0/s", "-1/s", "1/0", "1.5/s", "10/m",
                           "10/S", "10 /s", "1/s/s", "99999999999/s"}) {
    EXPECT_EQ(ParseRate(text), std::nullopt) << text;
  }
}

TEST(RateTest, IsWrittenAsItIsRead) {
  for (const char* text : {"10/s", "100/min", "5/h", "1000/d", "3/90s", "100/10m", "1/250ms"}) {
    EXPECT_EQ(RateText(*ParseRate(text)), text);
  }
}

TEST(PolicyLoadTest, ReadsEveryPolicy) {
  const auto d = LoadOne(R"(rate: [10/s, 100/min]
    breaker: {failures: 40%, slow: {after: 2s, share: 90%}, window: 60s, minimum: 5, open: 10s,
              open_max: 1m, probes: 2}
    retries: {budget: 20%}
    dead_limit: 7/h
    verdict:
      answer:
        - {json: /resultCode, in: ["0000", 0, true], is: delivered}
        - {status: 400, header: X-Result, exists: false, is: retry}
        - {text: BUSY, is: hold}
        - {otherwise: dead}
      unreadable: retry
      gone: [404, 410]
      delivery_control: no)");
  EXPECT_THAT(d.rate, ElementsAre(RateWindow{10, seconds(1)}, RateWindow{100, seconds(60)}));
  ASSERT_TRUE(d.breaker);
  EXPECT_DOUBLE_EQ(d.breaker->failures, 0.4);
  EXPECT_EQ(d.breaker->slow->after, seconds(2));
  EXPECT_DOUBLE_EQ(d.breaker->slow->share, 0.9);
  EXPECT_EQ(std::get<seconds>(d.breaker->window), seconds(60));
  EXPECT_EQ(d.breaker->minimum, 5);
  EXPECT_EQ(d.breaker->open, seconds(10));
  EXPECT_EQ(d.breaker->open_max, seconds(60));
  EXPECT_EQ(d.breaker->probes, 2);
  EXPECT_DOUBLE_EQ(*d.retries.budget, 0.2);
  EXPECT_EQ(d.dead_limit, (RateWindow{7, seconds(3600)}));
  ASSERT_EQ(d.verdict.answer.size(), 4U);
  EXPECT_THAT(d.verdict.answer[0].values, ElementsAre("0000", "0", "true"));
  EXPECT_EQ(d.verdict.answer[1].status, "400");
  EXPECT_EQ(d.verdict.answer[1].test, AnswerTest::kMissing);
  EXPECT_EQ(d.verdict.answer[2].part, AnswerPart::kText);
  EXPECT_EQ(d.verdict.answer[2].verdict, VerdictKind::kHold);
  EXPECT_EQ(d.verdict.answer[3].part, AnswerPart::kOtherwise);
  EXPECT_EQ(d.verdict.unreadable, VerdictKind::kRetry);
  EXPECT_THAT(d.verdict.gone, ElementsAre("404", "410"));
  EXPECT_FALSE(d.verdict.delivery_control);
}

TEST(PolicyLoadTest, TakesA410ForTheEndWhereItSpeaksOfTheOnePlaceThatAllEventsGoTo) {
  EXPECT_THAT(LoadOne("shards: 1").verdict.gone, ElementsAre("410"));
  EXPECT_THAT(LoadOne("verdict: {gone: []}").verdict.gone, IsEmpty());
  EXPECT_THAT(LoadOne("verdict: {hold: [401, 403, 410]}").verdict.gone, IsEmpty());
  EXPECT_THAT(LoadOne("verdict: {retry: [41x]}").verdict.gone, IsEmpty());
  const auto gone = [](const std::string& http) {
    const auto config = Load("destinations: {d: {topics: [a], http: {" + http + "}}}");
    EXPECT_EQ(FormatErrors(config.errors), "");
    return config.settings.destinations.at(0).verdict.gone;
  };
  EXPECT_THAT(gone("url: 'http://h/orders/{{key}}'"), IsEmpty());
  EXPECT_THAT(gone("endpoints: ['http://h/', 'http://h/{{id}}']"), IsEmpty());
  EXPECT_THAT(gone("endpoints: ['http://h/', 'http://i/']"), ElementsAre("410"));
}

TEST(PolicyLoadTest, TurnsPoliciesOffAndOnAgain) {
  const auto config = Load(R"(
defaults: {rate: 5/s, breaker: off, dead_limit: no, retries: {budget: 10%}}
destinations:
  off: {topics: [a], http: {url: "http://h/"}, rate: false, retries: {budget: false}}
  on: {topics: [a], http: {url: "http://h/"}, breaker: {slow: false}, dead_limit: 3/h}
)");
  ASSERT_EQ(FormatErrors(config.errors), "");
  const auto& off = config.settings.destinations[0];
  EXPECT_TRUE(off.rate.empty());
  EXPECT_FALSE(off.breaker);
  EXPECT_FALSE(off.dead_limit);
  EXPECT_FALSE(off.retries.budget);
  const auto& on = config.settings.destinations[1];
  EXPECT_THAT(on.rate, ElementsAre(RateWindow{5, seconds(1)}));
  ASSERT_TRUE(on.breaker);
  EXPECT_FALSE(on.breaker->slow);
  EXPECT_EQ(on.dead_limit->count, 3);
}

TEST(PolicyLoadTest, LowersAMinimumThatIsNotGivenToTheWindow) {
  EXPECT_EQ(LoadOne("breaker: {window: 5}").breaker->minimum, 5);
  EXPECT_EQ(LoadOne("breaker: {window: 50}").breaker->minimum, 10);
}

TEST(PolicyLoadTest, AllowsLongRatesWithALongRetention) {
  EXPECT_EQ(Errors("retention: {delivered: 6d}\n" + std::string(kHead) + "rate: [1000/5d]"), "");
}

TEST(PolicyLoadTest, ShowsWhatItReads) {
  const auto config = Load(kHead + std::string(R"(rate: [10/s, 3/90s]
    breaker: {slow: off, window: 60s}
    dead_limit: off
    retries: {budget: 20%}
    verdict: {answer: [{json: "/a b", in: ["no", "${A}", 7], is: hold}, {status: 4xx, header: X-R, exists: true, is: unknown}, {status: 204, otherwise: delivered}, {text: "a: b", exists: false, is: dead}]})"),
                           Variables({{"A", "$${x}"}}));
  ASSERT_EQ(FormatErrors(config.errors), "");
  const std::string text = RenderEffective(config.settings);
  EXPECT_THAT(text, HasSubstr("    rate: [10/s, 3/90s]\n"));
  EXPECT_THAT(text, HasSubstr("      slow: false\n"));
  EXPECT_THAT(text, HasSubstr("      window: 1m\n"));
  EXPECT_THAT(text, HasSubstr("    dead_limit: false\n"));
  EXPECT_THAT(text, HasSubstr("      budget: 20%\n"));
  const auto again = Load(text);
  ASSERT_EQ(FormatErrors(again.errors), "") << text;
  EXPECT_EQ(RenderEffective(again.settings), text);
  EXPECT_THAT(again.settings.destinations[0].verdict.answer[0].values,
              ElementsAre("no", "$${x}", "7"));
}

}  // namespace
}  // namespace postrider
