#include "commands_fixture.h"

namespace postrider::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class UsageTest : public CommandsTest {};

TEST_F(UsageTest, EveryCommandShowsAnExample) {
  const std::vector<std::vector<std::string>> commands{{"run"},
                                                       {"migrate"},
                                                       {"check"},
                                                       {"config"},
                                                       {"status"},
                                                       {"event", "list"},
                                                       {"event", "show"},
                                                       {"event", "trace"},
                                                       {"event", "cancel"},
                                                       {"dead", "summary"},
                                                       {"dead", "list"},
                                                       {"dead", "show"},
                                                       {"dead", "replay"},
                                                       {"dead", "discard"},
                                                       {"dead", "amend"},
                                                       {"replay"},
                                                       {"operation", "list"},
                                                       {"operation", "show"},
                                                       {"operation", "cancel"},
                                                       {"destination", "list"},
                                                       {"destination", "park"},
                                                       {"destination", "drop"},
                                                       {"pause"},
                                                       {"resume"},
                                                       {"doctor"},
                                                       {"healthcheck"},
                                                       {"version"}};
  for (auto words : commands) {
    const std::string name = words.front() + (words.size() > 1 ? " " + words.back() : "");
    words.emplace_back("--help");
    const auto outcome = RunBare(words);
    EXPECT_EQ(outcome.exit_code, 0) << name;
    EXPECT_THAT(outcome.out, HasSubstr("Example: postrider " + name));
  }
}

TEST_F(UsageTest, TheHelpExplainsTheExitCodes) {
  EXPECT_THAT(RunBare({"--help"}).out, AllOf(HasSubstr("3 nothing matched"), HasSubstr("dead")));
}

TEST_F(UsageTest, WrongUsageIsExitCode2) {
  EXPECT_EQ(RunBare({}).exit_code, 2);
  EXPECT_EQ(RunBare({"frobnicate"}).exit_code, 2);
  EXPECT_EQ(Run({"dead"}).exit_code, 2);
  EXPECT_EQ(Run({"status", "--colour"}).exit_code, 2);
  EXPECT_EQ(Run({"event", "show"}).exit_code, 2);
  EXPECT_EQ(Run({"event", "show", "seven"}).exit_code, 2);
  const auto outcome = Run({"event", "list", "--state", "lost"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("lost"), HasSubstr("delivered")));
}

TEST_F(UsageTest, WhatIsNotSupportedYetSaysSo) {
  const std::vector<std::vector<std::string>> commands{{"reconcile", "cj"},
                                                       {"send", "cj", "--event", "7", "--curl"},
                                                       {"send", "cj", "--event", "7"}};
  for (const auto& words : commands) {
    const auto outcome = RunBare(words);
    EXPECT_EQ(outcome.exit_code, 2) << words.front();
    EXPECT_THAT(outcome.err, HasSubstr("not supported yet")) << words.front();
  }
}

TEST_F(UsageTest, VersionPrintsTheVersion) {
  EXPECT_THAT(RunBare({"version"}).out, testing::MatchesRegex("postrider [0-9]+\\.[0-9.]+\n"));
  EXPECT_TRUE(RunBare({"version", "--json"}).Json().contains("version"));
}

}  // namespace
}  // namespace postrider::test
