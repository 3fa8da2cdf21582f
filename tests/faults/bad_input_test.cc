#include <string>

#include "faults/faults_fixture.h"
#include "faults/metrics_page.h"
#include "faults/partner.h"

namespace postrider::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

/// Input, rights and answers that are not as they should be: what is wrong is said, and nothing is
/// lost.
class BadInputTest : public FaultsTest {
 protected:
  ShopConfig ToPartner() const { return Config({{.name = "cj", .url = partner_.Url("/cj")}}); }
  ShopConfig To(const postrider::testing::HostileServer& server) const {
    ShopConfig config =
        Config({{.name = "cj", .url = server.Url("/cj"), .http = "timeout: 500ms"}});
    config.retries = "{attempts: 100, first: 50ms, factor: 2, max: 500ms, jitter: 25%}";
    return config;
  }
  /// A partner with that fault, and then a sound one.
  void Endure(const postrider::testing::HostileServer::Script& fault, const std::string& failure) {
    postrider::testing::HostileServer server(fault);
    RelayProcess& relay = StartReadyRelay(To(server));
    const EventId event = shop_.Insert({});
    ASSERT_TRUE(Eventually([&] {
      return shop_.Count("outbox.attempt WHERE charged AND class = '" + failure + "'") >= 3;
    })) << shop_
               .Ask("SELECT string_agg(DISTINCT class || ': ' || error, '; ') FROM outbox.attempt");
    relay.Rewrite(ToPartner());
    relay.HangUp();
    EXPECT_TRUE(Becomes(event, "cj", "delivered"));
    EXPECT_EQ(partner_.Of(event).size(), 1);
  }

  Partner partner_;
};

TEST_F(BadInputTest, AMissingSecretIsNamedAtTheStart) {
  ShopConfig config = ToPartner();
  config.destinations[0].http = "headers: {X-Api-Key: {env: POSTRIDER_TEST_NOT_THERE}}";
  RelayProcess& relay = StartRelay(config);
  EXPECT_EQ(relay.Wait(), 2);
  EXPECT_THAT(relay.LogTail(),
              AllOf(HasSubstr(".yaml:"), HasSubstr("destinations.cj.http.headers.X-Api-Key"),
                    HasSubstr("POSTRIDER_TEST_NOT_THERE")));
}

TEST_F(BadInputTest, ARoleWithoutRightsIsToldWhichAndGoesOnWhenItHasThem) {
  shop_.Ask("CREATE ROLE stranger LOGIN");
  ShopConfig config = ToPartner();
  config.database_url = shop_.server().Conninfo(shop_.database(), "stranger");
  RelayProcess& relay = StartRelay(config);
  const EventId event = shop_.Insert({});
  ASSERT_TRUE(Eventually([&] { return relay.Logged("database_error"); }));
  const auto line = relay.Log("database_error").front();
  EXPECT_THAT(line.value("error", ""), HasSubstr("permission denied for schema outbox"));
  EXPECT_THAT(line.value("message", ""), HasSubstr("GRANT outbox_relay"));
  const HttpReply ready = relay.Get("/readyz");
  EXPECT_EQ(ready.status, 503);
  EXPECT_THAT(ready.body, HasSubstr("permission denied for schema outbox"));
  shop_.Ask("GRANT outbox_relay TO stranger");
  EXPECT_TRUE(Eventually([&] { return relay.Ready(); }, seconds(20)));
  EXPECT_TRUE(Becomes(event, "cj", "delivered"));
  EXPECT_TRUE(StopsCleanly(relay));
  shop_.Ask("DROP ROLE stranger");
}

TEST_F(BadInputTest, AHundredThousandTopicsCostNoMemoryAndNoMetrics) {
  const ReceiverProcess receiver(scratch_.path());
  ShopConfig config =
      Config({{.name = "cj", .url = receiver.Url("/cj"), .topics = R"(["shipment.*"])"}});
  config.settings = {"ignore_topics: [\"audit.*\"]"};
  RelayProcess& relay = StartReadyRelay(config);
  const EventId first = shop_.Insert({});
  ASSERT_TRUE(Becomes(first, "cj", "delivered"));
  const auto lines = [&] {
    const std::string page = relay.Get("/metrics").body;
    EXPECT_EQ(page.find("topic"), std::string::npos);
    return std::count(page.begin(), page.end(), '\n');
  };
  const auto before = lines();
  shop_.Ask(
      "INSERT INTO outbox.event (topic) SELECT CASE n % 50 WHEN 0 THEN 'shipment.' ELSE "
      "'audit.' END || n FROM generate_series(1, 100000) AS n");
  // Most of the time goes into reading what nobody takes.
  ASSERT_TRUE(DeliveredReaches(2001, seconds(150)));
  EXPECT_LE(lines(), before + 40);
  const double resident =
      MetricsPage(relay.Get("/metrics").body).Sum("process_resident_memory_bytes");
  EXPECT_LT(resident, 250e6);
  EXPECT_EQ(shop_.Count("outbox.dead_letters"), 0);
}

TEST_F(BadInputTest, AHeaderWithALineBreakIsRefusedByTheInsert) {
  try {
    shop_.Insert({.headers = R"({"x-channel": "a\r\nX-Evil: 1"})"});
    FAIL() << "it was stored";
  } catch (const DatabaseFault& fault) {
    EXPECT_THAT(fault.what(), HasSubstr("headers"));
  }
  EXPECT_EQ(shop_.Count("outbox.event"), 0);
}

TEST_F(BadInputTest, AnAnswerWithoutEnd) {
  Endure(
      [](postrider::testing::Peer& peer) {
        if (!peer.ReadRequest()) return;
        peer.Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        const std::string chunk = "8000\r\n" + std::string(0x8000, 'x') + "\r\n";
        while (peer.Send(chunk)) {
        }
      },
      "too_large");
}

TEST_F(BadInputTest, AnAnswerThatStopsInTheMiddle) {
  Endure(
      [](postrider::testing::Peer& peer) {
        if (!peer.ReadRequest()) return;
        peer.Send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{");
        peer.WaitForClose();
      },
      "timeout");
}

TEST_F(BadInputTest, HeadersWithoutEnd) {
  Endure(
      [](postrider::testing::Peer& peer) {
        if (!peer.ReadRequest()) return;
        peer.Send("HTTP/1.1 200 OK\r\n");
        const std::string header = "X-Filler: " + std::string(8000, 'x') + "\r\n";
        while (peer.Send(header)) {
        }
      },
      "too_large");
}

}  // namespace
}  // namespace postrider::test
