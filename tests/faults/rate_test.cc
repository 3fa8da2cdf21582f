#include <cmath>
#include <iostream>

#include "faults/faults_fixture.h"
#include "faults/metrics_page.h"
#include "faults/partners_process.h"

namespace postrider::test {
namespace {

/// A partner that counts, and bans for five minutes whoever goes on after five refusals.
class RateTest : public FaultsTest {
 protected:
  ShopConfig Limited(const PartnersProcess& partner, const std::string& rate) const {
    return Config({{.name = "cj",
                    .url = partner.Url(),
                    .settings = {"rate: " + rate, "concurrency: 32", "max_unsettled: 200"}}});
  }
  void InsertShipments(int n) {
    shop_.Ask(
        "INSERT INTO outbox.event (topic, payload) SELECT 'shipment.requested', "
        "json_build_object('order_id', n, 'address', 'Seoul') FROM generate_series(1, " +
        std::to_string(n) + ") AS n");
  }
  static void ExpectNeverRefused(const PartnersProcess& partner) {
    EXPECT_EQ(partner.Count("limited"), 0);
    EXPECT_EQ(partner.Count("banned"), 0);
  }
  /// How much of what a partner with `count` in ten seconds allows has been used.
  static double Used(const std::vector<Seen>& requests, int count) {
    const auto took = requests.back().at_us - requests.front().at_us;
    const double windows = std::floor(static_cast<double>(took) / 10e6) + 1;
    std::cout << requests.size() << " requests in " << took / 1000 << " ms, " << count * windows
              << " allowed\n";
    return static_cast<double>(requests.size()) / (count * windows);
  }
};

// Windows of ten seconds: on a busy machine a request may travel for tenths of a second, and the
// relay allows for a tenth of a window. They have a few places more than there are events, since a
// request whose connection dies takes one as well.
TEST_F(RateTest, ABacklogDrainsAtTheLimitOfSlidingWindowsWithoutOneRefusal) {
  PartnersProcess partner(scratch_.path(), {"--per-second", "0", "--per-minute", "0",
                                            "--per-window", "1010", "--window-seconds", "10"});
  InsertShipments(5000);
  StartReadyRelay(Limited(partner, "[1010/10s]"));
  ASSERT_TRUE(DeliveredReaches(5000, seconds(90)));
  ExpectNeverRefused(partner);
  EXPECT_EQ(partner.Count(), 5000);
  EXPECT_GE(Used(partner.Requests(), 1010), 0.95);
}

TEST_F(RateTest, ABacklogDrainsThroughFixedWindowsWithoutOneRefusal) {
  PartnersProcess partner(scratch_.path(),
                          {"--per-second", "0", "--per-minute", "0", "--per-window", "303",
                           "--window-seconds", "10", "--fixed-windows"});
  InsertShipments(900);
  StartReadyRelay(Limited(partner, "[303/10s]"));
  ASSERT_TRUE(DeliveredReaches(900, seconds(90)));
  ExpectNeverRefused(partner);
  EXPECT_GE(Used(partner.Requests(), 303), 0.95);
}

TEST_F(RateTest, TheWindowsHoldWhenTheRelayIsKilledAndAnotherTakesOver) {
  PartnersProcess partner(scratch_.path(), {"--per-second", "0", "--per-minute", "0",
                                            "--per-window", "40", "--window-seconds", "5"});
  InsertShipments(120);
  const ShopConfig config = Limited(partner, "[40/5s]");
  for (int sent : {20, 70}) {
    RelayProcess& relay = StartReadyRelay(config);
    ASSERT_TRUE(Eventually([&] { return partner.Count() >= sent; }));
    relay.Kill();
  }
  StartReadyRelay(config);
  ASSERT_TRUE(DeliveredReaches(120));
  ExpectNeverRefused(partner);
}

TEST_F(RateTest, WhatWasSentCountsAfterARestartAndNothingElse) {
  PartnersProcess partner(scratch_.path(), {"--per-second", "0", "--per-minute", "6"});
  const ShopConfig config = Limited(partner, "[6/min]");
  InsertShipments(2);
  RelayProcess& first = StartReadyRelay(config);
  ASSERT_TRUE(DeliveredReaches(2));
  ASSERT_TRUE(StopsCleanly(first));
  InsertShipments(10);
  StartReadyRelay(config);
  ASSERT_TRUE(DeliveredReaches(6)) << "a relay that left with everything recorded leaves no doubt";
  EXPECT_TRUE(Always([&] { return partner.Count() == 6; }, seconds(2)));
  EXPECT_TRUE(Eventually([&] {
    return shop_.Ask("SELECT held FROM outbox.status WHERE destination = 'cj'") == "rate";
  }));
  ExpectNeverRefused(partner);
}

TEST_F(RateTest, APauseTakesNothingFromTheWindows) {
  PartnersProcess partner(scratch_.path(), {"--per-second", "0", "--per-minute", "10"});
  RelayProcess& relay = StartReadyRelay(Limited(partner, "[10/min]"));
  InsertShipments(4);
  ASSERT_TRUE(DeliveredReaches(4));
  shop_.Ask("SELECT outbox.pause('cj')");
  ASSERT_TRUE(Eventually([&] {
    return MetricsPage(relay.Get("/metrics").body).Sum("postrider_destination_paused") == 1;
  }));
  InsertShipments(20);
  EXPECT_TRUE(Always([&] { return partner.Count() == 4; }, seconds(2)));
  shop_.Ask("SELECT outbox.resume('cj')");
  ASSERT_TRUE(DeliveredReaches(10));
  EXPECT_TRUE(Always([&] { return partner.Count() == 10; }, seconds(1)));
  ExpectNeverRefused(partner);
}

}  // namespace
}  // namespace postrider::test
