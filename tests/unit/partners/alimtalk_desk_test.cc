#include "alimtalk_desk.h"

#include <gtest/gtest.h>

#include <vector>

namespace postrider::partners {
namespace {

using nlohmann::json;

constexpr Instant kNow{std::chrono::hours(480000)};
constexpr const char* kMessage =
    R"({"phone": "010-1234-5678", "template_code": "SHIP_01", "variables": {"order": "42"}})";

std::string CodeOf(const std::string& body) {
  const PartnerAnswer answer = AlimtalkDesk([](const json&) {}).Send("k", body, kNow);
  EXPECT_EQ(answer.status, 200) << body;
  return answer.body["code"];
}

TEST(AlimtalkDeskTest, SendsAMessage) {
  EXPECT_EQ(CodeOf(kMessage), "0000");
  EXPECT_EQ(CodeOf(R"({"phone": "+821012345678", "template_code": "A"})"), "0000");
}

TEST(AlimtalkDeskTest, TellsErrorsInsideOfStatus200) {
  EXPECT_EQ(CodeOf("nonsense"), "E101");
  EXPECT_EQ(CodeOf(R"({"template_code": "A"})"), "E104");
  EXPECT_EQ(CodeOf(R"({"phone": "02-123-4567", "template_code": "A"})"), "E104");
  EXPECT_EQ(CodeOf(R"({"phone": "010-1234-567x", "template_code": "A"})"), "E104");
  EXPECT_EQ(CodeOf(R"({"phone": "01012345678", "template_code": ""})"), "E105");
  EXPECT_EQ(CodeOf(R"({"phone": "01012345678", "template_code": "A", "variables": {"a": 1}})"),
            "E106");
}

TEST(AlimtalkDeskTest, SendsTheSameRequestTwice) {
  AlimtalkDesk desk([](const json&) {});
  const auto first = desk.Send("k", kMessage, kNow).body["message_id"];
  EXPECT_NE(desk.Send("k", kMessage, kNow).body["message_id"], first);
  EXPECT_EQ(desk.Find("k").body["messages"], 2);
}

TEST(AlimtalkDeskTest, KnowsWhatItHasNotSent) {
  AlimtalkDesk desk([](const json&) {});
  desk.Send("k", R"({"phone": "1"})", kNow);
  EXPECT_EQ(desk.Find("k").status, 404);
}

TEST(AlimtalkDeskTest, GoesOnAfterARestart) {
  std::vector<json> records;
  AlimtalkDesk desk([&records](const json& record) { records.push_back(record); });
  desk.Send("k", kMessage, kNow);
  AlimtalkDesk restarted([](const json&) {});
  for (const json& record : records) restarted.Restore(record);
  EXPECT_EQ(restarted.Find("k").body["messages"], 1);
  EXPECT_EQ(restarted.Send("l", kMessage, kNow).body["message_id"], "KA2");
}

}  // namespace
}  // namespace postrider::partners
