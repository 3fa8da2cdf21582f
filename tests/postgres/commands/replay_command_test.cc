#include "commands_fixture.h"

namespace postrider::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class ReplayCommandTest : public CommandsTest {
 protected:
  ReplayCommandTest() : cj_(AddDestination("cj")) {}

  CommandOutcome Replay(std::vector<std::string> more) {
    more.insert(more.begin(), {"replay", "--destination", "cj", "--since", "1h", "--until", "now"});
    return Run(more);
  }

  const std::string cj_;
};

TEST_F(ReplayCommandTest, SendsAgainWhatWasDeliveredOrDied) {
  Settle(AddEvent(), cj_, 1);
  Die(AddEvent(), cj_);
  Settle(AddEvent(), cj_, 4);
  AddEvent();
  const auto outcome = Replay({"--yes", "--note", "lost by the partner"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("replayed 2 deliveries (operation 1)"));
  EXPECT_EQ(One(admin_, "SELECT count(*) FROM outbox.backlog"), "2");
  EXPECT_EQ(All(admin_, "SELECT kind, note FROM outbox.operations"),
            "replay|\"lost by the partner\"");
}

TEST_F(ReplayCommandTest, CountsFirstAndAsks) {
  Settle(AddEvent(), cj_, 1);
  const auto counted = Replay({"--dry-run", "--json"});
  EXPECT_EQ(counted.exit_code, 0);
  EXPECT_EQ(counted.Json()["matched"], 1);
  EXPECT_EQ(counted.Json()["done"], 0);
  const auto refused = Replay({});
  EXPECT_EQ(refused.exit_code, 4);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("would replay 1 delivery"), HasSubstr("--yes")));
  EXPECT_EQ(One(admin_, "SELECT count(*) FROM outbox.backlog"), "0");
}

TEST_F(ReplayCommandTest, TakesATopicAndANewKey) {
  Settle(AddEvent("a.x"), cj_, 1);
  Settle(AddEvent("b"), cj_, 1);
  EXPECT_EQ(Replay({"--topic", "a.*", "--new-key", "--yes"}).exit_code, 0);
  EXPECT_EQ(All(admin_, "SELECT topic, new_key FROM outbox.backlog"), "a.x|t");
}

TEST_F(ReplayCommandTest, NothingInThatTimeIsExitCode3) {
  EXPECT_EQ(Replay({"--yes"}).exit_code, 3);
  EXPECT_EQ(One(admin_, "SELECT count(*) FROM outbox.operations"), "0");
}

TEST_F(ReplayCommandTest, WrongTimesAndNamesAreExitCode2) {
  EXPECT_EQ(Run({"replay", "--destination", "cj", "--since", "1h"}).exit_code, 2);
  EXPECT_EQ(Run({"replay", "--destination", "cj", "--since", "now", "--until", "1h"}).exit_code, 2);
  EXPECT_EQ(Run({"replay", "--destination", "x", "--since", "1h", "--until", "now"}).exit_code, 2);
}

}  // namespace
}  // namespace postrider::test
