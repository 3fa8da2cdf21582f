#include "schema_fixture.h"

namespace postrider::test {
namespace {

using testing::HasSubstr;

class RolesTest : public SchemaTest {
 protected:
  Connection As(const std::string& group) {
    return Connection(database_.Conninfo(Login(database_.server(), group)));
  }
  void ExpectDenied(Connection& session, const std::vector<std::string>& statements) {
    for (const auto& sql : statements) {
      EXPECT_THAT(Refusal(session, sql), HasSubstr("permission denied")) << sql;
    }
  }
};

TEST_F(RolesTest, ProducersSeeIdsAndNothingElse) {
  AddEvent();
  EXPECT_EQ(All(producer_, "SELECT id, duplicate_of FROM outbox.event"), "1|");
  ExpectDenied(producer_,
               {"SELECT topic FROM outbox.event", "SELECT * FROM outbox.event",
                "UPDATE outbox.event SET topic = 'x'", "DELETE FROM outbox.event",
                "TRUNCATE outbox.event", "SELECT * FROM outbox.delivery",
                "SELECT * FROM outbox.dead_letters", "SELECT * FROM outbox.dedup",
                "SELECT * FROM outbox.event_0", "INSERT INTO outbox.event_0 (topic) VALUES ('t')",
                "INSERT INTO outbox.event (topic) VALUES ('t') RETURNING topic",
                "SELECT setval('outbox.event_id_seq', 1)", "SELECT outbox.find('k')",
                "SELECT outbox.pause('a')", "SELECT outbox.replay_dead(dry_run => true)",
                "CREATE TABLE outbox.x (a int)"});
}

TEST_F(RolesTest, ViewersSeeTheViewsWithoutPayloads) {
  const auto a = AddDestination("a");
  Die(AddEvent(), a);
  auto viewer = As("outbox_viewer");
  EXPECT_EQ(One(viewer, "SELECT count(*) FROM outbox.delivery"), "1");
  EXPECT_EQ(All(viewer, "SELECT id, destination, reason FROM outbox.dead_letters"), "1|a|refused");
  for (const std::string view : {"status", "operations", "relays"}) {
    viewer.Execute("test", "SELECT * FROM outbox." + view);
  }
  EXPECT_EQ(One(viewer, "SELECT count(*) FROM outbox.find('k')"), "1");
  ExpectDenied(
      viewer,
      {"SELECT payload FROM outbox.dead_letters", "SELECT body FROM outbox.dead_letters",
       "SELECT headers FROM outbox.dead_letters", "SELECT * FROM outbox.dead_letters",
       "SELECT d FROM outbox.dead_letters d", "SELECT to_jsonb(d) FROM outbox.dead_letters d",
       "SELECT * FROM outbox.event", "SELECT * FROM outbox.dead_letter",
       "SELECT * FROM outbox.backlog", "INSERT INTO outbox.event (topic) VALUES ('t')",
       "SELECT outbox.pause('a')", "SELECT outbox.resume('a')", "SELECT outbox.cancel(1)",
       "SELECT outbox.amend_dead(1, '{}', '')", "SELECT outbox.replay_dead(dry_run => true)",
       "SELECT outbox.discard_dead(dry_run => true)", "SELECT outbox.replay('a', now(), now())"});
}

TEST_F(RolesTest, OperatorsSeePayloadsAndChangeThroughFunctionsAlone) {
  const auto a = AddDestination("a");
  Die(AddEvent(), a);
  auto session = As("outbox_operator");
  EXPECT_EQ(One(session, "SELECT payload FROM outbox.dead_letters"), "{\"n\": 1}");
  ExpectDenied(
      session,
      {"SELECT * FROM outbox.event", "DELETE FROM outbox.dead_letter",
       "UPDATE outbox.destination SET version = 2", "DELETE FROM outbox.operation",
       "INSERT INTO outbox.event (topic) VALUES ('t')",
       "SELECT outbox.record_operation('x', '{}', '', 1)", "SELECT outbox.destination_id('a')",
       "SELECT outbox.release_waiting('{1}')", "SELECT outbox.requeue_dead('{1}', false)"});
}

TEST_F(RolesTest, TheRelayWorksOnAllTablesButNeverChangesEvents) {
  AddEvent();
  auto relay = As("outbox_relay");
  relay.Execute("test",
                "BEGIN; LOCK TABLE outbox.event_1, outbox.outcome_1, outbox.attempt_1 "
                "IN ACCESS EXCLUSIVE MODE NOWAIT; "
                "TRUNCATE outbox.event_1, outbox.outcome_1, outbox.attempt_1; COMMIT");
  relay.Execute("test", "SELECT last_value, is_called FROM outbox.event_id_seq");
  relay.Execute("test",
                "INSERT INTO outbox.event (topic, cause_id, destination_id) VALUES ('t', 1, 1)");
  for (const std::string table : {"outcome", "attempt", "backlog", "dead_letter", "dedup",
                                  "destination", "subscription", "lane", "fence", "relay", "canary",
                                  "operation", "cancellation", "installation"}) {
    EXPECT_EQ(One(relay, "SELECT bool_and(has_table_privilege('outbox." + table +
                             "', p)) "
                             "FROM unnest('{SELECT,INSERT,UPDATE,DELETE}'::text[]) p"),
              "t")
        << table;
  }
  relay.Execute("test",
                "INSERT INTO outbox.destination (name) VALUES ('a'); "
                "SELECT outbox.pause('a'); SELECT * FROM outbox.status");
  EXPECT_EQ(One(relay, "SELECT pg_has_role('pg_read_all_stats', 'MEMBER')"), "t");
  ExpectDenied(relay, {"UPDATE outbox.event SET topic = 'x'", "DELETE FROM outbox.event",
                       "DELETE FROM outbox.event_0", "UPDATE outbox.migration SET version = 1",
                       "TRUNCATE outbox.backlog", "CREATE TABLE outbox.x (a int)"});
}

TEST_F(RolesTest, StrangersSeeNothing) {
  admin_.Execute("test",
                 "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'stranger') "
                 "THEN CREATE ROLE stranger LOGIN; END IF; END $$");
  Connection stranger(database_.Conninfo("stranger"));
  ExpectDenied(stranger, {"SELECT * FROM outbox.delivery", "SELECT outbox.emit('t', '{}')",
                          "SELECT outbox.pause('a')"});
  EXPECT_EQ(All(admin_,
                "SELECT proname FROM pg_proc WHERE pronamespace = 'outbox'::regnamespace "
                "AND prosecdef AND has_function_privilege('stranger', oid, 'EXECUTE')"),
            "null");
}

TEST_F(RolesTest, DefinersFunctionsHaveAPinnedSearchPath) {
  EXPECT_EQ(All(admin_,
                "SELECT proname FROM pg_proc WHERE pronamespace = 'outbox'::regnamespace "
                "AND prosecdef AND NOT coalesce('search_path=pg_catalog, pg_temp' = "
                "ANY (proconfig), false)"),
            "null");
}

}  // namespace
}  // namespace postrider::test
