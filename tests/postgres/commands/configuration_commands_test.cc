#include "commands_fixture.h"

namespace postrider::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class ConfigurationCommandsTest : public CommandsTest {};

TEST_F(ConfigurationCommandsTest, CheckNamesTheSecretThatIsMissing) {
  const auto outcome = Run({"check"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("cj.secret"), HasSubstr("destinations.cj")));
}

TEST_F(ConfigurationCommandsTest, CheckCountsTheDestinationsOfAGoodFile) {
  Write("cj.secret", "key");
  const auto outcome = Run({"check"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.out, configuration_ + ": ok, 1 destination\n");
}

TEST_F(ConfigurationCommandsTest, CheckExplainsADestination) {
  Write("cj.secret", "key");
  const auto outcome = Run({"check", "--explain", "cj"});
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("attempt"), HasSubstr("Gives up when"),
                                 HasSubstr("destinations:\n  cj:"), Not(HasSubstr("database:"))));
}

TEST_F(ConfigurationCommandsTest, CheckExplainNamesTheDestinationsThatThereAre) {
  Write("cj.secret", "key");
  const auto outcome = Run({"check", "--explain", "jc"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("'jc'"), HasSubstr("It has: cj.")));
}

TEST_F(ConfigurationCommandsTest, CheckAsJsonHasErrorsWithTheirPlaces) {
  const auto outcome = Run({"check", "--json"});
  EXPECT_EQ(outcome.exit_code, 2);
  const auto json = outcome.Json();
  EXPECT_EQ(json["ok"], false);
  ASSERT_EQ(json["errors"].size(), 1U);
  EXPECT_EQ(json["errors"][0]["file"], configuration_);
  EXPECT_GT(json["errors"][0]["line"], 0);
}

TEST_F(ConfigurationCommandsTest, CheckAsJsonHasTheWaits) {
  Write("cj.secret", "key");
  const auto json = Run({"check", "--json", "--explain", "cj"}).Json();
  EXPECT_EQ(json["destinations"], 1);
  EXPECT_EQ(json["explain"]["retries"]["attempts"], 12);
  EXPECT_EQ(json["explain"]["retries"]["waits_ms"][0], 5000);
  EXPECT_EQ(json["explain"]["retries"]["waits_ms"].size(), 11U);
}

TEST_F(ConfigurationCommandsTest, ConfigPrintsTheDefaultsAndNoSecret) {
  const auto outcome = Run({"config"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("lease: 15s"), HasSubstr("cj:")));
}

TEST_F(ConfigurationCommandsTest, ConfigAsJsonIsJsonThroughout) {
  const auto json = Run({"config", "--json"}).Json();
  EXPECT_EQ(json["file"], configuration_);
  const auto& settings = json["configuration"];
  EXPECT_EQ(settings["relay"]["lease"], "15s");
  EXPECT_EQ(settings["destinations"]["cj"]["topics"][0], "shipment.requested");
  EXPECT_EQ(settings["destinations"]["cj"]["concurrency"], 16);
  EXPECT_EQ(settings["destinations"]["cj"]["http"]["announce"], true);
  EXPECT_TRUE(settings["destinations"]["cj"]["http"]["headers"]["X-Api-Key"].contains("file"));
}

TEST_F(ConfigurationCommandsTest, TheSettingsOfAnExplainedDestinationAreJsonToo) {
  Write("cj.secret", "key");
  const auto json = Run({"check", "--json", "--explain", "cj"}).Json();
  EXPECT_EQ(json["explain"]["configuration"]["concurrency"], 16);
}

TEST_F(ConfigurationCommandsTest, MigrateAsJson) {
  const auto done = Run({"migrate", "--json"}).Json();
  EXPECT_EQ(done["before"], done["version"]);
  EXPECT_TRUE(done["applied"].empty());
  EXPECT_EQ(done["installation"], One(admin_, "SELECT name FROM outbox.installation"));
  const auto check = Run({"migrate", "--check", "--json"});
  EXPECT_EQ(check.exit_code, 0);
  EXPECT_EQ(check.Json()["current"], true);
  EXPECT_TRUE(Run({"migrate", "--dry-run", "--json"}).Json()["script"].is_string());
}

TEST_F(ConfigurationCommandsTest, MigrateCheckOfAnEmptyDatabaseIsExitCode1) {
  const EmptyDatabase empty;
  const auto path = WriteConfiguration("empty.yaml", empty.Conninfo());
  const auto check = RunBare({"migrate", "--check", "--json", "-c", path});
  EXPECT_EQ(check.exit_code, 1);
  EXPECT_EQ(check.Json()["installed"], 0);
}

TEST_F(ConfigurationCommandsTest, ConfigPrintsTheSchema) {
  EXPECT_TRUE(RunBare({"config", "--schema"}).Json().contains("$schema"));
}

TEST_F(ConfigurationCommandsTest, AFileThatIsNotThereIsWrongConfiguration) {
  const auto outcome = RunBare({"status", "-c", "/nowhere/postrider.yaml"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("/nowhere/postrider.yaml"), HasSubstr("-c")));
}

TEST_F(ConfigurationCommandsTest, AWrongSettingStopsACommandThatOnlyLooks) {
  const auto path = Write("wrong.yaml", "databse: {url: x}\n");
  const auto outcome = RunBare({"status", "-c", path});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr(path + ":1:"), HasSubstr("database")));
}

}  // namespace
}  // namespace postrider::test
