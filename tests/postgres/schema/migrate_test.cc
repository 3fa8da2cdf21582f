#include <array>
#include <future>

#include "postrider/postgres/migrator.h"
#include "schema_fixture.h"

namespace postrider::test {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

/// The definition of a database's schema as pg_dump writes it, without its random parts.
std::string Dump(const std::string& conninfo) {
  const std::string command = (SharedServer().bin_directory() / "pg_dump").string() +
                              " --schema-only -d '" + conninfo + "' | grep -v restrict";
  FILE* pipe = popen(command.c_str(), "r");
  std::string text;
  std::array<char, 4096> buffer{};
  while (const auto size = fread(buffer.data(), 1, buffer.size(), pipe))
    text.append(buffer.data(), size);
  pclose(pipe);
  return text;
}

TEST(MigrateTest, InstallsAnEmptyDatabase) {
  EmptyDatabase database;
  Connection connection(database.Conninfo());
  Migrator migrator(connection);
  EXPECT_EQ(migrator.Check().installed, 0);
  EXPECT_FALSE(migrator.Check().current());
  const auto report = migrator.Migrate({});
  EXPECT_EQ(report.before.installed, 0);
  EXPECT_EQ(report.applied.front(), "0001_tables");
  EXPECT_THAT(report.installation, MatchesRegex("[a-z0-9]{8}"));
  EXPECT_TRUE(migrator.Check().current());
  EXPECT_EQ(All(connection,
                "SELECT bucket_period, system_identifier = (SELECT system_identifier "
                "FROM pg_control_system()) AS same FROM outbox.installation"),
            "24:00:00|t");
}

TEST(MigrateTest, ASecondTimeChangesNothing) {
  EmptyDatabase database;
  Connection connection(database.Conninfo());
  Migrator migrator(connection);
  const auto first = migrator.Migrate({});
  const auto before = Dump(database.Conninfo());
  const auto second = migrator.Migrate({});
  EXPECT_TRUE(second.applied.empty());
  EXPECT_EQ(second.installation, first.installation);
  EXPECT_EQ(Dump(database.Conninfo()), before);
}

TEST(MigrateTest, LostGrantsComeBack) {
  TestDatabase database;
  Connection connection(database.Conninfo());
  connection.Execute("test", "REVOKE ALL ON SCHEMA outbox FROM outbox_producer");
  Migrator(connection).Migrate({});
  EXPECT_EQ(One(connection, "SELECT has_schema_privilege('outbox_producer', 'outbox', 'USAGE')"),
            "t");
}

TEST(MigrateTest, TheScriptGivesTheSameSchemaInPsql) {
  EmptyDatabase migrated;
  EmptyDatabase scripted;
  Connection one(migrated.Conninfo());
  Connection other(scripted.Conninfo());
  Migrator(one).Migrate({});
  const auto script = Migrator(other).Script({});
  EXPECT_EQ(Migrator(other).Check().installed, 0);
  EXPECT_EQ(Psql(SharedServer(), scripted.Conninfo(), script), 0);
  EXPECT_TRUE(Migrator(other).Check().current());
  EXPECT_EQ(Dump(scripted.Conninfo()), Dump(migrated.Conninfo()));
  EXPECT_EQ(One(other, "SELECT count(*) FROM outbox.installation"), "1");
}

TEST(MigrateTest, AnOldScriptRefusesANewerSchema) {
  EmptyDatabase database;
  Connection connection(database.Conninfo());
  Migrator migrator(connection);
  const auto script = migrator.Script({});
  migrator.Migrate({});
  EXPECT_NE(Psql(SharedServer(), database.Conninfo(), script), 0);
  EXPECT_TRUE(migrator.Check().current());
}

TEST(MigrateTest, SeveralAtOnceInstallOnce) {
  EmptyDatabase database;
  std::vector<std::future<std::string>> runs;
  for (int i = 0; i < 4; ++i) {
    runs.push_back(std::async(std::launch::async, [&] {
      Connection connection(database.Conninfo());
      return Migrator(connection).Migrate({}).installation;
    }));
  }
  const auto name = runs[0].get();
  for (std::size_t i = 1; i < runs.size(); ++i) EXPECT_EQ(runs[i].get(), name);
}

TEST(MigrateTest, TheBucketPeriodIsFixedByTheFirst) {
  EmptyDatabase database;
  Connection connection(database.Conninfo());
  Migrator migrator(connection);
  MigrationOptions options;
  options.bucket_period = std::chrono::hours(1);
  migrator.Migrate(options);
  connection.Execute("test", "INSERT INTO outbox.event (topic) VALUES ('t')");
  EXPECT_EQ(One(connection,
                "SELECT bucket = floor(extract(epoch FROM now()) / 3600)::bigint % 8 "
                "FROM outbox.event"),
            "t");
  migrator.Migrate(options);
  migrator.Migrate({});
  options.bucket_period = std::chrono::hours(2);
  EXPECT_THROW(migrator.Migrate(options), std::invalid_argument);
}

TEST(MigrateTest, ANewerSchemaIsLeftAlone) {
  TestDatabase database;
  Connection connection(database.Conninfo());
  connection.Execute("test", "INSERT INTO outbox.migration (version, name) VALUES (999, 'future')");
  EXPECT_THROW(Migrator(connection).Migrate({}), std::runtime_error);
}

TEST(MigrateTest, AFaultNamesTheStatementAndLeavesNothing) {
  EmptyDatabase database;
  Connection connection(database.Conninfo());
  connection.Execute("test", "CREATE SCHEMA outbox; CREATE TABLE outbox.lane (a int)");
  try {
    Migrator(connection).Migrate({});
    ADD_FAILURE() << "not refused";
  } catch (const DatabaseFault& fault) {
    EXPECT_EQ(fault.sqlstate(), "42P07");
    EXPECT_THAT(fault.what(), HasSubstr("SQLSTATE: 42P07"));
    EXPECT_THAT(fault.what(), HasSubstr("Statement: CREATE TABLE outbox.lane"));
  }
  EXPECT_EQ(One(connection, "SELECT to_regclass('outbox.event')"), "null");
}

TEST(MigrateTest, WrongOptionsAreRefusedBeforeAnything) {
  EmptyDatabase database;
  Connection connection(database.Conninfo());
  Migrator migrator(connection);
  MigrationOptions options;
  options.role_prefix = "x; DROP";
  EXPECT_THROW(migrator.Migrate(options), std::invalid_argument);
  options.role_prefix = "outbox_";
  options.bucket_period = std::chrono::seconds(0);
  EXPECT_THROW(migrator.Script(options), std::invalid_argument);
  options.bucket_period.reset();
  options.roles = RolesMode::kNone;
  options.grant_producer = {"app"};
  EXPECT_THROW(migrator.Migrate(options), std::invalid_argument);
  EXPECT_EQ(migrator.Check().installed, 0);
}

}  // namespace
}  // namespace postrider::test
