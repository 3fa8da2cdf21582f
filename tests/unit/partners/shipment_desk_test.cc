#include "shipment_desk.h"

#include <gtest/gtest.h>

#include <vector>

namespace postrider::partners {
namespace {

using nlohmann::json;
using std::chrono::hours;

constexpr Instant kStart{hours(480000)};
constexpr const char* kOrder =
    R"({"order_id": "42", "address": "Seoul", "items": [{"sku": "p", "quantity": 1}]})";

class ShipmentDeskTest : public testing::Test {
 protected:
  std::vector<json> records_;
  ShipmentDesk desk_{hours(24), [this](const json& record) { records_.push_back(record); }};
};

TEST_F(ShipmentDeskTest, GivesATrackingNumber) {
  const PartnerAnswer answer = desk_.Create("k1", kOrder, kStart);
  EXPECT_EQ(answer.status, 201);
  EXPECT_EQ(answer.body["tracking_number"], "CJ0000000001");
  EXPECT_EQ(answer.body["resultCode"], "0000");
  EXPECT_EQ(desk_.Create("k2", kOrder, kStart).body["tracking_number"], "CJ0000000002");
}

TEST_F(ShipmentDeskTest, AnswersTheSameKeyTheSameWay) {
  const PartnerAnswer first = desk_.Create("k1", kOrder, kStart);
  const PartnerAnswer second = desk_.Create("k1", kOrder, kStart + hours(1));
  EXPECT_EQ(second.status, 200);
  EXPECT_EQ(second.body["replayed"], true);
  EXPECT_EQ(second.body["tracking_number"], first.body["tracking_number"]);
  EXPECT_EQ(records_.size(), 1U);
}

TEST_F(ShipmentDeskTest, RefusesTheSameKeyWithAnotherBody) {
  desk_.Create("k1", kOrder, kStart);
  const PartnerAnswer answer =
      desk_.Create("k1", R"({"order_id": "43", "address": "Busan"})", kStart);
  EXPECT_EQ(answer.status, 409);
  EXPECT_EQ(answer.body["error"], "key_reused");
}

TEST_F(ShipmentDeskTest, ForgetsAKeyExactlyWhenItsTimeIsOver) {
  desk_.Create("k1", kOrder, kStart);
  EXPECT_EQ(desk_.Create("k1", kOrder, kStart + hours(24) - Duration(1)).status, 200);
  EXPECT_EQ(desk_.Create("k1", kOrder, kStart + hours(24)).status, 201);
}

TEST_F(ShipmentDeskTest, ShipsTwiceWithoutAKey) {
  desk_.Create("", kOrder, kStart);
  EXPECT_EQ(desk_.Create("", kOrder, kStart).status, 201);
  EXPECT_EQ(desk_.Find("42").body["shipments"], 2);
}

TEST_F(ShipmentDeskTest, RefusesWhatCannotBeShipped) {
  for (const char* body :
       {R"({"address": "Seoul"})", R"({"order_id": "1"})", R"({"order_id": "1", "address": " "})",
        R"({"order_id": "1", "address": "Seoul", "quantity": 0})",
        R"({"order_id": "1", "address": "Seoul", "items": []})",
        R"({"order_id": "1", "address": "Seoul", "items": [{"sku": "p", "quantity": -1}]})",
        R"({"order_id": "1", "address": "Seoul", "items": [{"quantity": 1}]})"}) {
    const PartnerAnswer answer = desk_.Create("k", body, kStart);
    EXPECT_EQ(answer.status, 422) << body;
    EXPECT_FALSE(answer.body["message"].get<std::string>().empty());
  }
  EXPECT_EQ(desk_.Create("k", "{", kStart).status, 400);
  EXPECT_TRUE(records_.empty());
}

TEST_F(ShipmentDeskTest, RemembersNoKeyOfARefusedRequest) {
  desk_.Create("k1", R"({"order_id": "42"})", kStart);
  EXPECT_EQ(desk_.Create("k1", kOrder, kStart).status, 201);
}

TEST_F(ShipmentDeskTest, FindsTheShipmentOfAnOrder) {
  desk_.Create("k1", R"({"order_id": 42, "address": {"city": "Seoul"}})", kStart);
  EXPECT_EQ(desk_.Find("42").body["tracking_number"], "CJ0000000001");
  EXPECT_EQ(desk_.Find("43").status, 404);
}

TEST_F(ShipmentDeskTest, GoesOnAfterARestart) {
  const PartnerAnswer first = desk_.Create("k1", kOrder, kStart);
  ShipmentDesk restarted(hours(24), [](const json&) {});
  for (const json& record : records_) restarted.Restore(record);
  EXPECT_EQ(restarted.Create("k1", kOrder, kStart).body["tracking_number"],
            first.body["tracking_number"]);
  EXPECT_EQ(restarted.Create("k2", kOrder, kStart).body["tracking_number"], "CJ0000000002");
}

}  // namespace
}  // namespace postrider::partners
