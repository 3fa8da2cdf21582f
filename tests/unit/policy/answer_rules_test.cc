#include "postrider/policy/answer_rules.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "postrider/policy/verdict.h"

namespace postrider {
namespace {

using enum VerdictKind;

AnswerRule Json(std::string pointer, std::vector<std::string> values, VerdictKind is) {
  return {.part = AnswerPart::kJson,
          .name = std::move(pointer),
          .test = AnswerTest::kIn,
          .values = std::move(values),
          .verdict = is};
}

AnswerRule Rule(AnswerPart part, std::string name, AnswerTest test, VerdictKind is) {
  return {.part = part, .name = std::move(name), .test = test, .verdict = is};
}

AnswerRule Otherwise(VerdictKind is) { return {.verdict = is}; }

AnswerRule At(std::string status, AnswerRule rule) {
  rule.status = std::move(status);
  return rule;
}

Verdict Judge(std::vector<AnswerRule> rules, int status, std::string body,
              HttpHeaders headers = {}) {
  HttpAnswer answer;
  answer.status = status;
  answer.body = std::move(body);
  answer.headers = std::move(headers);
  answer.maybe_sent = true;
  return VerdictPolicy(VerdictSettings{.answer = std::move(rules)}).Judge(answer);
}

VerdictKind KindOf(AnswerRule rule, const std::string& body, HttpHeaders headers = {}) {
  return Judge({std::move(rule)}, 200, body, std::move(headers)).kind;
}

/// The rules of the documented example.
std::vector<AnswerRule> Example() {
  return {Json("/resultCode", {"0000"}, kDelivered), Json("/resultCode", {"E500"}, kRetry),
          At("400", Json("/code", {"BUSY"}, kRetry)), Otherwise(kDead)};
}

constexpr Verdict kUnreadable{
    .kind = kRetry, .failure = FailureClass::kUnreadable, .unknown = true};

TEST(AnswerRulesTest, DecideByWhatThePartnerSays) {
  EXPECT_EQ(Judge(Example(), 200, R"({"resultCode": "0000"})"), (Verdict{.kind = kDelivered}));
  EXPECT_EQ(Judge(Example(), 200, R"({"resultCode": "E500"})"),
            (Verdict{.kind = kRetry, .failure = FailureClass::kAnswer}));
  EXPECT_EQ(Judge(Example(), 200, R"({"resultCode": "E400"})"),
            (Verdict{.kind = kDead, .failure = FailureClass::kAnswer}));
}

TEST(AnswerRulesTest, LeaveAStatusThatIsNotDeliveredAlone) {
  EXPECT_EQ(Judge(Example(), 500, R"({"resultCode": "0000"})"),
            (Verdict{.kind = kRetry, .failure = FailureClass::kHttp5xx}));
  EXPECT_EQ(Judge(Example(), 404, "").kind, kDead);
}

TEST(AnswerRulesTest, ApplyToAStatusThatTheyName) {
  EXPECT_EQ(Judge(Example(), 400, R"({"code": "BUSY"})"),
            (Verdict{.kind = kRetry, .failure = FailureClass::kHttp4xx}));
  EXPECT_EQ(Judge(Example(), 400, R"({"code": "BAD"})").kind, kDead);
  EXPECT_EQ(Judge({At("4xx", Json("/code", {"DUP"}, kDelivered))}, 409, R"({"code": "DUP"})"),
            (Verdict{.kind = kDelivered}));
  EXPECT_EQ(Judge({At("202", Otherwise(kRetry))}, 202, "").kind, kRetry);
  EXPECT_EQ(Judge({At("202", Otherwise(kRetry))}, 200, "").kind, kDelivered);
}

TEST(AnswerRulesTest, LetTheFirstMatchDecide) {
  const std::vector<AnswerRule> rules{Json("/a", {"1"}, kRetry), Json("/b", {"1"}, kDead)};
  EXPECT_EQ(Judge(rules, 200, R"({"a": "1", "b": "1"})").kind, kRetry);
  EXPECT_EQ(Judge(rules, 200, R"({"a": "2", "b": "1"})").kind, kDead);
}

TEST(AnswerRulesTest, LeaveItToTheStatusWhenNoneMatches) {
  EXPECT_EQ(KindOf(Json("/a", {"1"}, kDead), R"({"a": "2"})"), kDelivered);
}

TEST(AnswerRulesTest, FollowAPointerThroughObjectsAndArrays) {
  const std::string body =
      R"({"result": {"items": [{"code": "A"}, {"code": "B"}]}, "a/b": {"~": 1}})";
  EXPECT_EQ(KindOf(Json("/result/items/1/code", {"B"}, kDead), body), kDead);
  EXPECT_EQ(KindOf(Json("/a~1b/~0", {"1"}, kDead), body), kDead);
  for (const char* pointer : {"/result/items/2/code", "/result/items/01/code", "/result/items/-",
                              "/result/items/x", "/result/items/1/code/0", "/Result", "/"}) {
    EXPECT_EQ(KindOf(Rule(AnswerPart::kJson, pointer, AnswerTest::kExists, kDead), body),
              kDelivered)
        << pointer;
  }
}

TEST(AnswerRulesTest, TakeTheWholeBodyForAnEmptyPointer) {
  EXPECT_EQ(KindOf(Json("", {"OK"}, kDead), R"("OK")"), kDead);
}

TEST(AnswerRulesTest, CompareNumbersAndBooleansAsJsonWritesThem) {
  EXPECT_EQ(KindOf(Json("/a", {"0"}, kDead), R"({"a": 0})"), kDead);
  EXPECT_EQ(KindOf(Json("/a", {"-12"}, kDead), R"({"a": -12})"), kDead);
  EXPECT_EQ(KindOf(Json("/a", {"1.5"}, kDead), R"({"a": 1.5})"), kDead);
  EXPECT_EQ(KindOf(Json("/a", {"true"}, kDead), R"({"a": true})"), kDead);
  EXPECT_EQ(KindOf(Json("/a", {"false"}, kDead), R"({"a": true})"), kDelivered);
  EXPECT_EQ(KindOf(Json("/a", {"null", "[]", "{}"}, kDead), R"({"a": null})"), kDelivered);
  EXPECT_EQ(KindOf(Json("/a", {"null", "[]", "{}"}, kDead), R"({"a": []})"), kDelivered);
}

TEST(AnswerRulesTest, TakeTheLastOfANameThatComesTwice) {
  EXPECT_EQ(KindOf(Json("/a/b", {"1"}, kDead), R"({"a": {"b": 2}, "a": {"b": 1}})"), kDead);
  EXPECT_EQ(KindOf(Json("/a/b", {"1"}, kDead), R"({"a": {"b": 1}, "a": {}})"), kDelivered);
  EXPECT_EQ(KindOf(Json("/a/b", {"1"}, kDead), R"({"a": {"b": 1}, "c": {"b": 2}})"), kDead);
}

TEST(AnswerRulesTest, DoNotTakeAValueOfAnotherPlace) {
  for (const char* body : {R"({"b": {"a": {"b": "1"}}})", R"([{"a": {"b": "1"}}])",
                           R"({"a": {"c": {"b": "1"}}})", R"({"a": [{"b": "1"}]})",
                           R"({"a": {}, "b": "1"})", R"({"a": {"x": []}, "c": {"b": "1"}})"}) {
    EXPECT_EQ(KindOf(Json("/a/b", {"1"}, kDead), body), kDelivered) << body;
  }
}

TEST(AnswerRulesTest, TakeNullAsNotBeingThere) {
  const auto rule = [](AnswerTest test) { return Rule(AnswerPart::kJson, "/error", test, kDead); };
  EXPECT_EQ(KindOf(rule(AnswerTest::kExists), R"({"error": {}})"), kDead);
  EXPECT_EQ(KindOf(rule(AnswerTest::kExists), R"({"error": null})"), kDelivered);
  EXPECT_EQ(KindOf(rule(AnswerTest::kExists), "{}"), kDelivered);
  EXPECT_EQ(KindOf(rule(AnswerTest::kMissing), R"({"error": ""})"), kDelivered);
  EXPECT_EQ(KindOf(rule(AnswerTest::kMissing), R"({"error": null})"), kDead);
  EXPECT_EQ(KindOf(rule(AnswerTest::kMissing), "{}"), kDead);
}

TEST(AnswerRulesTest, LookAtHeaders) {
  AnswerRule rule = Rule(AnswerPart::kHeader, "X-Result", AnswerTest::kIn, kDead);
  rule.values = {"no", "never"};
  EXPECT_EQ(KindOf(rule, "", {{"x-result", "never"}}), kDead);
  EXPECT_EQ(KindOf(rule, "", {{"x-result", "yes"}, {"x-result", "no"}}), kDead);
  EXPECT_EQ(KindOf(rule, "", {{"x-result", "yes"}}), kDelivered);
  EXPECT_EQ(KindOf(rule, "", {}), kDelivered);
  rule.test = AnswerTest::kExists;
  EXPECT_EQ(KindOf(rule, "", {{"x-result", ""}}), kDead);
  EXPECT_EQ(KindOf(rule, "", {{"x-other", ""}}), kDelivered);
  rule.test = AnswerTest::kMissing;
  EXPECT_EQ(KindOf(rule, "", {{"x-result", ""}}), kDelivered);
  EXPECT_EQ(KindOf(rule, "", {{"x-other", ""}}), kDead);
}

TEST(AnswerRulesTest, LookAtTheBodyAsText) {
  const auto rule = [](AnswerTest test) { return Rule(AnswerPart::kText, "ERR", test, kRetry); };
  EXPECT_EQ(KindOf(rule(AnswerTest::kExists), "code=ERR;"), kRetry);
  EXPECT_EQ(KindOf(rule(AnswerTest::kExists), "code=err;"), kDelivered);
  EXPECT_EQ(KindOf(rule(AnswerTest::kExists), ""), kDelivered);
  EXPECT_EQ(KindOf(rule(AnswerTest::kMissing), "ERR"), kDelivered);
  EXPECT_EQ(KindOf(rule(AnswerTest::kMissing), "OK"), kRetry);
}

TEST(AnswerRulesTest, DoNotKnowWhatAnUnreadableAnswerMeans) {
  for (const char* body : {"", "<html>", R"({"resultCode": "00)", "{} {}", "\xC0\xB0", "nul"}) {
    EXPECT_EQ(Judge(Example(), 200, body), kUnreadable) << body;
  }
}

TEST(AnswerRulesTest, NeedNoJsonBeforeTheRuleThatDoes) {
  const std::vector<AnswerRule> rules{
      Rule(AnswerPart::kText, "OK", AnswerTest::kExists, kDelivered), Json("/a", {"1"}, kDead)};
  EXPECT_EQ(Judge(rules, 200, "OK").kind, kDelivered);
  EXPECT_EQ(Judge(rules, 200, "KO"), kUnreadable);
  EXPECT_EQ(Judge({At("204", Otherwise(kDelivered)), Json("/a", {"1"}, kDead)}, 204, "").kind,
            kDelivered);
}

TEST(AnswerRulesTest, DoNotMatchAnUnreadableAnswerThatIsRefused) {
  EXPECT_EQ(Judge(Example(), 400, "<html>"),
            (Verdict{.kind = kDead, .failure = FailureClass::kHttp4xx}));
}

TEST(AnswerRulesTest, TakeAnUnreadableAnswerAsTheSettingSays) {
  HttpAnswer answer;
  answer.status = 200;
  answer.body = "<html>";
  const auto judge = [&](VerdictKind unreadable) {
    return VerdictPolicy(VerdictSettings{.answer = Example(), .unreadable = unreadable})
        .Judge(answer);
  };
  EXPECT_EQ(judge(kDelivered), (Verdict{.kind = kDelivered}));
  EXPECT_EQ(judge(kRetry), (Verdict{.kind = kRetry, .failure = FailureClass::kUnreadable}));
  EXPECT_EQ(judge(kDead), (Verdict{.kind = kDead, .failure = FailureClass::kUnreadable}));
}

TEST(AnswerRulesTest, SayEachVerdict) {
  EXPECT_EQ(Judge({Otherwise(kHold)}, 200, ""),
            (Verdict{.kind = kHold, .failure = FailureClass::kAnswer, .charged = false}));
  EXPECT_EQ(Judge({Otherwise(kUnknown)}, 200, ""),
            (Verdict{.kind = kRetry, .failure = FailureClass::kAnswer, .unknown = true}));
  EXPECT_EQ(Judge({At("502", Otherwise(kRetry))}, 502, ""),
            (Verdict{.kind = kRetry, .failure = FailureClass::kHttp5xx}));
}

TEST(AnswerRulesTest, ReadDeepJsonWithoutHarm) {
  const std::string deep = std::string(100000, '[') + std::string(100000, ']');
  EXPECT_EQ(KindOf(Json("/a", {"1"}, kDead), deep), kDelivered);
}

TEST(AnswerRulesTest, KnowAJsonPointer) {
  for (const char* text : {"", "/", "/a", "/a/0/b", "/~0~1", "//"}) {
    EXPECT_TRUE(AnswerRules::IsJsonPointer(text)) << text;
  }
  for (const char* text : {"a", "a/b", "/~", "/~2", "/a~"}) {
    EXPECT_FALSE(AnswerRules::IsJsonPointer(text)) << text;
    EXPECT_THROW(Judge({Json(text, {}, kDead)}, 200, "{}"), std::invalid_argument) << text;
  }
}

TEST(AnswerRulesTest, RefuseAStatusThatIsNoPattern) {
  EXPECT_THROW(Judge({At("2", Otherwise(kDead))}, 200, ""), std::invalid_argument);
}

}  // namespace
}  // namespace postrider
