#include <future>

#include "schema_fixture.h"

namespace postrider::test {
namespace {

using testing::StartsWith;

class DedupTest : public SchemaTest {
 protected:
  static std::string Insert(const std::string& topic, const std::string& dedup_key) {
    return "INSERT INTO outbox.event (topic, dedup_key) VALUES ('" + topic + "', '" + dedup_key +
           "') RETURNING duplicate_of";
  }

  /// Returns when `waiter` has become blocked by another session.
  void AwaitBlocked() {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (One(admin_,
               "SELECT count(*) FROM pg_locks WHERE NOT granted "
               "AND locktype = 'transactionid'") == "0") {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline);
    }
  }
};

TEST_F(DedupTest, ASecondEventNamesTheFirst) {
  EXPECT_EQ(One(producer_, Insert("t", "d")), "null");
  EXPECT_EQ(One(producer_, Insert("t", "d")), "1");
  EXPECT_EQ(One(producer_, Insert("t", "d")), "1");
}

TEST_F(DedupTest, KeysOfOtherTopicsAreOtherKeys) {
  EXPECT_EQ(One(producer_, Insert("t", "d")), "null");
  EXPECT_EQ(One(producer_, Insert("u", "d")), "null");
  EXPECT_EQ(One(producer_, Insert("t", "e")), "null");
}

TEST_F(DedupTest, RowsOfOneStatementAreComparedToo) {
  producer_.Execute("test",
                    "INSERT INTO outbox.event (topic, dedup_key) "
                    "VALUES ('t', 'd'), ('t', 'd'), ('t', NULL)");
  EXPECT_EQ(All(admin_, "SELECT id, duplicate_of FROM outbox.event ORDER BY id"), "1| 2|1 3|");
}

TEST_F(DedupTest, AnExpiredKeyIsTakenOver) {
  One(producer_, Insert("t", "d"));
  admin_.Execute("test", "UPDATE outbox.dedup SET expires_at = now() - interval '1s'");
  EXPECT_EQ(One(producer_, Insert("t", "d")), "null");
  EXPECT_EQ(One(producer_, Insert("t", "d")), "2");
  EXPECT_EQ(One(admin_, "SELECT expires_at > now() + interval '6 days' FROM outbox.dedup"), "t");
}

TEST_F(DedupTest, TheRetentionOfTheInstallationHolds) {
  admin_.Execute("test", "UPDATE outbox.installation SET dedup_retention = '1 hour'");
  One(producer_, Insert("t", "d"));
  EXPECT_EQ(One(admin_, "SELECT expires_at < now() + interval '61 minutes' FROM outbox.dedup"),
            "t");
}

TEST_F(DedupTest, ASecondProducerWaitsForTheFirst) {
  Connection second(database_.Conninfo("login_outbox_producer"));
  producer_.Execute("test", "BEGIN");
  One(producer_, Insert("t", "d"));
  auto waiting = std::async(std::launch::async, [&] { return One(second, Insert("t", "d")); });
  AwaitBlocked();
  producer_.Execute("test", "COMMIT");
  EXPECT_EQ(waiting.get(), "1");
}

TEST_F(DedupTest, ARolledBackFirstLeavesTheKeyToTheSecond) {
  Connection second(database_.Conninfo("login_outbox_producer"));
  producer_.Execute("test", "BEGIN");
  One(producer_, Insert("t", "d"));
  auto waiting = std::async(std::launch::async, [&] { return One(second, Insert("t", "d")); });
  AwaitBlocked();
  producer_.Execute("test", "ROLLBACK");
  EXPECT_EQ(waiting.get(), "null");
}

TEST_F(DedupTest, ARolledBackSavepointGivesTheKeyBack) {
  producer_.Execute("test", "BEGIN; SAVEPOINT s");
  One(producer_, Insert("t", "d"));
  producer_.Execute("test", "ROLLBACK TO s");
  EXPECT_EQ(One(producer_, Insert("t", "d")), "null");
  producer_.Execute("test", "COMMIT");
}

TEST_F(DedupTest, RepeatableReadMayHaveToTryAgain) {
  producer_.Execute("test", "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1");
  Connection other(database_.Conninfo("login_outbox_producer"));
  One(other, Insert("t", "d"));
  EXPECT_THAT(Refusal(producer_, Insert("t", "d")), StartsWith("40001"));
}

TEST_F(DedupTest, ItIsTheOnlyTriggerAndSleepsWithoutAKey) {
  EXPECT_EQ(All(admin_,
                "SELECT DISTINCT tgname FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid "
                "JOIN pg_namespace n ON n.oid = relnamespace "
                "WHERE nspname = 'outbox' AND relname LIKE 'event%'"),
            "mark_duplicate");
  admin_.Execute("test",
                 "CREATE OR REPLACE FUNCTION outbox.mark_duplicate() RETURNS trigger "
                 "LANGUAGE plpgsql AS $$ BEGIN RAISE 'fired'; END $$");
  producer_.Execute("test", "INSERT INTO outbox.event (topic) VALUES ('t')");
  EXPECT_THAT(Refusal(producer_, Insert("t", "d")), testing::HasSubstr("fired"));
}

TEST_F(DedupTest, CopyAndInsertSelectAreMarkedToo) {
  EXPECT_EQ(Psql(database_.server(), database_.Conninfo("login_outbox_producer"),
                 "COPY outbox.event (topic, dedup_key) FROM STDIN;\nt\td\nt\td\n\\.\n"),
            0);
  producer_.Execute("test", "INSERT INTO outbox.event (topic, dedup_key) SELECT 't', 'd'");
  EXPECT_EQ(All(admin_, "SELECT id, duplicate_of FROM outbox.event ORDER BY id"), "1| 2|1 3|1");
}

}  // namespace
}  // namespace postrider::test
