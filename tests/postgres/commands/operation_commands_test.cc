#include "commands_fixture.h"

namespace postrider::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class OperationCommandsTest : public CommandsTest {
 protected:
  OperationCommandsTest() : cj_(AddDestination("cj")) {}

  /// An operation of 1500 letters that has made its first batch.
  void BeginLongWork() {
    admin_.Execute("test",
                   "INSERT INTO outbox.dead_letter (event_id, destination_id, reason, died_at, "
                   "slot, bucket, event_xid, recorded_at, topic) SELECT n, " +
                       cj_ +
                       ", 'refused', now(), 0, 0, '1', now(), 't' FROM generate_series(1, 1500) "
                       "n; SELECT outbox.discard_dead(destination => 'cj', note => 'test orders')");
  }

  const std::string cj_;
};

TEST_F(OperationCommandsTest, ListHasTheNewestFirst) {
  Run({"pause", "cj", "--note", "their maintenance"});
  Run({"resume", "cj"});
  const auto items = Run({"operation", "list", "--json"}).Json()["items"];
  ASSERT_EQ(items.size(), 2U);
  EXPECT_EQ(items[0]["kind"], "resume");
  EXPECT_EQ(items[1]["note"], "their maintenance");
  const auto count = [this](std::vector<std::string> filter) {
    filter.insert(filter.begin(), {"operation", "list", "--json"});
    return Run(filter).Json()["items"].size();
  };
  EXPECT_EQ(count({"--kind", "pause"}), 1U);
  EXPECT_EQ(count({"--status", "running"}), 0U);
  EXPECT_EQ(count({"--since", "1h"}), 2U);
  EXPECT_EQ(count({"--limit", "1"}), 1U);
  EXPECT_THAT(Run({"operation", "list"}).out, AllOf(HasSubstr("KIND"), HasSubstr("pause")));
}

TEST_F(OperationCommandsTest, NoneIsExitCode3) {
  EXPECT_EQ(Run({"operation", "list"}).exit_code, 3);
  EXPECT_EQ(Run({"operation", "show", "7"}).exit_code, 3);
  EXPECT_EQ(Run({"operation", "cancel", "7"}).exit_code, 3);
  EXPECT_EQ(Run({"operation", "list", "--status", "stuck"}).exit_code, 2);
}

TEST_F(OperationCommandsTest, ShowHasTheFilterAndTheProgress) {
  BeginLongWork();
  const auto json = Run({"operation", "show", "1", "--json"}).Json();
  EXPECT_EQ(json["status"], "running");
  EXPECT_EQ(json["done"], 1000);
  EXPECT_EQ(json["matched"], 1500);
  EXPECT_EQ(json["filter"]["destination"], "cj");
  EXPECT_THAT(Run({"operation", "show", "1"}).out, HasSubstr("test orders"));
}

TEST_F(OperationCommandsTest, CancelEndsWhatRuns) {
  BeginLongWork();
  const auto outcome = Run({"operation", "cancel", "1"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("1000 of 1500 were done"));
  EXPECT_EQ(One(admin_, "SELECT count(*) FROM outbox.dead_letters"), "500");
  const auto again = Run({"operation", "cancel", "1"});
  EXPECT_EQ(again.exit_code, 4);
  EXPECT_THAT(again.out, HasSubstr("had ended already: cancelled"));
}

}  // namespace
}  // namespace postrider::test
