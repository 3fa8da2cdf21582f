#include <cstdlib>

#include "postgres/adopt/adopt_fixture.h"

namespace postrider::test {
namespace {

using ::testing::IsEmpty;

/// The shop's database, dumped and restored into another server.
class RestoreTest : public AdoptTest {
 protected:
  RestoreTest() : copy_(other_server_), session_(copy_.Conninfo()) {}

  /// Transaction ids of the first server are far ahead of the second one's, as after years.
  void DumpAndRestore() {
    shop_.Ask(
        "DO $$ BEGIN FOR i IN 1..5000 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$");
    unseen_ = shop_.Insert({.payload = R"({"n": 4})"});
    const std::string bin = shop_.server().bin_directory().string();
    const std::string command =
        bin + "/pg_dump --no-owner --no-privileges -d '" + shop_.Conninfo() + "' | " + bin +
        "/psql -q -v ON_ERROR_STOP=1 -d '" + copy_.Conninfo() + "' > /dev/null";
    ASSERT_EQ(std::system(command.c_str()), 0);
    ASSERT_NE(AskCopy(kForeign), "0");
  }
  std::string AskCopy(const std::string& sql) {
    const Rows rows = session_.Execute("test", sql);
    return rows.empty() ? "" : std::string(rows.Text(0, 0));
  }
  std::string StateInCopy(EventId event) {
    return AskCopy("SELECT state FROM outbox.delivery WHERE event_id = " + std::to_string(event));
  }

  static constexpr char kForeign[] =
      "SELECT count(*) FROM outbox.event WHERE NOT pg_visible_in_snapshot(xid, "
      "pg_current_snapshot())";
  PostgresServer other_server_;
  EmptyDatabase copy_;
  Connection session_;
};

TEST_F(RestoreTest, ResumeGoesOnFromTheRecords) {
  LeavePending(ConfigOf());
  const EventId first_unseen = unseen_;
  DumpAndRestore();
  const ShopConfig config = ConfigOf(copy_.Conninfo());
  RelayProcess& relay = StartUnreadyRelay(config);
  const Adoption adoption = Adopt("resume", config);
  ASSERT_EQ(adoption.exit_code, 0) << adoption.err;
  ASSERT_TRUE(BecomesReady(relay));
  EXPECT_TRUE(Arrive({scheduled_, first_unseen, unseen_}));
  EXPECT_EQ(AskCopy(kForeign), "0");
  const std::string next = AskCopy(
      "INSERT INTO outbox.event (topic, payload) VALUES ('shipment.requested', '{}') RETURNING id");
  EXPECT_TRUE(Arrive({scheduled_, first_unseen, unseen_, std::stoll(next)}));
  EXPECT_TRUE(Eventually([&] { return AskCopy("SELECT count(*) FROM outbox.outcome") == "5"; }));
}

TEST_F(RestoreTest, DeadEndsWhatWasPendingThere) {
  LeavePending(ConfigOf());
  DumpAndRestore();
  const ShopConfig config = ConfigOf(copy_.Conninfo());
  RelayProcess& relay = StartUnreadyRelay(config);
  ASSERT_EQ(Adopt("dead", config).exit_code, 0);
  ASSERT_TRUE(BecomesReady(relay));
  EXPECT_EQ(StateInCopy(scheduled_), "dead");
  EXPECT_EQ(StateInCopy(unseen_), "dead");
  EXPECT_EQ(StateInCopy(delivered_), "delivered");
  EXPECT_THAT(ArrivedSince(), IsEmpty());
}

TEST_F(RestoreTest, NewIsAStagingCopyThatSendsNothingOld) {
  LeavePending(ConfigOf());
  DumpAndRestore();
  const ShopConfig config = ConfigOf(copy_.Conninfo());
  RelayProcess& relay = StartUnreadyRelay(config);
  ASSERT_EQ(Adopt("new", config).exit_code, 0);
  ASSERT_TRUE(BecomesReady(relay));
  const std::string next = AskCopy(
      "INSERT INTO outbox.event (topic, payload) VALUES ('shipment.requested', '{}') RETURNING id");
  EXPECT_TRUE(Arrive({std::stoll(next)}));
  EXPECT_EQ(StateInCopy(unseen_), "discarded");
  EXPECT_NE(AskCopy("SELECT name FROM outbox.installation"),
            shop_.Ask("SELECT name FROM outbox.installation"));
}

TEST_F(RestoreTest, ASequenceThatWasNotBroughtAlongIsSetAboveAllThatIsKnown) {
  LeavePending(ConfigOf());
  DumpAndRestore();
  AskCopy("ALTER SEQUENCE outbox.event_id_seq RESTART");
  const ShopConfig config = ConfigOf(copy_.Conninfo());
  RelayProcess& relay = StartUnreadyRelay(config);
  ASSERT_EQ(Adopt("resume", config).exit_code, 0);
  ASSERT_TRUE(BecomesReady(relay));
  EXPECT_GT(std::stoll(AskCopy("SELECT nextval('outbox.event_id_seq')")), unseen_);
  EXPECT_TRUE(Eventually([&] { return StateInCopy(unseen_) == "delivered"; }));
  EXPECT_EQ(StateInCopy(delivered_), "delivered");
  EXPECT_THAT(partner_.Of(delivered_), ::testing::SizeIs(1));
}

}  // namespace
}  // namespace postrider::test
