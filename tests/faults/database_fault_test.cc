#include <functional>
#include <iostream>
#include <string>

#include "faults/faults_fixture.h"
#include "faults/traffic.h"

namespace postrider::test {
namespace {

constexpr int kEndless = 1'000'000;
constexpr int kMaxUnsettled = 32;

/// Faults of the database while events flow: nothing is lost, and order by key is kept.
class DatabaseFaultTest : public FaultsTest {
 protected:
  ShopConfig TwoDestinations() const {
    const std::string unsettled = "max_unsettled: " + std::to_string(kMaxUnsettled);
    return Config({{.name = "free", .url = receiver_.Url("/free"), .settings = {unsettled}},
                   {.name = "ordered",
                    .url = receiver_.Url("/ordered"),
                    .settings = {unsettled, "order: key"}}});
  }

  /// Lets the fault happen `times` times, each time after something has flowed again.
  void Endure(const ShopConfig& config, int times, const std::function<void()>& fault) {
    const std::uint32_t seed = Seed();
    RelayProcess& relay = StartReadyRelay(config);
    Traffic traffic(shop_.Conninfo(), {.events = kEndless, .per_second = 1000, .seed = seed});
    for (int i = 0; i < times; ++i) {
      const std::uint64_t before = receiver_.Count();
      ASSERT_TRUE(Eventually([&] { return receiver_.Count() > before + 200; }))
          << "after " << i << ", the shop lost sessions " << traffic.faults() << " times";
      fault();
    }
    const std::uint64_t before = receiver_.Count();
    ASSERT_TRUE(Eventually([&] { return receiver_.Count() > before + 500; })) << "after the last";
    traffic.Stop();
    const auto committed = ReadCommitted(shop_);
    ASSERT_TRUE(DeliveredReaches(static_cast<int>(2 * committed.size()), seconds(60)));
    EXPECT_EQ(shop_.Count("outbox.backlog"), 0);
    EXPECT_TRUE(StopsCleanly(relay));
    Judge(committed, times);
    std::cout << times << " faults, " << traffic.faults() << " of them seen by the shop, "
              << relay.Log("recovery_begins").size() << " recoveries\n";
    EXPECT_GT(relay.Log("recovery_begins").size(), 1) << "the relay noticed nothing";
  }

  void Judge(const std::vector<Committed>& committed, int times) {
    const auto arrivals = receiver_.Arrivals();
    for (const std::string path : {"/free", "/ordered"}) {
      const Findings findings = Compare(committed, To(path, arrivals));
      std::cout << path << ": " << findings << '\n';
      EXPECT_TRUE(findings.sound()) << findings;
      EXPECT_LE(findings.duplicates, static_cast<std::size_t>(times * kMaxUnsettled)) << findings;
      EXPECT_TRUE(path == "/free" || findings.out_of_order == 0) << findings;
    }
  }

  ReceiverProcess receiver_{scratch_.path()};
};

TEST_F(DatabaseFaultTest, RestartsInGoodOrder) {
  Endure(TwoDestinations(), 4, [&] { shop_.server().Restart(); });
}

TEST_F(DatabaseFaultTest, Crashes) {
  Endure(TwoDestinations(), 4, [&] {
    shop_.server().Kill();
    shop_.server().Start();
  });
}

TEST_F(DatabaseFaultTest, AnOutageLongerThanTheLease) {
  ShopConfig config = TwoDestinations();
  config.relay = "name: shop, lease: 3s";
  Endure(config, 1, [&] {
    shop_.server().Stop();
    LetPass(milliseconds(4500));
    shop_.server().Start();
  });
}

TEST_F(DatabaseFaultTest, SessionsAreCutAgainAndAgain) {
  const auto admin = shop_.Connect();
  int cut = 0;
  Endure(TwoDestinations(), 8, [&] {
    cut += admin
               ->Execute("test",
                         "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = "
                         "current_database() AND application_name LIKE 'postrider/%'")
               .size();
  });
  std::cout << cut << " sessions cut\n";
  EXPECT_GE(cut, 16);
}

TEST_F(DatabaseFaultTest, IdleSessionsAreEndedByTheServer) {
  // More than a busy machine needs between connecting and the first statement, and less than what
  // passes between two heartbeats. All of it lasts longer than the lease.
  shop_.Ask("ALTER DATABASE " + shop_.database() + " SET idle_session_timeout = '500ms'");
  ShopConfig config = TwoDestinations();
  config.relay = "name: shop, lease: 5s";
  RelayProcess& relay = StartReadyRelay(config);
  for (int burst = 1; burst <= 10; ++burst) {
    shop_.InsertMany(100, "shipment.requested", 5);
    ASSERT_TRUE(DeliveredReaches(200 * burst)) << "burst " << burst;
    LetPass(milliseconds(1100));  // the recorder and the heartbeat lose their sessions
  }
  const auto faults = relay.Log("database_error");
  ASSERT_FALSE(faults.empty());
  EXPECT_FALSE(relay.Logged("lease_lost"));
  EXPECT_TRUE(StopsCleanly(relay));
  Judge(ReadCommitted(shop_), 0);
}

/// One session of the relay is cut at a time; the others must not suffer.
class SessionCutTest : public DatabaseFaultTest,
                       public ::testing::WithParamInterface<const char*> {};

TEST_P(SessionCutTest, LosesNothing) {
  const auto admin = shop_.Connect();
  const std::string name = std::string("postrider/") + GetParam();
  StartReadyRelay(TwoDestinations());
  shop_.InsertMany(500, "shipment.requested", 5);
  ASSERT_TRUE(DeliveredReaches(1000));
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(Eventually([&] {
      return !admin
                  ->Execute("test",
                            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                            "WHERE datname = current_database() AND application_name = '" +
                                name + "'")
                  .empty();
    })) << "there is no session "
        << name;
    shop_.InsertMany(500, "shipment.requested", 5);
  }
  ASSERT_TRUE(DeliveredReaches(4000));
  Judge(ReadCommitted(shop_), 3);
}

INSTANTIATE_TEST_SUITE_P(EachSession, SessionCutTest,
                         ::testing::Values("reader", "fetcher", "recorder", "keeper", "lease"),
                         [](const auto& test) { return std::string(test.param); });

}  // namespace
}  // namespace postrider::test
