#include "commands_fixture.h"

namespace postrider::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class DestinationCommandsTest : public CommandsTest {
 protected:
  DestinationCommandsTest() : cj_(AddDestination("cj")) {}

  void Retire() { admin_.Execute("test", "UPDATE outbox.destination SET retired_at = now()"); }

  const std::string cj_;
};

TEST_F(DestinationCommandsTest, ListShowsRetiredOnesToo) {
  Wait(AddEvent(), cj_, 2);
  Retire();
  AddDestination("kakao");
  const auto outcome = Run({"destination", "list"});
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("retired"), HasSubstr("kakao")));
  const auto items = Run({"destination", "list", "--json"}).Json()["items"];
  ASSERT_EQ(items.size(), 2U);
  EXPECT_EQ(items[0]["destination"], "cj");
  EXPECT_EQ(items[0]["state"], "retired");
  EXPECT_EQ(items[0]["stored"], 1);
}

TEST_F(DestinationCommandsTest, ParkMakesDeadLettersOfWhatWaits) {
  AddEvent();
  AddEvent();
  Retire();
  const auto refused = Run({"destination", "park", "cj"});
  EXPECT_EQ(refused.exit_code, 4);
  EXPECT_THAT(refused.err, HasSubstr("would park 2 waiting deliveries"));
  const auto outcome = Run({"destination", "park", "cj", "--yes", "--note", "contract ended"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("parked 2 waiting deliveries (operation 1)"));
  EXPECT_EQ(Run({"dead", "list", "--reason", "parked", "--json"}).Json()["items"].size(), 2U);
  EXPECT_EQ(Run({"destination", "park", "cj", "--yes"}).exit_code, 3);
}

TEST_F(DestinationCommandsTest, DropEndsItForGood) {
  AddEvent();
  Die(AddEvent(), cj_);
  Retire();
  const auto json = Run({"destination", "drop", "cj", "--yes", "--json"}).Json();
  EXPECT_EQ(json["done"], 2);
  EXPECT_EQ(json["status"], "done");
  EXPECT_EQ(Run({"destination", "list"}).exit_code, 3);
  EXPECT_EQ(Run({"destination", "drop", "cj", "--yes"}).exit_code, 2);
}

TEST_F(DestinationCommandsTest, DryRunOnlyCounts) {
  AddEvent();
  Retire();
  EXPECT_THAT(Run({"destination", "drop", "cj", "--dry-run"}).out,
              HasSubstr("1 waiting or dead delivery would be dropped; nothing was changed"));
  EXPECT_EQ(Run({"destination", "list"}).exit_code, 0);
}

TEST_F(DestinationCommandsTest, OneInUseIsRefusedWithWhatToDo) {
  AddEvent();
  const auto outcome = Run({"destination", "park", "cj", "--yes"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("not retired"), HasSubstr("Take it out of the file")));
}

}  // namespace
}  // namespace postrider::test
