#include <iostream>
#include <string>

#include "faults/faults_fixture.h"
#include "faults/traffic.h"
#include "support/tcp_proxy.h"

namespace postrider::test {
namespace {

constexpr int kEndless = 1'000'000;
constexpr int kMaxUnsettled = 32;

/// A network between relay and database that takes everything, answers nothing, and never says that
/// a connection has gone. The shop has another way to the database.
class NetworkTest : public FaultsTest {
 protected:
  ShopConfig Through() const {
    const std::string unsettled = "max_unsettled: " + std::to_string(kMaxUnsettled);
    ShopConfig config =
        Config({{.name = "free", .url = receiver_.Url("/free"), .settings = {unsettled}},
                {.name = "ordered",
                 .url = receiver_.Url("/ordered"),
                 .settings = {unsettled, "order: key"}}});
    config.database_url = "host=127.0.0.1 port=" + std::to_string(proxy_.port()) +
                          " dbname=" + shop_.database() + " user=postgres connect_timeout=2";
    config.relay = relay_;
    return config;
  }

  ::testing::AssertionResult Flows(milliseconds patience = kPatience) const {
    const std::uint64_t before = receiver_.Count();
    if (Eventually([&] { return receiver_.Count() > before + 500; }, patience)) {
      return ::testing::AssertionSuccess();
    }
    return ::testing::AssertionFailure() << receiver_.Count() - before << " requests came";
  }

  /// All that the shop committed has arrived, in order, with no more duplicates than one fault
  /// allows.
  void ExpectAll(Traffic& traffic) {
    traffic.Stop();
    const auto committed = ReadCommitted(shop_);
    EXPECT_TRUE(DeliveredReaches(static_cast<int>(2 * committed.size()), seconds(60)));
    EXPECT_EQ(shop_.Count("outbox.backlog"), 0);
    const auto arrivals = receiver_.Arrivals();
    for (const std::string path : {"/free", "/ordered"}) {
      const Findings findings = Compare(committed, To(path, arrivals));
      std::cout << path << ": " << findings << '\n';
      EXPECT_TRUE(findings.sound()) << findings;
      EXPECT_LE(findings.duplicates, kMaxUnsettled) << findings;
      EXPECT_TRUE(path == "/free" || findings.out_of_order == 0) << findings;
    }
  }

  std::string relay_ = "name: shop";
  ReceiverProcess receiver_{scratch_.path()};
  TcpProxy proxy_{shop_.server().port()};
};

TEST_F(NetworkTest, WhenItHasSwallowedEverythingForLongerThanTheLeaseTheRelayGoesOnByItself) {
  relay_ = "name: shop, lease: 3s";
  RelayProcess& relay = StartReadyRelay(Through());
  Traffic traffic(shop_.Conninfo(), {.events = kEndless, .per_second = 1000, .seed = Seed()});
  ASSERT_TRUE(Flows());
  proxy_.Swallow();
  const int swallowed = proxy_.swallowed();
  EXPECT_GE(swallowed, 6) << "reader, fetcher, recorder, keeper, lease, operations";
  ASSERT_TRUE(Eventually([&] { return !relay.Ready(); }));
  const std::uint64_t sent = receiver_.Count();
  EXPECT_TRUE(Always([&] { return receiver_.Count() == sent; }, milliseconds(2000)))
      << "it sends without knowing whether it still may";
  proxy_.Heal();
  EXPECT_TRUE(Eventually([&] { return relay.Ready(); })) << relay.Get("/readyz").body;
  EXPECT_TRUE(Flows());
  EXPECT_TRUE(relay.Logged("lease_lost"));
  EXPECT_GE(proxy_.swallowed(), swallowed);
  ExpectAll(traffic);
  EXPECT_TRUE(StopsCleanly(relay));
}

TEST_F(NetworkTest, ConnectionsThatItHasForgottenAreReplacedAndTheLeaseIsKept) {
  RelayProcess& relay = StartReadyRelay(Through());
  Traffic traffic(shop_.Conninfo(), {.events = kEndless, .per_second = 1000, .seed = Seed()});
  ASSERT_TRUE(Flows());
  proxy_.Swallow();
  proxy_.Heal();
  EXPECT_TRUE(Flows());
  ASSERT_TRUE(Eventually([&] { return relay.Ready(); })) << relay.Get("/readyz").body;
  EXPECT_FALSE(relay.Logged("lease_lost"));
  EXPECT_GE(relay.Log("recovery_begins").size(), 2);
  ExpectAll(traffic);
  EXPECT_TRUE(StopsCleanly(relay));
}

TEST_F(NetworkTest, AStopDoesNotWaitForIt) {
  relay_ = "name: shop, drain: 2s";
  RelayProcess& relay = StartReadyRelay(Through());
  shop_.InsertMany(100);
  ASSERT_TRUE(DeliveredReaches(200));
  proxy_.Swallow();
  relay.Stop();
  EXPECT_EQ(relay.Wait(), 0) << relay.LogTail();
  EXPECT_TRUE(relay.Logged("leave_failed"));
}

}  // namespace
}  // namespace postrider::test
