#include <iostream>
#include <string>

#include "faults/command_run.h"
#include "faults/faults_fixture.h"
#include "faults/pooler.h"
#include "support/standby_pair.h"

namespace postrider::test {
namespace {

/// A relay that knows nothing but PgBouncer, behind which the primary changes.
class PoolerFailoverTest : private StandbyPair, public FaultsTest {
 protected:
  PoolerFailoverTest() : FaultsTest(StandbyPair::primary()) {}

  ShopConfig Through() const {
    ShopConfig config =
        Config({{.name = "free", .url = receiver_.Url("/free"), .settings = {"max_unsettled: 32"}},
                {.name = "ordered",
                 .url = receiver_.Url("/ordered"),
                 .settings = {"max_unsettled: 32", "order: key"}}});
    config.database_url = pooler_.Conninfo(shop_.database());
    return config;
  }
  static void Insert(Connection& session, int n) {
    session.Execute("test",
                    "INSERT INTO outbox.event (topic, key, payload) SELECT 'shipment.requested', "
                    "'key-' || n % 20, '{\"unique\": \"' || gen_random_uuid() || '\"}' FROM "
                    "generate_series(1, " +
                        std::to_string(n) + ") AS n");
  }
  static std::string Ask(Connection& session, const std::string& sql) {
    return std::string(session.Execute("test", sql).Text(0, 0));
  }
  /// The relay and the commands work on the new primary.
  void ExpectToGoOn(RelayProcess& relay) {
    Connection after(standby().Conninfo(shop_.database()));
    Insert(after, 300);
    const std::string all = "SELECT 2 * count(*) FROM outbox.event";
    const std::string delivered = "SELECT count(*) FROM outbox.outcome WHERE state = 1";
    EXPECT_TRUE(Eventually([&] { return Ask(after, delivered) == Ask(after, all); }))
        << Ask(after, delivered) << " of " << Ask(after, all) << '\n'
        << pooler_.LogTail();
    EXPECT_EQ(Ask(after, "SELECT count(*) FROM outbox.event"), "600");
    EXPECT_TRUE(Eventually([&] { return relay.Ready(); }));
    for (const auto& command : {std::vector<std::string>{"status"}, {"pause", "free"}}) {
      const CommandRun run = RunCommand(command, Through(), scratch_.path());
      EXPECT_EQ(run.exit_code, 0) << command.front() << run.err;
    }
    EXPECT_EQ(receiver_.Arrivals().size(), 1200);
    EXPECT_EQ(relay.Log("recovery_begins").size() > 1, true) << "another history is read anew";
    EXPECT_TRUE(StopsCleanly(relay));
  }

  using StandbyPair::CatchUp;
  using StandbyPair::Promote;
  using StandbyPair::standby;
  ReceiverProcess receiver_{scratch_.path()};
  Pooler pooler_{shop_.server()};
};

TEST_F(PoolerFailoverTest, ItIsPointedToTheNewPrimary) {
  RelayProcess& relay = StartReadyRelay(Through());
  shop_.InsertMany(300, "shipment.requested", 20);
  ASSERT_TRUE(DeliveredReaches(600));
  CatchUp();
  shop_.server().Kill();
  Promote();
  pooler_.PointTo(standby());
  ExpectToGoOn(relay);
}

TEST_F(PoolerFailoverTest, ItIsPointedThereBeforeThePromotion) {
  RelayProcess& relay = StartReadyRelay(Through());
  shop_.InsertMany(300, "shipment.requested", 20);
  ASSERT_TRUE(DeliveredReaches(600));
  CatchUp();
  shop_.server().Kill();
  pooler_.PointTo(standby());
  ASSERT_TRUE(Eventually([&] { return relay.Get("/readyz").status == 503; }));
  Promote();
  ExpectToGoOn(relay);
}

TEST_F(PoolerFailoverTest, ClientsThatItKeptWaitingGoOn) {
  RelayProcess& relay = StartReadyRelay(Through());
  shop_.InsertMany(300, "shipment.requested", 20);
  ASSERT_TRUE(DeliveredReaches(600));
  CatchUp();
  pooler_.Tell("PAUSE");
  shop_.server().Kill();
  Promote();
  pooler_.PointTo(standby());
  pooler_.Tell("RESUME");
  ExpectToGoOn(relay);
}

}  // namespace
}  // namespace postrider::test
