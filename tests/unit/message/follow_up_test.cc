#include "postrider/message/follow_up.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "sample_event.h"

namespace postrider {
namespace {

using nlohmann::json;
using testing::HasSubstr;

HttpAnswer Answer(const std::string& body, const std::string& type = "application/json") {
  HttpAnswer answer;
  answer.status = 201;
  answer.headers = {{"content-type", type}, {"x-a", "1"}, {"x-a", "2"}};
  answer.body = body;
  return answer;
}

json BodyOf(const HttpAnswer& answer) {
  return json::parse(FollowUpPayload(SampleEvent(), "cj", {}, &answer))["response"]["body"];
}

TEST(FollowUpPayloadTest, TellsWhatHappened) {
  const HttpAnswer answer = Answer(R"({"tracking": "CJ1"})");
  Outcome outcome;
  outcome.attempts = 2;
  const json payload = json::parse(FollowUpPayload(SampleEvent(), "cj", outcome, &answer));
  EXPECT_EQ(payload, json::parse(R"({
    "event": {"id": 4711, "topic": "shipment.requested", "key": "order-42",
              "payload": {"order_id": 42}},
    "destination": "cj",
    "response": {"status": 201, "headers": {"content-type": "application/json", "x-a": "1, 2"},
                 "body": {"tracking": "CJ1"}},
    "attempts": 2, "reason": null, "class": null})"));
}

TEST(FollowUpPayloadTest, SaysWhyADeliveryDied) {
  Outcome outcome;
  outcome.state = OutcomeState::kDead;
  outcome.reason = DeadReason::kExhausted;
  outcome.failure = FailureClass::kConnect;
  const json payload = json::parse(FollowUpPayload(SampleEvent(), "cj", outcome, nullptr));
  EXPECT_EQ(payload["reason"], "exhausted");
  EXPECT_EQ(payload["class"], "connect");
  EXPECT_TRUE(payload["response"].is_null());
}

TEST(FollowUpPayloadTest, KeepsTheBytesOfThePayload) {
  Event event = SampleEvent();
  event.body = R"({ "b":1.50,   "a" : 1 })";
  EXPECT_THAT(FollowUpPayload(event, "cj", {}, nullptr), HasSubstr(R"({ "b":1.50,   "a" : 1 })"));
}

TEST(FollowUpPayloadTest, GivesABodyThatIsNotJsonAsAString) {
  EXPECT_EQ(BodyOf(Answer("<html>\"oops\"</html>", "text/html")), "<html>\"oops\"</html>");
  EXPECT_EQ(BodyOf(Answer("{\"cut\": ")), "{\"cut\": ");
  EXPECT_EQ(BodyOf(Answer("")), "");
}

TEST(FollowUpPayloadTest, BelievesAScalarOnlyWhenItIsDeclaredAsJson) {
  EXPECT_EQ(BodyOf(Answer("17", "text/plain")), "17");
  EXPECT_EQ(BodyOf(Answer("17")), 17);
}

TEST(FollowUpPayloadTest, TakesUndeclaredObjectsAsJson) {
  EXPECT_EQ(BodyOf(Answer(" {\"a\": 1}", "text/html"))["a"], 1);
}

TEST(FollowUpPayloadTest, ReplacesInvalidUtf8) {
  EXPECT_EQ(BodyOf(Answer("a\xff", "text/plain")), "a\uFFFD");
  EXPECT_TRUE(BodyOf(Answer("{\"a\": \"\xff\"}")).is_string());
}

TEST(FollowUpPayloadTest, HoldsNoZeroByte) {
  EXPECT_EQ(BodyOf(Answer(std::string("a\0b", 3), "text/plain")), "a\uFFFDb");
  EXPECT_EQ(BodyOf(Answer(R"({"a": "\u0000"})")), R"({"a": "\u0000"})");
}

TEST(FollowUpPayloadTest, GivesAnAnswerNestedTooDeeplyAsAString) {
  const std::string deep = std::string(5000, '[') + std::string(5000, ']');
  EXPECT_EQ(BodyOf(Answer(deep)), deep);
}

TEST(FollowUpPayloadTest, GivesABodyColumnAsAString) {
  Event event = SampleEvent();
  event.body_is_payload = false;
  event.body = "<a/>\xfe";
  event.key.reset();
  const json payload = json::parse(FollowUpPayload(event, "cj", {}, nullptr));
  EXPECT_EQ(payload["event"]["payload"], "<a/>\uFFFD");
  EXPECT_TRUE(payload["event"]["key"].is_null());
}

}  // namespace
}  // namespace postrider
