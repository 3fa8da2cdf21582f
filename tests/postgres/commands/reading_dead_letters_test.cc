#include "commands_fixture.h"

namespace postrider::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class ReadingDeadLettersTest : public CommandsTest {
 protected:
  ReadingDeadLettersTest() : cj_(AddDestination("cj")) {}

  const std::string cj_;
};

TEST_F(ReadingDeadLettersTest, NothingDeadIsExitCode3) {
  EXPECT_EQ(Run({"dead", "list"}).exit_code, 3);
  EXPECT_EQ(Run({"dead", "summary"}).exit_code, 3);
  EXPECT_EQ(Run({"dead", "summary", "--json"}).Json()["items"].size(), 0U);
  EXPECT_EQ(Run({"dead", "show", "7"}).exit_code, 3);
}

TEST_F(ReadingDeadLettersTest, SummaryCounts) {
  Die(AddEvent(), cj_, "refused");
  Die(AddEvent(), cj_, "refused");
  Die(AddEvent(), cj_, "exhausted");
  const auto items = Run({"dead", "summary", "--json"}).Json()["items"];
  ASSERT_EQ(items.size(), 2U);
  EXPECT_EQ(items[0]["letters"], 2);
  EXPECT_EQ(items[0]["reason"], "refused");
  EXPECT_EQ(items[0]["destination"], "cj");
  EXPECT_THAT(Run({"dead", "summary"}).out, AllOf(HasSubstr("LETTERS"), HasSubstr("exhausted")));
}

TEST_F(ReadingDeadLettersTest, EachFilterNarrows) {
  AddDestination("kakao");
  const auto event = AddEvent("t.x", "k1");
  const auto letter = Die(event, cj_, "exhausted");
  Die(AddEvent("t.y", "k2"), cj_, "refused");
  const auto count = [this](std::vector<std::string> filter) {
    filter.insert(filter.begin(), {"dead", "list", "--json"});
    return Run(filter).Json()["items"].size();
  };
  EXPECT_EQ(count({}), 2U);
  EXPECT_EQ(count({"--id", letter}), 1U);
  EXPECT_EQ(count({"--id", letter, "--id", "99"}), 1U);
  EXPECT_EQ(count({"--event", event}), 1U);
  EXPECT_EQ(count({"--destination", "kakao"}), 0U);
  EXPECT_EQ(count({"--topic", "t.*"}), 2U);
  EXPECT_EQ(count({"--topic", "t.y"}), 1U);
  EXPECT_EQ(count({"--key", "k1"}), 1U);
  EXPECT_EQ(count({"--reason", "refused"}), 1U);
  EXPECT_EQ(count({"--since", "1h"}), 2U);
  EXPECT_EQ(count({"--until", "1h"}), 0U);
  EXPECT_EQ(count({"--limit", "1"}), 1U);
}

TEST_F(ReadingDeadLettersTest, WrongFiltersSayWhatIsAllowed) {
  const auto reason = Run({"dead", "list", "--reason", "bored"});
  EXPECT_EQ(reason.exit_code, 2);
  EXPECT_THAT(reason.err, HasSubstr("exhausted"));
  const auto since = Run({"dead", "list", "--since", "yesterday"});
  EXPECT_EQ(since.exit_code, 2);
  EXPECT_THAT(since.err, AllOf(HasSubstr("--since"), HasSubstr("2h")));
  const auto destination = Run({"dead", "list", "--destination", "jc"});
  EXPECT_EQ(destination.exit_code, 2);
  EXPECT_THAT(destination.err, HasSubstr("Known are: cj."));
}

TEST_F(ReadingDeadLettersTest, ShowHasThePayload) {
  const auto letter = Die(AddEvent("shipment.requested", "order-1"), cj_);
  admin_.Execute("test", "UPDATE outbox.dead_letter SET answer = E'HTTP 400\\n\\n\\x1b[31mno'");
  const auto outcome = Run({"dead", "show", letter});
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("order-1"), HasSubstr(R"({"n": 1})"),
                                 HasSubstr("  HTTP 400\n"), Not(HasSubstr("\x1b"))));
  EXPECT_EQ(Run({"dead", "show", letter, "--json"}).Json()["payload"], R"({"n": 1})");
}

TEST_F(ReadingDeadLettersTest, ViewersSeeNoPayload) {
  const auto letter = Die(AddEvent("shipment.requested", "order-1"), cj_);
  configuration_ = WriteConfiguration(
      "viewer.yaml", database_.Conninfo(Login(database_.server(), "outbox_viewer")));
  EXPECT_EQ(Run({"dead", "list"}).exit_code, 0);
  EXPECT_EQ(Run({"dead", "summary"}).exit_code, 0);
  const auto outcome = Run({"dead", "show", letter});
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("order-1"), HasSubstr("outbox_operator")));
  EXPECT_FALSE(Run({"dead", "show", letter, "--json"}).Json().contains("payload"));
}

}  // namespace
}  // namespace postrider::test
