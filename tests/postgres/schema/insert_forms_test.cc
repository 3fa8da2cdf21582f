#include "schema_fixture.h"

namespace postrider::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class InsertFormsTest : public SchemaTest {
 protected:
  std::string Count() { return One(admin_, "SELECT count(*) FROM outbox.event"); }
};

TEST_F(InsertFormsTest, PlainInsertFillsInTheRest) {
  producer_.Execute("test",
                    "INSERT INTO outbox.event (topic, key, payload) "
                    "VALUES ('shipment.requested', 'order-42', '{\"order_id\":  42}')");
  EXPECT_EQ(All(admin_,
                "SELECT id, payload, duplicate_of, destination_id, "
                "recorded_at <= clock_timestamp() AS past FROM outbox.event"),
            R"(1|"{""order_id"":  42}"|||t)");
}

TEST_F(InsertFormsTest, ReturningGivesTheId) {
  EXPECT_EQ(One(producer_, "INSERT INTO outbox.event (topic) VALUES ('t') RETURNING id"), "1");
}

TEST_F(InsertFormsTest, SeveralRowsGetIdsInOrder) {
  EXPECT_EQ(All(producer_, "SELECT 1"), "1");
  producer_.Execute("test", "INSERT INTO outbox.event (topic) VALUES ('a'), ('b'), ('c')");
  EXPECT_EQ(All(admin_, "SELECT id, topic FROM outbox.event ORDER BY id"), "1|a 2|b 3|c");
}

TEST_F(InsertFormsTest, InsertSelect) {
  producer_.Execute("test",
                    "INSERT INTO outbox.event (topic, payload) "
                    "SELECT 't', to_jsonb(n) FROM generate_series(1, 5) n ORDER BY n DESC");
  EXPECT_EQ(Count(), "5");
}

TEST_F(InsertFormsTest, DefaultMayBeListedForTheId) {
  EXPECT_EQ(
      One(producer_, "INSERT INTO outbox.event (id, topic) VALUES (DEFAULT, 't') RETURNING id"),
      "1");
  if (admin_.server_version() >= 140000) {
    producer_.Execute("test",
                      "INSERT INTO outbox.event (id, topic) VALUES (DEFAULT, 't'), (DEFAULT, 'u')");
    EXPECT_EQ(Count(), "3");
  }
}

TEST_F(InsertFormsTest, Copy) {
  EXPECT_EQ(Psql(database_.server(), database_.Conninfo("login_outbox_producer"),
                 "COPY outbox.event (topic, key, payload) FROM STDIN;\n"
                 "t\tk\t{}\nt\t\\N\t[1]\n\\.\n"),
            0);
  EXPECT_EQ(Count(), "2");
}

TEST_F(InsertFormsTest, PreparedStatementsOfAllTextTypes) {
  for (const std::string type : {"text", "varchar", "json", "jsonb"}) {
    producer_.Execute("test", "PREPARE p (" + type +
                                  ") AS INSERT INTO outbox.event (topic, payload) "
                                  "VALUES ('t', $1)");
    for (int i = 0; i < 8; ++i) producer_.Execute("test", "EXECUTE p ('{\"b\": 1, \"a\":2}')");
    producer_.Execute("test", "DEALLOCATE p");
  }
  EXPECT_EQ(Count(), "32");
  EXPECT_EQ(One(admin_, "SELECT count(*) FROM outbox.event WHERE payload = '{\"b\": 1, \"a\":2}'"),
            "24");
}

TEST_F(InsertFormsTest, SavepointKeepsTheOuterTransactionsXid) {
  producer_.Execute("test",
                    "BEGIN; INSERT INTO outbox.event (topic) VALUES ('a'); SAVEPOINT s; "
                    "INSERT INTO outbox.event (topic) VALUES ('b'); ROLLBACK TO s; "
                    "SAVEPOINT r; INSERT INTO outbox.event (topic) VALUES ('c'); "
                    "RELEASE r; COMMIT");
  EXPECT_EQ(All(admin_, "SELECT count(*), count(DISTINCT xid) FROM outbox.event"), "2|1");
}

TEST_F(InsertFormsTest, TwoPhaseCommit) {
  producer_.Execute("test", "BEGIN; INSERT INTO outbox.event (topic) VALUES ('a')");
  producer_.Execute("test", "PREPARE TRANSACTION '" + database_.name() + "'");
  EXPECT_EQ(Count(), "0");
  producer_.Execute("test", "COMMIT PREPARED '" + database_.name() + "'");
  EXPECT_EQ(Count(), "1");
}

TEST_F(InsertFormsTest, EmitTakesTextJsonJsonbAndBodies) {
  EXPECT_EQ(One(producer_, "SELECT outbox.emit('t', '{\"a\": 1}')"), "1");
  EXPECT_EQ(One(producer_, "SELECT outbox.emit('t', '{\"a\": 1}'::jsonb, key => 'k')"), "2");
  EXPECT_EQ(
      One(producer_, "SELECT outbox.emit('t', '{\"a\":  1}'::json, headers => '{\"x\":\"y\"}')"),
      "3");
  EXPECT_EQ(One(producer_,
                "SELECT outbox.emit('t', NULL, body => 'abc', "
                "content_type => 'text/plain; charset=utf-8', cause_id => 1, "
                "deliver_after => now(), deliver_before => now() + interval '1h')"),
            "4");
  EXPECT_EQ(All(admin_,
                "SELECT id, key, coalesce(payload, convert_from(body, 'UTF8')) AS content "
                "FROM outbox.event ORDER BY id"),
            R"(1||"{""a"": 1}" 2|k|"{""a"": 1}" 3||"{""a"":  1}" 4||abc)");
}

TEST_F(InsertFormsTest, AValueForTheIdIsRefused) {
  EXPECT_THAT(Refusal(producer_, "INSERT INTO outbox.event (id, topic) VALUES (7, 't')"),
              StartsWith("428C9"));
}

TEST_F(InsertFormsTest, FilledInColumnsAreRefused) {
  for (const std::string column :
       {"xid", "bucket", "recorded_at", "destination_id", "duplicate_of"}) {
    EXPECT_THAT(Refusal(producer_, "INSERT INTO outbox.event (topic, " + column +
                                       ") "
                                       "VALUES ('t', DEFAULT)"),
                HasSubstr("permission denied"))
        << column;
  }
}

TEST_F(InsertFormsTest, SchemaAndSearchPathOfTheProducerDoNotMatter) {
  producer_.Execute("test",
                    "SET search_path = ''; "
                    "INSERT INTO outbox.event (topic, payload, headers, dedup_key) "
                    "VALUES ('t', '{}', '{\"traceparent\": \"00-1\"}', 'd')");
  EXPECT_EQ(Count(), "1");
}

TEST_F(InsertFormsTest, EveryBucketHasItsPartition) {
  EXPECT_EQ(One(admin_,
                "SELECT count(*) FROM pg_inherits "
                "WHERE inhparent IN ('outbox.event'::regclass, 'outbox.outcome'::regclass, "
                "'outbox.attempt'::regclass)"),
            "24");
  producer_.Execute("test", "INSERT INTO outbox.event (topic) VALUES ('t')");
  EXPECT_EQ(One(admin_,
                "SELECT bucket = floor(extract(epoch FROM now()) / 86400)::bigint % 8 "
                "FROM outbox.event"),
            "t");
}

}  // namespace
}  // namespace postrider::test
