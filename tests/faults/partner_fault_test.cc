#include "faults/faults_fixture.h"
#include "faults/partner.h"

namespace postrider::test {
namespace {

/// A partner that does everything wrong, then recovers. Nothing is lost and nothing stands still.
class PartnerFaultTest : public FaultsTest {
 protected:
  /// Many attempts, quickly: an outage must not use them up.
  ShopConfig Patient() const {
    ShopConfig config =
        Config({{.name = "cj", .url = receiver_.Url("/cj"), .http = "timeout: 500ms"}});
    config.retries = "{attempts: 100, first: 50ms, factor: 2, max: 500ms, jitter: 25%}";
    return config;
  }
  int Unknown(const std::string& failure) {
    return shop_.Count("outbox.attempt WHERE charged AND class = '" + failure + "'");
  }
  /// Serves under the behaviour until so many attempts failed that way, then without it.
  void Endure(const std::string& behaviour, const std::string& failure, const std::string& cure) {
    receiver_.Control(behaviour);
    StartReadyRelay(Patient());
    shop_.InsertMany(40);
    ASSERT_TRUE(Eventually([&] { return Unknown(failure) >= 20; })) << failure;
    EXPECT_EQ(shop_.Delivered(), 0);
    receiver_.Control(cure);
    ASSERT_TRUE(DeliveredReaches(40));
    EXPECT_EQ(shop_.Count("outbox.dead_letters"), 0);
    EXPECT_EQ(shop_.Count("outbox.backlog"), 0);
    const Findings findings = Compare(ReadCommitted(shop_), receiver_.Arrivals());
    EXPECT_EQ(findings.lost + findings.invented + findings.mixed_keys, 0) << findings;
  }

  ReceiverProcess receiver_{scratch_.path()};
};

TEST_F(PartnerFaultTest, ItHangs) { Endure(R"({"hang": true})", "timeout", R"({"hang": false})"); }

TEST_F(PartnerFaultTest, ItResetsConnections) {
  Endure(R"({"reset": true})", "reset", R"({"reset": false})");
}

TEST_F(PartnerFaultTest, ItsAnswersBreakOff) {
  Endure(R"({"truncate": true, "body": "{}"})", "reset", R"({"truncate": false})");
}

TEST_F(PartnerFaultTest, ItsAnswersAreHuge) {
  Endure(R"({"body": 2000000})", "too_large", R"({"body": ""})");
}

TEST_F(PartnerFaultTest, ItIsBroken) {
  Endure(R"({"status": 500})", "http_5xx", R"({"status": 200})");
}

TEST_F(PartnerFaultTest, ItRedirects) {
  Endure(R"({"status": 307, "headers": {"Location": "/elsewhere"}})", "http_3xx",
         R"({"status": 200})");
  EXPECT_TRUE(To("/elsewhere", receiver_.Arrivals()).empty());
}

TEST_F(PartnerFaultTest, ItAnswersGarbage) {
  postrider::testing::HostileServer garbage([](postrider::testing::Peer& peer) {
    if (peer.ReadRequest()) peer.Send("SSH-2.0-OpenSSH_9.2\r\nhello\r\n\r\n");
  });
  ShopConfig config = Patient();
  config.destinations[0].url = garbage.Url("/cj");
  RelayProcess& relay = StartReadyRelay(config);
  const EventId event = shop_.Insert({});
  ASSERT_TRUE(Eventually([&] { return Unknown("protocol") >= 3; }));
  EXPECT_TRUE(StopsCleanly(relay));
  StartReadyRelay(Patient());
  EXPECT_TRUE(Becomes(event, "cj", "delivered"));
}

TEST_F(PartnerFaultTest, NobodyListens) {
  ShopConfig config = Patient();
  config.destinations[0].url = "http://127.0.0.1:1/cj";
  RelayProcess& relay = StartReadyRelay(config);
  const EventId event = shop_.Insert({});
  ASSERT_TRUE(Eventually([&] { return Unknown("connect") >= 3; }));
  EXPECT_TRUE(StopsCleanly(relay));
  StartReadyRelay(Patient());
  EXPECT_TRUE(Becomes(event, "cj", "delivered"));
}

TEST_F(PartnerFaultTest, ASlowPartnerDoesNotDelayAnother) {
  Partner quick;
  ShopConfig config = Patient();
  config.destinations[0].http = "timeout: 30s";
  config.destinations.push_back({.name = "kakao", .url = quick.Url("/kakao")});
  receiver_.Control(R"({"hang": true})");
  StartReadyRelay(config);
  shop_.InsertMany(3000);
  ASSERT_TRUE(DeliveredReaches(3000));
  const EventId event = shop_.Insert({});
  EXPECT_TRUE(Eventually([&] { return shop_.State(event, "kakao") == "delivered"; }, seconds(2)));
  EXPECT_LE(receiver_.Count(), 16) << "no more than its concurrency";
  receiver_.Control(R"({"hang": false})");
  EXPECT_TRUE(DeliveredReaches(6002));
}

}  // namespace
}  // namespace postrider::test
