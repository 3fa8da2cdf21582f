#include <future>

#include "schema_fixture.h"

namespace postrider::test {
namespace {

/// A mark is closed on the promise that a row's transaction has its xid before the row has its id.
/// Each form is stopped where it asks for the id, by a lock on the sequence, and must hold an xid
/// by then.
class XidBeforeIdTest : public SchemaTest {
 protected:
  /// Whether the session that waits for `sequence` while `insert` runs holds an xid.
  bool HoldsXidWhileWaiting(const std::string& sequence, const std::function<void()>& insert) {
    Connection blocker(database_.Conninfo());
    blocker.Execute("test", "BEGIN; ALTER SEQUENCE " + sequence + " CACHE 1");
    auto running = std::async(std::launch::async, insert);
    const std::string pid = WaiterFor(sequence);
    const std::string held = One(admin_, "SELECT count(*) FROM pg_locks WHERE pid = " + pid +
                                             " AND locktype = 'transactionid' AND granted");
    blocker.Execute("test", "ROLLBACK");
    running.get();
    return held == "1";
  }

  bool Holds(const std::string& sql) {
    return HoldsXidWhileWaiting("outbox.event_id_seq", [&] { producer_.Execute("test", sql); });
  }

 private:
  std::string WaiterFor(const std::string& sequence) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (std::chrono::steady_clock::now() < deadline) {
      const std::string pid = One(admin_,
                                  "SELECT pid FROM pg_locks WHERE NOT granted "
                                  "AND relation = '" +
                                      sequence + "'::regclass");
      if (!pid.empty()) return pid;
    }
    ADD_FAILURE() << "nobody waits for " << sequence;
    return "0";
  }
};

TEST_F(XidBeforeIdTest, TheProbeSeesTheWrongOrder) {
  admin_.Execute("test",
                 "CREATE TABLE wrong (id bigint GENERATED ALWAYS AS IDENTITY, "
                 "xid xid8 DEFAULT pg_current_xact_id(), topic text)");
  Connection other(database_.Conninfo());
  EXPECT_FALSE(HoldsXidWhileWaiting(
      "wrong_id_seq", [&] { other.Execute("test", "INSERT INTO wrong (topic) VALUES ('t')"); }));
}

TEST_F(XidBeforeIdTest, PlainInserts) {
  EXPECT_TRUE(Holds("INSERT INTO outbox.event (topic) VALUES ('t')"));
  EXPECT_TRUE(Holds("INSERT INTO outbox.event (topic) VALUES ('t'), ('u') RETURNING id"));
  EXPECT_TRUE(Holds("INSERT INTO outbox.event (id, topic) VALUES (DEFAULT, 't')"));
  EXPECT_TRUE(Holds("INSERT INTO outbox.event (topic, id) VALUES ('t', DEFAULT)"));
  if (admin_.server_version() >= 140000) {
    EXPECT_TRUE(
        Holds("INSERT INTO outbox.event (id, topic) VALUES (DEFAULT, 't'), (DEFAULT, 'u')"));
  }
}

TEST_F(XidBeforeIdTest, InsertsFromSelects) {
  EXPECT_TRUE(Holds("INSERT INTO outbox.event (topic) SELECT 't'"));
  EXPECT_TRUE(Holds("INSERT INTO outbox.event (topic) SELECT 't' FROM generate_series(1, 3)"));
  EXPECT_TRUE(
      Holds("INSERT INTO outbox.event (topic, payload) "
            "SELECT 't', to_jsonb(generate_series(1, 3)) ORDER BY 2 DESC LIMIT 2"));
  EXPECT_TRUE(
      Holds("WITH s AS MATERIALIZED (SELECT 't' AS topic UNION SELECT 'u') "
            "INSERT INTO outbox.event (topic) SELECT DISTINCT topic FROM s"));
  EXPECT_TRUE(
      Holds("WITH i AS (INSERT INTO outbox.event (topic) VALUES ('t') RETURNING id) "
            "SELECT id FROM i"));
}

TEST_F(XidBeforeIdTest, OnConflictAndDedup) {
  EXPECT_TRUE(Holds("INSERT INTO outbox.event (topic) VALUES ('t') ON CONFLICT DO NOTHING"));
  EXPECT_TRUE(Holds("INSERT INTO outbox.event (topic, dedup_key) VALUES ('t', 'd')"));
}

TEST_F(XidBeforeIdTest, FunctionsAndPreparedStatements) {
  EXPECT_TRUE(Holds("SELECT outbox.emit('t', '{}')"));
  EXPECT_TRUE(
      Holds("DO $$ BEGIN BEGIN INSERT INTO outbox.event (topic) VALUES ('t'); "
            "EXCEPTION WHEN no_data_found THEN NULL; END; END $$"));
  producer_.Execute("test", "PREPARE p (text) AS INSERT INTO outbox.event (topic) VALUES ($1)");
  producer_.Execute("test", "SET plan_cache_mode = force_generic_plan");
  EXPECT_TRUE(Holds("EXECUTE p ('t')"));
}

TEST_F(XidBeforeIdTest, SavepointsAndTwoPhaseCommit) {
  EXPECT_TRUE(Holds("BEGIN; SAVEPOINT s; INSERT INTO outbox.event (topic) VALUES ('t'); COMMIT"));
  EXPECT_TRUE(
      Holds("BEGIN; INSERT INTO outbox.event (topic) VALUES ('t'); "
            "PREPARE TRANSACTION '" +
            database_.name() + "'"));
  admin_.Execute("test", "ROLLBACK PREPARED '" + database_.name() + "'");
}

TEST_F(XidBeforeIdTest, Merge) {
  if (admin_.server_version() < 150000) GTEST_SKIP() << "MERGE came with PostgreSQL 15";
  Connection owner(database_.Conninfo());
  EXPECT_TRUE(HoldsXidWhileWaiting("outbox.event_id_seq", [&] {
    owner.Execute("test",
                  "MERGE INTO outbox.event e USING (VALUES ('t')) v (topic) ON false "
                  "WHEN NOT MATCHED THEN INSERT (topic) VALUES (v.topic)");
  }));
}

TEST_F(XidBeforeIdTest, Copy) {
  EXPECT_TRUE(HoldsXidWhileWaiting("outbox.event_id_seq", [&] {
    EXPECT_EQ(Psql(database_.server(), database_.Conninfo("login_outbox_producer"),
                   "COPY outbox.event (topic) FROM STDIN;\nt\nu\n\\.\n"),
              0);
  }));
}

}  // namespace
}  // namespace postrider::test
