#include "schema_fixture.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <iterator>

namespace postrider::test {

std::string One(Connection& connection, const std::string& sql) {
  const Rows rows = connection.Execute("test", sql);
  if (rows.empty()) return "";
  return rows.IsNull(0, 0) ? "null" : std::string(rows.Text(0, 0));
}

std::string All(Connection& connection, const std::string& sql) {
  return One(connection,
             "SELECT string_agg(trim(both '()' from replace(r::text, ',', '|')), ' ') "
             "FROM (" +
                 sql + ") r");
}

std::string Refusal(Connection& connection, const std::string& sql) {
  try {
    connection.Execute("test", sql);
  } catch (const DatabaseFault& fault) {
    connection.Execute("test", "ROLLBACK");
    return fault.sqlstate() + " " + fault.what();
  }
  ADD_FAILURE() << "not refused: " << sql;
  return "";
}

std::string Login(PostgresServer& server, const std::string& group) {
  const std::string name = "login_" + group;
  Connection connection(server.Conninfo());
  if (One(connection, "SELECT 1 FROM pg_roles WHERE rolname = '" + name + "'").empty()) {
    connection.Execute("test", "CREATE ROLE " + name + " LOGIN IN ROLE " + group);
  }
  return name;
}

int Psql(const PostgresServer& server, const std::string& conninfo, const std::string& input) {
  // Not through a pipe, which breaks when psql stops at an error.
  char script[] = "/tmp/postrider-script-XXXXXX";
  const int file = mkstemp(script);
  EXPECT_EQ(write(file, input.data(), input.size()), std::ssize(input));
  close(file);
  const std::string command = (server.bin_directory() / "psql").string() +
                              " -X -q -v ON_ERROR_STOP=1 -d '" + conninfo + "' -f " + script +
                              " > /dev/null";
  const int status = std::system(command.c_str());
  unlink(script);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

SchemaTest::SchemaTest()
    : admin_(database_.Conninfo()),
      producer_(database_.Conninfo(Login(database_.server(), "outbox_producer"))) {}

std::string SchemaTest::AddDestination(const std::string& name, const std::string& topics) {
  const std::string id =
      One(admin_, "INSERT INTO outbox.destination (name) VALUES ('" + name + "') RETURNING id");
  admin_.Execute("test",
                 "INSERT INTO outbox.subscription (destination_id, version, topics, since, shards, "
                 "registered_by) SELECT " +
                     id + ", 1, '" + topics +
                     "', array_fill(0::bigint, "
                     "ARRAY[cardinality('" +
                     topics + "'::text[])]), 1, 'test'");
  return id;
}

std::string SchemaTest::AddEvent(const std::string& topic, const std::string& key) {
  return One(producer_, "INSERT INTO outbox.event (topic, key, payload) VALUES ('" + topic +
                            "', '" + key + "', '{\"n\": 1}') RETURNING id");
}

void SchemaTest::Settle(const std::string& event, const std::string& destination, int state) {
  admin_.Execute(
      "test",
      "INSERT INTO outbox.outcome (event_id, finished_at, destination_id, bucket, state, "
      "attempts, http_status) SELECT id, clock_timestamp(), " +
          destination + ", bucket, " + std::to_string(state) +
          ", 3, 200 FROM outbox.event WHERE id = " + event);
}

std::string SchemaTest::Die(const std::string& event, const std::string& destination,
                            const std::string& reason) {
  Settle(event, destination, 2);
  return One(
      admin_,
      "INSERT INTO outbox.dead_letter (event_id, destination_id, reason, class, died_at, slot, "
      "bucket, event_xid, recorded_at, topic, key, payload, headers) SELECT id, " +
          destination + ", '" + reason +
          "', 'http_4xx', clock_timestamp(), "
          "outbox.slot(key, id), bucket, xid, recorded_at, topic, key, payload, headers "
          "FROM outbox.event WHERE id = " +
          event + " RETURNING id");
}

void SchemaTest::Wait(const std::string& event, const std::string& destination, int waiting_for,
                      const std::string& predecessor) {
  admin_.Execute(
      "test",
      "INSERT INTO outbox.backlog (event_id, destination_id, slot, waiting_for, due_at, "
      "predecessor, attempts, bucket, event_xid, recorded_at, topic, key) "
      "SELECT id, " +
          destination + ", outbox.slot(key, id), " + std::to_string(waiting_for) + ", CASE WHEN " +
          std::to_string(waiting_for) + " = 3 THEN 'infinity' ELSE now() + interval '1h' END, " +
          predecessor +
          ", 2, bucket, xid, recorded_at, topic, key FROM outbox.event WHERE id = " + event);
}

}  // namespace postrider::test
