#include "commands_fixture.h"

namespace postrider::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class CommandConnectionTest : public CommandsTest {};

TEST_F(CommandConnectionTest, SaysWhichHostDoesNotAnswerAndNeverThePassword) {
  const auto path = WriteConfiguration(
      "away.yaml", "postgresql://relay:swordfish@127.0.0.1:1/shop?connect_timeout=2");
  const auto outcome = RunBare({"status", "-c", path});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("cannot connect"), HasSubstr("127.0.0.1"),
                                 HasSubstr("Check host and port"), Not(HasSubstr("swordfish"))));
}

TEST_F(CommandConnectionTest, SaysThatTheDatabaseDoesNotExist) {
  const auto path = WriteConfiguration("other.yaml", database_.server().Conninfo("nosuch"));
  const auto outcome = RunBare({"status", "-c", path});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("nosuch"), HasSubstr("name of the database")));
}

TEST_F(CommandConnectionTest, SaysToMigrateADatabaseWithoutTheSchema) {
  const EmptyDatabase empty;
  const auto path = WriteConfiguration("empty.yaml", empty.Conninfo());
  const auto outcome = RunBare({"dead", "list", "-c", path});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("postrider migrate"));
}

TEST_F(CommandConnectionTest, LooksOnAServerThatOnlyReadsButChangesNothingThere) {
  AddDestination("cj");
  const auto event = AddEvent();
  admin_.Execute("test",
                 "ALTER DATABASE " + database_.name() + " SET default_transaction_read_only = on");
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"status"}, {"event", "list"}, {"event", "show", event}, {"destination", "list"}}) {
    const auto outcome = Run(words);
    EXPECT_EQ(outcome.exit_code, 0) << words.front() << outcome.err;
  }
  const auto change = Run({"pause", "cj"});
  EXPECT_EQ(change.exit_code, 1);
  EXPECT_THAT(change.err, AllOf(HasSubstr("cannot connect"), HasSubstr("Name the primary")));
}

TEST_F(CommandConnectionTest, SaysWhichRoleIsNeeded) {
  AddDestination("cj");
  const auto path = WriteConfiguration(
      "viewer.yaml", database_.Conninfo(Login(database_.server(), "outbox_viewer")));
  const auto outcome = RunBare({"pause", "cj", "-c", path});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("permission denied"), HasSubstr("outbox_operator")));
}

}  // namespace
}  // namespace postrider::test
