#include "partners.h"

#include <gtest/gtest.h>
#include <httplib.h>

#include <atomic>
#include <thread>

#include "scratch_file.h"

namespace postrider::partners {
namespace {

using nlohmann::json;
using std::chrono::seconds;

constexpr const char* kOrder = R"({"order_id": "42", "address": "Seoul"})";
constexpr const char* kJson = "application/json";

/// Both partners on free ports, with a clock that the test moves.
class PartnersTest : public testing::Test {
 protected:
  static PartnersSettings Settings() {
    PartnersSettings settings;
    settings.cj_key = "secret";
    settings.cj_limits.windows = {{10, seconds(1)}};
    return settings;
  }

  httplib::Result Ship(const std::string& key, const std::string& api_key = "secret") {
    return cj_.Post("/v1/shipments", {{"X-Api-Key", api_key}, {"Idempotency-Key", key}}, kOrder,
                    kJson);
  }

  int Control(const json& command) {
    return httplib::Client(partners_.cj_url()).Post("/_control", command.dump(), kJson)->status;
  }

  json Seen() { return json::parse(httplib::Client(partners_.cj_url()).Get("/_seen")->body); }

  std::atomic<Instant> now_{Instant(std::chrono::hours(480000))};
  Partners partners_{Settings(), [this] { return now_.load(); }};
  httplib::Client cj_{partners_.cj_url()};
};

TEST_F(PartnersTest, AcceptsAShipmentOnce) {
  EXPECT_EQ(Ship("k1")->status, 201);
  const auto again = Ship("k1");
  EXPECT_EQ(again->status, 200);
  EXPECT_EQ(json::parse(again->body)["replayed"], true);
  const auto found = cj_.Get("/v1/shipments/42", {{"X-Api-Key", "secret"}});
  EXPECT_EQ(json::parse(found->body)["shipments"], 1);
}

TEST_F(PartnersTest, RefusesAWrongKey) {
  EXPECT_EQ(Ship("k1", "wrong")->status, 401);
  EXPECT_EQ(Seen()["counts"]["unauthorized"], 1);
}

TEST_F(PartnersTest, AKeyCanExpire) {
  EXPECT_EQ(Control({{"api_key", "renewed"}}), 200);
  EXPECT_EQ(Ship("k1")->status, 401);
  EXPECT_EQ(Ship("k1", "renewed")->status, 201);
  EXPECT_EQ(Control({{"api_key", 7}}), 400);
}

TEST_F(PartnersTest, SaysWhenToComeBack) {
  for (int i = 0; i < 10; ++i) EXPECT_EQ(Ship("k" + std::to_string(i))->status, 201);
  const auto refused = Ship("k10");
  EXPECT_EQ(refused->status, 429);
  EXPECT_EQ(refused->get_header_value("Retry-After"), "1");
  now_ = now_.load() + seconds(1);
  EXPECT_EQ(Ship("k10")->status, 201);
}

TEST_F(PartnersTest, BansAClientThatDoesNotListen) {
  for (int i = 0; i < 14; ++i) Ship("k" + std::to_string(i));
  const auto banned = Ship("k14");
  EXPECT_EQ(banned->status, 429);
  EXPECT_EQ(banned->get_header_value("Retry-After"), "300");
  EXPECT_EQ(json::parse(banned->body)["error"], "banned");
}

TEST_F(PartnersTest, GoesDownForACount) {
  Control({{"mode", "down"}, {"status", 503}, {"count", 1}, {"retry_after", 9}});
  const auto down = Ship("k1");
  EXPECT_EQ(down->status, 503);
  EXPECT_EQ(down->get_header_value("Retry-After"), "9");
  EXPECT_EQ(Ship("k1")->status, 201);
}

TEST_F(PartnersTest, ResetsBeforeTheRequestIsCarriedOut) {
  Control({{"mode", "reset"}, {"count", 1}});
  EXPECT_FALSE(Ship("k1"));
  EXPECT_EQ(Ship("k1")->status, 201);
  EXPECT_EQ(Seen()["counts"]["reset"], 1);
}

TEST_F(PartnersTest, ResetsAfterTheRequestWasCarriedOut) {
  Control({{"mode", "reset"}, {"count", 1}, {"after", true}});
  EXPECT_FALSE(Ship("k1"));
  EXPECT_EQ(Ship("k1")->status, 200);
  EXPECT_EQ(Seen()["keys"]["k1"], 1);
}

TEST_F(PartnersTest, HangsUntilItIsSwitchedBack) {
  Control({{"mode", "hang"}});
  std::thread client([this] { EXPECT_FALSE(Ship("k1")); });
  while (Seen()["total"] == 0) std::this_thread::yield();
  Control({{"mode", "ok"}});
  client.join();
  EXPECT_EQ(Ship("k1")->status, 201);
}

TEST_F(PartnersTest, LetsHangingRequestsGoWhenItStops) {
  std::thread client;
  {
    Partners partners(Settings(), [this] { return now_.load(); });
    httplib::Client(partners.cj_url()).Post("/_control", R"({"mode": "hang"})", kJson);
    client = std::thread([url = partners.cj_url()] {
      EXPECT_FALSE(httplib::Client(url).Post("/v1/shipments", kOrder, kJson));
    });
    const auto seen = [&] {
      return json::parse(httplib::Client(partners.cj_url()).Get("/_seen")->body);
    };
    while (seen()["total"] == 0) std::this_thread::yield();
  }
  client.join();
}

TEST_F(PartnersTest, Lies) {
  Control({{"mode", "lie"}, {"code", "E777"}, {"count", 1}});
  const auto lie = Ship("k1");
  EXPECT_EQ(lie->status, 200);
  EXPECT_EQ(json::parse(lie->body)["resultCode"], "E777");
}

TEST_F(PartnersTest, RefusesANonsensicalCommand) { EXPECT_EQ(Control({{"mode", "mad"}}), 400); }

TEST_F(PartnersTest, SendsMessages) {
  httplib::Client kakao(partners_.kakao_url());
  const auto sent = kakao.Post("/v1/alimtalk", {{"Idempotency-Key", "k1"}},
                               R"({"phone": "01012345678", "template_code": "A"})", kJson);
  EXPECT_EQ(json::parse(sent->body)["code"], "0000");
  const auto wrong = kakao.Post("/v1/alimtalk", R"({"phone": "1"})", kJson);
  EXPECT_EQ(wrong->status, 200);
  EXPECT_EQ(json::parse(wrong->body)["code"], "E104");
  EXPECT_EQ(kakao.Get("/v1/alimtalk/k1")->status, 200);
}

TEST_F(PartnersTest, RecordsWhatItSees) {
  cj_.Post("/v1/shipments",
           {{"X-Api-Key", "secret"},
            {"Idempotency-Key", "k1"},
            {"Postrider-Event", "17"},
            {"Postrider-Attempt", "3"}},
           kOrder, kJson);
  const json seen = Seen();
  const json& request = seen["requests"][0];
  EXPECT_EQ(request["key"], "k1");
  EXPECT_EQ(request["event"], "17");
  EXPECT_EQ(request["attempt"], "3");
  EXPECT_EQ(request["outcome"], "accepted");
  EXPECT_EQ(request["status"], 201);
  EXPECT_EQ(request["at_us"], now_.load().time_since_epoch().count());
}

TEST(PartnersStateTest, SurvivesARestart) {
  const ScratchFile scratch;
  PartnersSettings settings;
  settings.state_file = scratch.path();
  const httplib::Headers headers{{"Idempotency-Key", "k1"}};
  for (const int expected : {201, 200}) {
    const Partners partners(settings, SteadyWallClock());
    httplib::Client cj(partners.cj_url());
    EXPECT_EQ(cj.Post("/v1/shipments", headers, kOrder, kJson)->status, expected);
  }
}

}  // namespace
}  // namespace postrider::partners
