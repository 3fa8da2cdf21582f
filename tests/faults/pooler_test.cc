#include "faults/pooler.h"

#include <functional>
#include <iostream>
#include <string>
#include <vector>

#include "faults/command_run.h"
#include "faults/faults_fixture.h"
#include "faults/traffic.h"

namespace postrider::test {
namespace {

using ::testing::HasSubstr;

constexpr int kEndless = 1'000'000;
constexpr int kMaxUnsettled = 32;

/// Relay and shop reach the database through PgBouncer in transaction mode.
class PoolerTest : public FaultsTest {
 protected:
  ShopConfig Through(const Pooler& pooler) const {
    const std::string unsettled = "max_unsettled: " + std::to_string(kMaxUnsettled);
    ShopConfig config =
        Config({{.name = "free", .url = receiver_.Url("/free"), .settings = {unsettled}},
                {.name = "ordered",
                 .url = receiver_.Url("/ordered"),
                 .settings = {unsettled, "order: key"}}});
    config.database_url = pooler.Conninfo(shop_.database());
    config.relay = relay_;
    return config;
  }

  /// Lets the fault happen `times` times while events flow from a shop that is connected in its own
  /// way. Afterwards everything has arrived, in order, with no more duplicates than faults allow.
  RelayProcess& Endure(const Pooler& pooler, const std::string& shop, int times,
                       const std::function<void()>& fault) {
    RelayProcess& relay = StartReadyRelay(Through(pooler));
    Traffic traffic(shop, {.events = kEndless, .per_second = 1000, .seed = Seed()});
    for (int i = 0; i <= times; ++i) {
      const std::uint64_t before = receiver_.Count();
      EXPECT_TRUE(Eventually([&] { return receiver_.Count() > before + 400; }))
          << "after " << i << " faults, the shop lost sessions " << traffic.faults() << " times\n"
          << pooler.LogTail();
      if (i < times) fault();
    }
    traffic.Stop();
    const auto committed = ReadCommitted(shop_);
    EXPECT_TRUE(DeliveredReaches(static_cast<int>(2 * committed.size()), seconds(60)));
    EXPECT_EQ(shop_.Count("outbox.backlog"), 0);
    Judge(committed, times);
    return relay;
  }

  RelayProcess& Endure(const Pooler& pooler, int times, const std::function<void()>& fault) {
    return Endure(pooler, pooler.Conninfo(shop_.database()), times, fault);
  }

  void Judge(const std::vector<Committed>& committed, int times) const {
    const auto arrivals = receiver_.Arrivals();
    for (const std::string path : {"/free", "/ordered"}) {
      const Findings findings = Compare(committed, To(path, arrivals));
      std::cout << path << ": " << findings << '\n';
      EXPECT_TRUE(findings.sound()) << findings;
      EXPECT_LE(findings.duplicates, static_cast<std::size_t>(times * kMaxUnsettled)) << findings;
      EXPECT_TRUE(path == "/free" || findings.out_of_order == 0) << findings;
    }
  }

  std::string relay_ = "name: shop";
  ReceiverProcess receiver_{scratch_.path()};
};

struct PoolerKind {
  const char* name;
  std::vector<std::string> settings;
};

/// The ways in which people run it.
class PoolerKindTest : public PoolerTest, public ::testing::WithParamInterface<PoolerKind> {};

TEST_P(PoolerKindTest, EverythingFlowsWithoutAFault) {
  const Pooler pooler(shop_.server(), GetParam().settings);
  RelayProcess& relay = Endure(pooler, 0, [] {});
  EXPECT_TRUE(StopsCleanly(relay));
  EXPECT_FALSE(relay.Logged("database_error")) << relay.LogTail();
  EXPECT_EQ(relay.Log("recovery_begins").size(), 1);
}

INSTANTIATE_TEST_SUITE_P(
    EachKind, PoolerKindTest,
    ::testing::Values(
        PoolerKind{"Transaction", {}}, PoolerKind{"Session", {"pool_mode = session"}},
        PoolerKind{"TwoServerSessions", {"default_pool_size = 2"}},
        PoolerKind{"ResetsAfterEveryTransaction",
                   {"server_reset_query = DISCARD ALL", "server_reset_query_always = 1"}},
        PoolerKind{"RecyclesServerSessions", {"server_lifetime = 1", "server_idle_timeout = 1"}}),
    [](const auto& test) { return std::string(test.param.name); });

TEST_F(PoolerTest, ACrashThatItHidesIsNoticed) {
  const Pooler pooler(shop_.server());
  const int crashes = 3;
  // The shop goes around the pooler: a pause waits for its transactions, and they for each other.
  RelayProcess& relay = Endure(pooler, shop_.Conninfo(), crashes, [&] {
    pooler.Tell("PAUSE");
    shop_.server().Kill();
    shop_.server().Start();
    pooler.Tell("RESUME");
  });
  EXPECT_FALSE(relay.Logged("database_error")) << "it did not hide them\n" << relay.LogTail();
  EXPECT_EQ(relay.Log("recovery_begins").size(), 1 + crashes);
  EXPECT_TRUE(StopsCleanly(relay));
}

TEST_F(PoolerTest, ACrashThatItPassesOnIsEndured) {
  const Pooler pooler(shop_.server());
  RelayProcess& relay = Endure(pooler, 2, [&] {
    shop_.server().Kill();
    shop_.server().Start();
  });
  EXPECT_TRUE(relay.Logged("database_error"));
  EXPECT_TRUE(StopsCleanly(relay));
}

TEST_F(PoolerTest, ItIsRestarted) {
  Pooler pooler(shop_.server());
  RelayProcess& relay = Endure(pooler, 3, [&] {
    pooler.Kill();
    pooler.Start();
  });
  EXPECT_TRUE(StopsCleanly(relay));
}

TEST_F(PoolerTest, ItSwallowsEverythingForLongerThanTheLease) {
  relay_ = "name: shop, lease: 3s";
  Pooler pooler(shop_.server());
  RelayProcess& relay = Endure(pooler, 1, [&] {
    pooler.Freeze();
    // Two thirds of the lease, and what was in flight.
    LetPass(milliseconds(2500));
    const std::uint64_t sent = receiver_.Count();
    EXPECT_TRUE(Always([&] { return receiver_.Count() == sent; }, milliseconds(2000)))
        << "it sends without knowing whether it still may";
    pooler.Thaw();
  });
  EXPECT_TRUE(StopsCleanly(relay));
}

TEST_F(PoolerTest, ServerSessionsAreKilled) {
  const Pooler pooler(shop_.server());
  const auto admin = shop_.Connect();
  int killed = 0;
  RelayProcess& relay = Endure(pooler, 4, [&] {
    killed += admin
                  ->Execute("test",
                            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
                            "datname = current_database() AND pid <> pg_backend_pid() AND "
                            "backend_type = 'client backend'")
                  .size();
  });
  EXPECT_GE(killed, 8);
  EXPECT_TRUE(StopsCleanly(relay));
}

TEST_F(PoolerTest, NothingIsLeftBehindInServerSessions) {
  const Pooler pooler(shop_.server(), {"default_pool_size = 1"});
  StartReadyRelay(Through(pooler));
  shop_.InsertMany(300, "shipment.requested", 5);
  ASSERT_TRUE(DeliveredReaches(600));
  Connection shared(pooler.Conninfo(shop_.database()));
  // Those of the second line are kept per client by the pooler itself; those of the transaction
  // begin anew with each.
  const Rows rows = shared.Execute(
      "test",
      "SELECT string_agg(name || ' = ' || setting, ', ') FROM pg_settings WHERE source = 'session' "
      "AND name NOT IN ('transaction_isolation', 'transaction_read_only', "
      "'application_name', 'client_encoding', 'TimeZone', 'DateStyle', "
      "'IntervalStyle', 'standard_conforming_strings')");
  EXPECT_EQ(rows.Text(0, 0), "");
  shared.Execute("test", "SET default_transaction_read_only = on");
  EXPECT_EQ(shared.Execute("test", "SHOW transaction_read_only").Text(0, 0), "on");
  shared.Execute("test", "SET default_transaction_isolation = 'serializable'");
  EXPECT_EQ(shared.Execute("test", "SHOW transaction_isolation").Text(0, 0), "serializable");
  shared.Execute("test", "RESET ALL");
  EXPECT_EQ(shared.Execute("test", "SELECT count(*) FROM pg_prepared_statements").Text(0, 0), "0");
  EXPECT_EQ(shared
                .Execute("test",
                         "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = "
                         "pg_backend_pid()")
                .Text(0, 0),
            "0");
}

TEST_F(PoolerTest, MigratesThroughIt) {
  const Pooler pooler(shop_.server());
  EmptyDatabase empty(shop_.server());
  ShopConfig config = Through(pooler);
  config.database_url = pooler.Conninfo(empty.name());
  const CommandRun run = RunCommand({"migrate"}, config, scratch_.path());
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(RunCommand({"migrate", "--check"}, config, scratch_.path()).exit_code, 0);
  RelayProcess& relay = StartReadyRelay(config);
  EXPECT_TRUE(StopsCleanly(relay));
}

TEST_F(PoolerTest, EveryCommandWorksThroughIt) {
  const Pooler pooler(shop_.server(), {"default_pool_size = 1"});
  ShopConfig config = Through(pooler);
  RelayProcess& relay = StartReadyRelay(config);
  const EventId event = shop_.Insert({.key = "order-42"});
  ASSERT_TRUE(Becomes(event, "free", "delivered"));
  ASSERT_TRUE(Becomes(event, "ordered", "delivered"));
  const std::string id = std::to_string(event);
  const std::vector<std::vector<std::string>> commands = {
      {"status"},
      {"event", "list", "--key", "order-42"},
      {"event", "show", id},
      {"event", "trace", id},
      {"pause", "free", "--for", "1h"},
      {"resume", "free"},
      {"replay", "--destination", "free", "--since", "1h", "--until", "2099-01-01", "--yes"},
      {"operation", "list"},
      {"destination", "list"},
      {"adopt", "--resume", "--yes"},
      {"migrate", "--check"}};
  for (const auto& command : commands) {
    const CommandRun run = RunCommand(command, config, scratch_.path());
    EXPECT_EQ(run.exit_code, 0) << ::testing::PrintToString(command) << run.out << run.err;
  }
  // Nothing matches: 3.
  EXPECT_EQ(RunCommand({"dead", "list"}, config, scratch_.path()).exit_code, 3);
  const CommandRun doctor = RunCommand({"doctor", "--json"}, config, scratch_.path());
  EXPECT_EQ(doctor.err, "");
  EXPECT_THAT(doctor.out, HasSubstr("\"items\""));
  ASSERT_TRUE(Eventually([&] { return relay.Ready(); }));
  EXPECT_TRUE(StopsCleanly(relay));
}

TEST_F(PoolerTest, AStartupParameterThatItDoesNotKnowIsNamed) {
  const Pooler pooler(shop_.server());
  ShopConfig config = Through(pooler);
  config.database_url += " options='-c search_path=app'";
  RelayProcess& relay = StartRelay(config);
  ASSERT_TRUE(Eventually([&] { return relay.Logged("database_unreachable"); }));
  const auto line = relay.Log("database_unreachable").front();
  EXPECT_THAT(line.value("error", ""), HasSubstr("unsupported startup parameter"));
  EXPECT_THAT(line.value("message", ""), HasSubstr("ignore_startup_parameters"));
  const CommandRun run = RunCommand({"status"}, config, scratch_.path());
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("unsupported startup parameter"));
  EXPECT_THAT(run.err, HasSubstr("ignore_startup_parameters"));
}

}  // namespace
}  // namespace postrider::test
