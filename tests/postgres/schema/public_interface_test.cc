#include "schema_fixture.h"

namespace postrider::test {
namespace {

using testing::HasSubstr;

/// The names by which people call the functions and read the views, used as they use them.
class PublicInterfaceTest : public SchemaTest {
 protected:
  PublicInterfaceTest()
      : operator_(database_.Conninfo(Login(database_.server(), "outbox_operator"))),
        viewer_(database_.Conninfo(Login(database_.server(), "outbox_viewer"))),
        a_(AddDestination("a")) {}

  std::string ColumnsOf(const std::string& view) {
    return One(admin_,
               "SELECT string_agg(attname, ', ' ORDER BY attnum) FROM pg_attribute WHERE "
               "attrelid = 'outbox." +
                   view + "'::regclass AND attnum > 0");
  }
  std::string ResultOf(const std::string& function) {
    return One(admin_, "SELECT pg_get_function_result('outbox." + function + "'::regproc)");
  }

  Connection operator_;
  Connection viewer_;
  const std::string a_;
};

TEST_F(PublicInterfaceTest, EveryFunctionTakesItsArgumentsByName) {
  const auto event = AddEvent("t", "k");
  const auto letter = Die(AddEvent("t", "dead"), a_);
  const std::string filter =
      "ids => NULL, destination => 'a', topic => 't', key => 'nobody', reason => 'refused', since "
      "=> now() - interval '1h', until => now(), note => 'n', dry_run => false";
  for (const std::string& call : std::vector<std::string>{
           "find(key => 'k', since => '24h')", "trace(event_id => " + event + ")",
           "replay_dead(" + filter + ", new_key => true)", "discard_dead(" + filter + ")",
           "amend_dead(id => " + letter + ", payload => '{}', note => 'typo')",
           "replay(destination => 'a', since => now() - interval '1h', until => now(), topic => "
           "'t', new_key => true, note => 'n', dry_run => true)",
           "cancel(event_id => " + event + ", destination => 'a', note => 'n')",
           "pause(destination => 'a', until => now() + interval '1h', note => 'n')",
           "resume(destination => 'a')"}) {
    EXPECT_NO_THROW(operator_.Execute("test", "SELECT * FROM outbox." + call)) << call;
  }
}

TEST_F(PublicInterfaceTest, FunctionsReturnWhatIsPromised) {
  EXPECT_EQ(ResultOf("find"), "SETOF outbox.delivery");
  EXPECT_THAT(ResultOf("trace"), HasSubstr("TABLE(depth integer, event_id bigint, topic text, "
                                           "destination text, state text,"));
  for (const std::string name : {"replay_dead", "discard_dead", "replay", "park", "drop"}) {
    EXPECT_EQ(ResultOf(name), "TABLE(operation bigint, matched bigint)") << name;
  }
  EXPECT_EQ(ResultOf("amend_dead"), "bigint");
  EXPECT_EQ(ResultOf("cancel"), "TABLE(destination text, result text)");
  EXPECT_EQ(ResultOf("pause"), "void");
  EXPECT_EQ(ResultOf("resume"), "void");
}

TEST_F(PublicInterfaceTest, TheViewsHaveTheirColumns) {
  EXPECT_EQ(ColumnsOf("operations"),
            "id, kind, filter, note, matched, done, status, performed_by, created_at, finished_at, "
            "error");
  EXPECT_EQ(ColumnsOf("events"),
            "id, topic, key, recorded_at, deliver_after, deliver_before, dedup_key, duplicate_of, "
            "cause_id, destination, content_type, headers, payload, body");
  EXPECT_EQ(ColumnsOf("attempts"),
            "event_id, destination, started_at, result, charged, http_status, class, error, "
            "latency_ms, epoch, n");
  EXPECT_EQ(ColumnsOf("cancellations"),
            "event_id, destination, result, requested_at, decided_at, operation");
}

TEST_F(PublicInterfaceTest, OperatorsSeeWholeEventsAndAttempts) {
  const auto event = AddEvent("t", "k");
  EXPECT_EQ(One(operator_, "SELECT payload FROM outbox.events WHERE id = " + event), R"({"n": 1})");
  EXPECT_EQ(One(operator_, "SELECT count(*) FROM outbox.attempts"), "0");
}

TEST_F(PublicInterfaceTest, ViewersSeeEventsWithoutTheirContent) {
  const auto event = AddEvent("t", "k");
  EXPECT_EQ(All(viewer_, "SELECT id, topic, key FROM outbox.events"), event + "|t|k");
  for (const std::string view : {"attempts", "cancellations", "delivery", "status", "operations"}) {
    EXPECT_NO_THROW(viewer_.Execute("test", "SELECT * FROM outbox." + view)) << view;
  }
  for (const std::string column : {"payload", "body", "headers", "*"}) {
    EXPECT_THAT(Refusal(viewer_, "SELECT " + column + " FROM outbox.events"),
                HasSubstr("permission denied"))
        << column;
  }
}

TEST_F(PublicInterfaceTest, ViewersCallNoFunctionThatChanges) {
  for (const std::string call :
       {"replay_dead(dry_run => true)", "discard_dead(dry_run => true)", "amend_dead(1, '{}', 'x')",
        "replay('a', now(), now())", "cancel(1)", "pause('a')", "resume('a')",
        "continue_operation(1)", "continue_operations()", "cancel_operation(1)", "park('a')",
        "drop('a')"}) {
    EXPECT_THAT(Refusal(viewer_, "SELECT outbox." + call), HasSubstr("permission denied")) << call;
  }
}

}  // namespace
}  // namespace postrider::test
