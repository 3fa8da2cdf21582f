#include "faults/faults_fixture.h"
#include "faults/metrics_page.h"
#include "faults/partners_process.h"

namespace postrider::test {
namespace {

/// What keeps a partner from being hurt when it fails, and the shop from losing anything by it.
class PoliciesTest : public FaultsTest {
 protected:
  RelayProcess& Serve(const std::vector<std::string>& settings) {
    ShopConfig config = Config({{.name = "cj", .url = partner_.Url(), .settings = settings}});
    config.retries = "{attempts: 50, first: 100ms, factor: 2, max: 1s, jitter: 0%}";
    return StartReadyRelay(config);
  }
  void InsertShipments(int n) {
    shop_.Ask(
        "INSERT INTO outbox.event (topic, payload) SELECT 'shipment.requested', "
        "json_build_object('order_id', n, 'address', 'Seoul') FROM generate_series(1, " +
        std::to_string(n) + ") AS n");
  }
  std::string Status(const std::string& column) {
    return shop_.Ask("SELECT " + column + " FROM outbox.status WHERE destination = 'cj'");
  }
  static double Breaker(RelayProcess& relay, const std::string& state) {
    return MetricsPage(relay.Get("/metrics").body)
        .Sum("postrider_breaker_state", {"state=\"" + state + "\"", "endpoint=\"primary\""});
  }

  PartnersProcess partner_{scratch_.path(), {"--per-second", "0", "--per-minute", "0"}};
};

TEST_F(PoliciesTest, TheBreakerLeavesABrokenPartnerAloneUntilItIsBack) {
  RelayProcess& relay = Serve({"concurrency: 4",
                               "breaker: {failures: 50%, window: 10, minimum: 4, open: 4s, "
                               "open_max: 4s, probes: 1}"});
  EXPECT_TRUE(Eventually([&] { return Breaker(relay, "closed") == 1; }));
  partner_.Control(R"({"mode": "down"})");
  InsertShipments(200);
  ASSERT_TRUE(Eventually([&] { return relay.Logged("breaker_open"); }));
  const auto burnt = partner_.Count();
  EXPECT_LE(burnt, 4 + 3) << "the minimum, and what was in flight";
  ASSERT_TRUE(Eventually([&] { return Breaker(relay, "open") == 1; }));
  EXPECT_EQ(Breaker(relay, "closed"), 0);
  EXPECT_TRUE(
      Eventually([&] { return Status("breaker || '-' || held") == "open-breaker"; }, seconds(3)));
  EXPECT_LE(partner_.Count() - burnt, 6) << "one probe each time";
  partner_.Control(R"({"mode": "ok"})");
  ASSERT_TRUE(DeliveredReaches(200));
  EXPECT_TRUE(relay.Logged("breaker_half_open"));
  EXPECT_TRUE(relay.Logged("breaker_closed"));
  EXPECT_TRUE(Eventually([&] { return Breaker(relay, "closed") == 1; }));
  EXPECT_GT(MetricsPage(relay.Get("/metrics").body)
                .Sum("postrider_held_seconds_total", {"reason=\"breaker\""}),
            1);
}

TEST_F(PoliciesTest, ARefusalWithATimeCoolsTheDestinationDownAndOneProbeFollows) {
  RelayProcess& relay = Serve({"concurrency: 4"});
  partner_.Control(R"({"mode": "down", "status": 429, "retry_after": 5})");
  InsertShipments(50);
  ASSERT_TRUE(Eventually([&] { return relay.Logged("cool_down_begun"); }));
  partner_.Control(R"({"mode": "ok"})");
  ASSERT_TRUE(DeliveredReaches(50));
  const auto requests = partner_.Requests();
  std::size_t refused = 0;
  while (refused < requests.size() && requests[refused].status == 429) ++refused;
  ASSERT_GE(refused, 1U);
  EXPECT_LE(refused, 4U) << "what was in flight";
  ASSERT_LT(refused + 1, requests.size());
  EXPECT_GE(requests[refused].at_us - requests[refused - 1].at_us, 4'990'000);
  EXPECT_GT(requests[refused + 1].at_us, requests[refused].at_us);
  EXPECT_EQ(relay.Log("cool_down_begun").size(), 1U);
  EXPECT_EQ(relay.Log("cool_down_over").size(), 1U);
}

TEST_F(PoliciesTest, AllShardsOfADestinationCoolDownTogether) {
  constexpr std::int64_t kApart = 2'500'000;  // us: less than a cool-down, more than a stall
  Serve({"shards: 4", "concurrency: 8"});
  partner_.Control(R"({"mode": "down", "status": 429, "retry_after": 4})");
  InsertShipments(100);
  // Long enough to refuse the probe, too.
  ASSERT_TRUE(Eventually([&] {
    const std::vector<Seen> seen = partner_.Requests();
    return !seen.empty() && seen.back().at_us - seen.front().at_us > kApart;
  }));
  partner_.Control(R"({"mode": "ok"})");
  ASSERT_TRUE(DeliveredReaches(100));
  std::vector<std::size_t> refused;  // together, each time that the destination asked
  std::int64_t last = 0;
  for (const Seen& request : partner_.Requests()) {
    if (request.at_us - last > kApart) refused.push_back(0);
    last = request.at_us;
    if (request.status == 429) ++refused.back();
  }
  ASSERT_EQ(refused.size(), 3U);
  EXPECT_GE(refused[0], 1U);
  EXPECT_LE(refused[0], 8U) << "what was in flight";
  EXPECT_EQ(refused[1], 1U) << "one probe for all";
  EXPECT_EQ(refused[2], 0U);
}

/// Shard 1 of the destination is another relay's, which is played by rows in the database.
TEST_F(PoliciesTest, AShardFollowsTheCoolDownOfAnotherRelaysShard) {
  const std::vector<std::string> settings = {"shards: 2"};
  ASSERT_TRUE(StopsCleanly(Serve(settings)));
  shop_.Ask(
      "WITH other AS (INSERT INTO outbox.relay (id, name, version, host, pid, pid_start, lease, "
      "heartbeat) VALUES (gen_random_uuid(), 'other', '0', 'elsewhere', 1, 1, '1h', now() + "
      "interval '1h') RETURNING id) UPDATE outbox.fence f SET owner = other.id, epoch = f.epoch + "
      "1 "
      "FROM other WHERE f.shard = 1");
  Serve(settings);
  const auto set = [this](const std::string& time) {
    shop_.Ask("UPDATE outbox.lane SET cools_until = " + time + " WHERE shard = 1");
  };
  set("now() + interval '1h'");
  ASSERT_TRUE(Eventually([&] {
    InsertShipments(1);
    return Status("held") == "cool_down";
  }));
  const auto before = partner_.Count();
  InsertShipments(50);
  EXPECT_TRUE(Always([&] { return partner_.Count() == before; }, seconds(2)));
  set("NULL");
  EXPECT_TRUE(Eventually([&] { return partner_.Count() > before; }));
}

TEST_F(PoliciesTest, ACoolDownOutlivesTheRelayThatWasTold) {
  RelayProcess& first = Serve({"shards: 2", "concurrency: 4"});
  partner_.Control(R"({"mode": "down", "status": 429, "retry_after": 8})");
  InsertShipments(50);
  ASSERT_TRUE(Eventually([&] {
    return shop_.Count("outbox.lane WHERE cools_until > now()") >= 1 && partner_.Count() >= 1;
  }));
  first.Kill();
  partner_.Control(R"({"mode": "ok"})");
  const auto refused = static_cast<std::size_t>(partner_.Count());
  const auto last = partner_.Requests().back().at_us;
  Serve({"shards: 2", "concurrency: 4"});
  ASSERT_TRUE(DeliveredReaches(50));
  const auto requests = partner_.Requests();
  ASSERT_GT(requests.size(), refused);
  EXPECT_GE(requests[refused].at_us - last, 7'500'000);
}

TEST_F(PoliciesTest, TooManyDeadLettersPauseTheDestinationUntilAPersonResumesIt) {
  RelayProcess& relay = Serve({"concurrency: 1", "dead_limit: 5/1h"});
  shop_.InsertMany(50);  // without an address
  ASSERT_TRUE(Eventually([&] { return Status("state") == "paused"; }));
  ASSERT_TRUE(Eventually([&] { return shop_.Count("outbox.dead_letters") == 6; }));
  EXPECT_TRUE(Always([&] { return partner_.Count() == 6; }, seconds(1)));
  EXPECT_EQ(relay.Log("dead_limit").size(), 1U);
  EXPECT_EQ(shop_.Ask("SELECT performed_by LIKE '% for dead_limit' AND note LIKE '%dead letters%' "
                      "FROM outbox.operations WHERE kind = 'pause'"),
            "t");
  EXPECT_TRUE(Eventually([&] {
    return MetricsPage(relay.Get("/metrics").body).Sum("postrider_destination_paused") == 1;
  }));
  shop_.Ask("SELECT outbox.resume('cj')");
  ASSERT_TRUE(Eventually([&] { return shop_.Count("outbox.dead_letters") == 12; }))
      << "counting begins anew";
  EXPECT_TRUE(Eventually([&] { return Status("state") == "paused"; }));
}

TEST_F(PoliciesTest, ASuccessThatSaysAnErrorIsNone) {
  Serve(
      {"verdict: {answer: [{json: /resultCode, in: [\"0000\"], is: delivered}, "
       "{json: /resultCode, in: [E500], is: retry}, {otherwise: dead}]}"});
  partner_.Control(R"({"mode": "lie", "code": "E500", "count": 3})");
  InsertShipments(1);
  ASSERT_TRUE(DeliveredReaches(1));
  EXPECT_EQ(shop_.Count("outbox.attempt WHERE class = 'answer' AND http_status = 200"), 3);
  partner_.Control(R"({"mode": "lie", "code": "E999", "count": 1})");
  InsertShipments(1);
  ASSERT_TRUE(Eventually([&] { return shop_.Count("outbox.dead_letters") == 1; }));
  EXPECT_EQ(shop_.Ask("SELECT class FROM outbox.dead_letters"), "answer");
}

TEST_F(PoliciesTest, TheBudgetKeepsRetriesAFewAmongTheRequests) {
  RelayProcess& relay = Serve({"retries: {budget: 10%}"});
  partner_.Control(R"({"mode": "down"})");
  InsertShipments(40);
  ASSERT_TRUE(Eventually([&] { return partner_.Count() >= 50; }));
  EXPECT_TRUE(Always([&] { return partner_.Count() == 50; }, seconds(2)))
      << "40 first attempts and the ten retries that may always be";
  EXPECT_GT(MetricsPage(relay.Get("/metrics").body)
                .Sum("postrider_held_seconds_total", {"reason=\"budget\""}),
            0.5);
}

}  // namespace
}  // namespace postrider::test
