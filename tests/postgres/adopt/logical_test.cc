#include <cstdlib>

#include "postgres/adopt/adopt_fixture.h"

namespace postrider::test {
namespace {

/// The shop's database, replicated logically into another server, and then cut over.
class LogicalTest : private PostgresServer, public AdoptTest {
 protected:
  LogicalTest()
      : PostgresServer(Options{.config = {"wal_level = logical"}}),
        AdoptTest(static_cast<PostgresServer&>(*this)),
        copy_(other_server_),
        session_(copy_.Conninfo()) {}

  /// The tables without rows, and then the rows of the outbox as they come.
  void Replicate() {
    const std::string bin = shop_.server().bin_directory().string();
    const std::string command =
        bin + "/pg_dump --schema-only --no-owner --no-privileges -d '" + shop_.Conninfo() + "' | " +
        bin + "/psql -q -v ON_ERROR_STOP=1 -d '" + copy_.Conninfo() + "' > /dev/null";
    ASSERT_EQ(std::system(command.c_str()), 0);
    shop_.Ask("CREATE PUBLICATION moving FOR TABLES IN SCHEMA outbox");
    AskCopy("CREATE SUBSCRIPTION moving CONNECTION '" + shop_.Conninfo() + "' PUBLICATION moving");
  }
  void AwaitCopy() {
    const std::string lsn = shop_.Ask("SELECT pg_current_wal_flush_lsn()");
    ASSERT_TRUE(Eventually([&] {
      return AskCopy("SELECT count(*) FROM pg_subscription_rel WHERE srsubstate <> 'r'") == "0";
    })) << "the first copies do not end";
    ASSERT_TRUE(Eventually([&] {
      return shop_.Ask("SELECT bool_and(confirmed_flush_lsn >= '" + lsn +
                       "') FROM pg_replication_slots") == "t";
    })) << "it does not follow";
  }
  std::string AskCopy(const std::string& sql) {
    const Rows rows = session_.Execute("test", sql);
    return rows.empty() ? "" : std::string(rows.Text(0, 0));
  }
  EventId InsertIntoCopy() {
    return std::stoll(
        AskCopy("INSERT INTO outbox.event (topic, payload) VALUES ('shipment.requested', '{}') "
                "RETURNING id"));
  }
  std::string StateInCopy(EventId event) {
    return AskCopy("SELECT state FROM outbox.delivery WHERE event_id = " + std::to_string(event));
  }

  PostgresServer other_server_;
  EmptyDatabase copy_;
  Connection session_;
};

TEST_F(LogicalTest, AfterTheCutTheOtherPlaceGoesOn) {
  // A dead letter, an operation and a destination, so that all sequences have been used.
  partner_.Answer(422);
  {
    RelayProcess& relay = StartReadyRelay(ConfigOf());
    ASSERT_TRUE(Becomes(shop_.Insert({}), "cj", "dead"));
    ASSERT_TRUE(StopsCleanly(relay));
  }
  shop_.Ask("SELECT outbox.pause('cj')");
  shop_.Ask("SELECT outbox.resume('cj')");
  partner_.Answer(200);
  Replicate();
  LeavePending(ConfigOf());  // with the relay at work while rows are copied
  AwaitCopy();
  const ShopConfig config = ConfigOf(copy_.Conninfo());
  RelayProcess& relay = StartUnreadyRelay(config);
  AskCopy("DROP SUBSCRIPTION moving");

  const Adoption adoption = Adopt("resume", config);
  ASSERT_EQ(adoption.exit_code, 0) << adoption.err;
  ASSERT_TRUE(BecomesReady(relay));
  EXPECT_TRUE(Arrive({scheduled_, unseen_}));
  const EventId next = InsertIntoCopy();
  EXPECT_GT(next, unseen_);
  EXPECT_TRUE(Arrive({scheduled_, unseen_, next}));
  EXPECT_TRUE(Eventually([&] { return StateInCopy(next) == "delivered"; }));
  EXPECT_EQ(StateInCopy(delivered_), "delivered");

  partner_.Answer(422);
  const EventId refused = InsertIntoCopy();
  EXPECT_TRUE(Eventually([&] { return StateInCopy(refused) == "dead"; }));
  EXPECT_EQ(AskCopy("SELECT count(*) FROM outbox.dead_letters"), "2");
  EXPECT_TRUE(StopsCleanly(relay));
}

}  // namespace
}  // namespace postrider::test
