#include "faults/faults_fixture.h"

namespace postrider::test {
namespace {

/// How a relay ends when it is told to.
class StopTest : public FaultsTest {
 protected:
  static constexpr int kConcurrency = 8;

  ShopConfig Slow(const std::string& drain = "20s") const {
    ShopConfig config = Config({{.name = "cj",
                                 .url = receiver_.Url("/cj"),
                                 .settings = {"concurrency: " + std::to_string(kConcurrency)}}});
    config.relay = "name: shop, drain: " + drain;
    return config;
  }
  /// A relay with as many requests in flight as it may have, and more events waiting.
  RelayProcess& Busy(const ShopConfig& config, const std::string& behaviour) {
    receiver_.Control(behaviour);
    RelayProcess& relay = StartReadyRelay(config);
    shop_.InsertMany(50);
    EXPECT_TRUE(Eventually([&] { return receiver_.Count() == kConcurrency; }));
    return relay;
  }

  ReceiverProcess receiver_{scratch_.path()};
};

TEST_F(StopTest, WhatIsInFlightEndsAndIsRecordedAndLanesAreGivenBack) {
  RelayProcess& relay = Busy(Slow(), R"({"delay_ms": 1500})");
  relay.Stop();
  EXPECT_EQ(relay.Wait(seconds(10)), 0);
  EXPECT_EQ(receiver_.Count(), kConcurrency) << "nothing new was sent";
  EXPECT_EQ(shop_.Delivered(), kConcurrency);
  EXPECT_EQ(shop_.Count("outbox.relays"), 0);
  EXPECT_EQ(shop_.Count("outbox.fence WHERE owner IS NOT NULL"), 0);

  receiver_.Control(R"({"delay_ms": 0})");
  StartReadyRelay(Slow());
  ASSERT_TRUE(DeliveredReaches(50));
  const Findings findings = Compare(ReadCommitted(shop_), receiver_.Arrivals());
  EXPECT_TRUE(findings.sound()) << findings;
  EXPECT_EQ(findings.duplicates, 0) << findings;
}

TEST_F(StopTest, AnotherRelayTakesTheLanesAtOnce) {
  ShopConfig config = Slow();
  RelayProcess& relay = Busy(config, R"({"delay_ms": 500})");
  config.relay = "name: other, lease: 60s";
  RelayProcess& heir = StartRelay(config);
  ASSERT_TRUE(Eventually([&] { return heir.Logged("lanes_owned_elsewhere"); }));
  EXPECT_TRUE(StopsCleanly(relay));
  EXPECT_TRUE(Eventually([&] { return heir.Logged("lane_taken"); }, seconds(3)));
  ASSERT_TRUE(DeliveredReaches(50));
  EXPECT_EQ(Compare(ReadCommitted(shop_), receiver_.Arrivals()).duplicates, 0);
}

TEST_F(StopTest, WhatDoesNotEndInTheDrainIsCutAndTriedAgain) {
  RelayProcess& relay = Busy(Slow("1s"), R"({"hang": true})");
  relay.Stop();
  EXPECT_EQ(relay.Wait(seconds(8)), 0);
  EXPECT_TRUE(relay.Logged("drain_timeout"));
  EXPECT_EQ(shop_.Count("outbox.attempt WHERE class = 'relay_lost'"), kConcurrency);
  receiver_.Control(R"({"hang": false})");
  StartReadyRelay(Slow());
  EXPECT_TRUE(DeliveredReaches(50));
}

TEST_F(StopTest, ASecondSignalEndsItAtOnce) {
  RelayProcess& relay = Busy(Slow("60s"), R"({"hang": true})");
  relay.Stop();
  ASSERT_TRUE(Eventually([&] { return relay.Logged("draining"); }));
  EXPECT_TRUE(relay.process().Running());
  relay.Stop();
  EXPECT_EQ(relay.Wait(seconds(2)), 1);
  receiver_.Control(R"({"hang": false})");
  StartReadyRelay(Slow());
  EXPECT_TRUE(DeliveredReaches(50));
}

TEST_F(StopTest, ItStopsWhileTheDatabaseIsAway) {
  RelayProcess& relay = Busy(Slow("1s"), R"({"delay_ms": 200})");
  shop_.server().Stop();
  relay.Stop();
  EXPECT_EQ(relay.Wait(seconds(30)), 0);
  shop_.server().Start();
  receiver_.Control(R"({"delay_ms": 0})");
  StartReadyRelay(Slow());
  ASSERT_TRUE(DeliveredReaches(50));
  const Findings findings = Compare(ReadCommitted(shop_), receiver_.Arrivals());
  EXPECT_TRUE(findings.sound()) << findings;
  EXPECT_LE(findings.duplicates, 64) << findings;
}

TEST_F(StopTest, ItStopsBeforeItIsReady) {
  shop_.server().Stop();
  RelayProcess& relay = StartRelay(Slow());
  ASSERT_TRUE(Eventually([&] { return relay.Logged("database_unreachable"); }));
  relay.Stop();
  EXPECT_EQ(relay.Wait(seconds(5)), 0);
  shop_.server().Start();
}

}  // namespace
}  // namespace postrider::test
