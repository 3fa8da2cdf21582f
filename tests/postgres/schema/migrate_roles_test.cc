#include "postrider/postgres/migrator.h"
#include "schema_fixture.h"

namespace postrider::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

/// Roles belong to the whole server: so one of its own, and a fresh prefix for each test.
class MigrateRolesTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { server_ = std::make_unique<PostgresServer>(); }
  static void TearDownTestSuite() { server_.reset(); }

  MigrateRolesTest() : admin_(server_->Conninfo()) {
    options_.role_prefix = "p" + std::to_string(++count_) + "_";
  }

  std::string Role(const std::string& attributes) {
    const std::string name = options_.role_prefix + "person" + std::to_string(++people_);
    admin_.Execute("test", "CREATE ROLE " + name + " LOGIN " + attributes);
    return name;
  }
  std::string CountRoles() {
    return One(admin_, "SELECT count(*) FROM pg_roles WHERE rolname IN ('" + options_.role_prefix +
                           "producer', '" + options_.role_prefix + "viewer', '" +
                           options_.role_prefix + "operator', '" + options_.role_prefix +
                           "relay')");
  }

  static std::unique_ptr<PostgresServer> server_;
  static int count_;
  int people_ = 0;
  Connection admin_;
  MigrationOptions options_;
};
std::unique_ptr<PostgresServer> MigrateRolesTest::server_;
int MigrateRolesTest::count_ = 0;

TEST_F(MigrateRolesTest, AnOwnerWithCreateroleNeedsNoSuperuser) {
  const auto owner = Role("CREATEROLE");
  const auto app = Role("");
  EmptyDatabase database(*server_, owner);
  Connection connection(database.Conninfo(owner));
  options_.grant_producer = {app};
  options_.grant_operator = {app};
  Migrator(connection).Migrate(options_);
  Migrator(connection).Migrate(options_);
  EXPECT_EQ(CountRoles(), "4");
  Connection producer(database.Conninfo(app));
  EXPECT_EQ(
      One(producer, "INSERT INTO outbox.event (topic, dedup_key) VALUES ('t', 'd') RETURNING id"),
      "1");
  EXPECT_EQ(One(producer, "SELECT count(*) FROM outbox.delivery"), "0");
}

TEST_F(MigrateRolesTest, APlainOwnerIsToldWhatToDo) {
  const auto owner = Role("");
  EmptyDatabase database(*server_, owner);
  Connection connection(database.Conninfo(owner));
  try {
    Migrator(connection).Migrate(options_);
    ADD_FAILURE() << "not refused";
  } catch (const DatabaseFault& fault) {
    EXPECT_EQ(fault.sqlstate(), "42501");
    EXPECT_THAT(fault.what(), AllOf(HasSubstr("may not create the role"), HasSubstr("--roles none"),
                                    HasSubstr("--roles existing")));
  }
  EXPECT_EQ(Migrator(connection).Check().installed, 0);
}

TEST_F(MigrateRolesTest, APlainOwnerDoesWithoutRoles) {
  const auto owner = Role("");
  EmptyDatabase database(*server_, owner);
  Connection connection(database.Conninfo(owner));
  options_.roles = RolesMode::kNone;
  Migrator(connection).Migrate(options_);
  EXPECT_EQ(CountRoles(), "0");
  EXPECT_EQ(One(connection, "SELECT outbox.emit('t', '{}', dedup_key => 'd')"), "1");
  EXPECT_EQ(One(connection, "SELECT count(*) FROM outbox.delivery"), "0");
}

TEST_F(MigrateRolesTest, ExistingRolesAreGivenGrantsAndNoneIsCreated) {
  const auto owner = Role("");
  admin_.Execute("test", "CREATE ROLE " + options_.role_prefix + "producer");
  EmptyDatabase database(*server_, owner);
  Connection connection(database.Conninfo(owner));
  options_.roles = RolesMode::kExisting;
  Migrator(connection).Migrate(options_);
  EXPECT_EQ(CountRoles(), "1");
  EXPECT_EQ(One(connection, "SELECT has_schema_privilege('" + options_.role_prefix +
                                "producer', 'outbox', 'USAGE')"),
            "t");
}

TEST_F(MigrateRolesTest, AnOwnerOfTheSchemaAloneCanMigrate) {
  const auto owner = Role("");
  EmptyDatabase database(*server_);
  Connection connection(database.Conninfo(owner));
  options_.roles = RolesMode::kNone;
  try {
    Migrator(connection).Migrate(options_);
    ADD_FAILURE() << "not refused";
  } catch (const DatabaseFault& fault) {
    EXPECT_THAT(fault.what(), HasSubstr("CREATE SCHEMA outbox AUTHORIZATION " + owner));
  }
  Connection superuser(database.Conninfo());
  superuser.Execute("test", "CREATE SCHEMA outbox AUTHORIZATION " + owner);
  Migrator(connection).Migrate(options_);
  EXPECT_TRUE(Migrator(connection).Check().current());
}

TEST_F(MigrateRolesTest, AMemberThatDoesNotExistIsNamed) {
  EmptyDatabase database(*server_);
  Connection connection(database.Conninfo());
  options_.grant_producer = {"no'body"};
  try {
    Migrator(connection).Migrate(options_);
    ADD_FAILURE() << "not refused";
  } catch (const DatabaseFault& fault) {
    EXPECT_THAT(fault.what(), HasSubstr("there is no role no'body"));
  }
}

TEST_F(MigrateRolesTest, AGrantThatIsNotOursToGiveIsSpelledOut) {
  const auto owner = Role("");
  const auto app = Role("");
  admin_.Execute("test", "CREATE ROLE " + options_.role_prefix + "producer");
  EmptyDatabase database(*server_, owner);
  Connection connection(database.Conninfo(owner));
  options_.roles = RolesMode::kExisting;
  options_.grant_producer = {app};
  try {
    Migrator(connection).Migrate(options_);
    ADD_FAILURE() << "not refused";
  } catch (const DatabaseFault& fault) {
    EXPECT_THAT(fault.what(), HasSubstr("GRANT " + options_.role_prefix + "producer TO " + app));
  }
}

}  // namespace
}  // namespace postrider::test
