#include "commands_fixture.h"

namespace postrider::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class ChangingDeadLettersTest : public CommandsTest {
 protected:
  ChangingDeadLettersTest() : cj_(AddDestination("cj")) {}

  std::string Open() { return One(admin_, "SELECT count(*) FROM outbox.dead_letters"); }
  std::string Operations() {
    return All(admin_, "SELECT kind, matched, note FROM outbox.operations ORDER BY id");
  }

  const std::string cj_;
};

TEST_F(ChangingDeadLettersTest, WithoutATerminalAndWithoutYesNothingIsChanged) {
  Die(AddEvent(), cj_);
  const auto outcome = Run({"dead", "replay", "--destination", "cj"});
  EXPECT_EQ(outcome.exit_code, 4);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("would replay 1 dead letter,"), HasSubstr("--yes"),
                                 HasSubstr("--dry-run")));
  EXPECT_EQ(Open(), "1");
}

TEST_F(ChangingDeadLettersTest, DryRunOnlyCounts) {
  Die(AddEvent(), cj_);
  Die(AddEvent(), cj_);
  const auto outcome = Run({"dead", "discard", "--destination", "cj", "--dry-run"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.out, HasSubstr("2 dead letters would be discarded; nothing was changed"));
  const auto json = Run({"dead", "discard", "--destination", "cj", "--dry-run", "--json"}).Json();
  EXPECT_EQ(json["matched"], 2);
  EXPECT_EQ(json["dry_run"], true);
  EXPECT_TRUE(json["operation"].is_null());
  EXPECT_EQ(Open(), "2");
}

TEST_F(ChangingDeadLettersTest, ReplayWithYesLeavesAnOperation) {
  Die(AddEvent(), cj_);
  Die(AddEvent(), cj_, "exhausted");
  const auto outcome =
      Run({"dead", "replay", "--reason", "exhausted", "--yes", "--note", "fixed", "--new-key"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.out, HasSubstr("replayed 1 dead letter (operation 1)"));
  EXPECT_EQ(Open(), "1");
  EXPECT_EQ(One(admin_, "SELECT new_key FROM outbox.backlog"), "t");
  EXPECT_EQ(Operations(), "replay_dead|1|fixed");
}

TEST_F(ChangingDeadLettersTest, DiscardAsJsonHasTheOperation) {
  const auto letter = Die(AddEvent(), cj_);
  const auto json = Run({"dead", "discard", "--id", letter, "--yes", "--json"}).Json();
  EXPECT_EQ(json["matched"], 1);
  EXPECT_EQ(json["operation"], 1);
  EXPECT_EQ(json["dry_run"], false);
  EXPECT_EQ(Open(), "0");
}

TEST_F(ChangingDeadLettersTest, IdsThatAreNotThereAreNamedAndMakeItPartlyDone) {
  const auto letter = Die(AddEvent(), cj_);
  const auto outcome = Run({"dead", "replay", "--id", letter, "--id", "99", "--yes"});
  EXPECT_EQ(outcome.exit_code, 4);
  EXPECT_THAT(outcome.err, HasSubstr("no open dead letter 99"));
  EXPECT_EQ(Open(), "0");
}

TEST_F(ChangingDeadLettersTest, ALetterThatWasDeliveredAfterAllMakesItPartlyDone) {
  Die(AddEvent(), cj_);
  admin_.Execute("test", "UPDATE outbox.outcome SET state = 1");
  Die(AddEvent(), cj_);
  const auto outcome = Run({"dead", "discard", "--destination", "cj", "--yes"});
  EXPECT_EQ(outcome.exit_code, 4);
  EXPECT_THAT(outcome.out, HasSubstr("discarded 1 dead letter"));
  EXPECT_THAT(outcome.err, HasSubstr("delivered after all"));
}

TEST_F(ChangingDeadLettersTest, AnEventAndALimitChooseTheLetters) {
  const auto event = AddEvent();
  Die(event, cj_);
  Die(AddEvent(), cj_);
  Die(AddEvent(), cj_);
  EXPECT_EQ(Run({"dead", "discard", "--event", event, "--yes"}).exit_code, 0);
  EXPECT_EQ(Open(), "2");
  EXPECT_EQ(Run({"dead", "discard", "--destination", "cj", "--limit", "1", "--yes"}).exit_code, 0);
  EXPECT_EQ(Open(), "1");
}

TEST_F(ChangingDeadLettersTest, AllHasToBeSaid) {
  Die(AddEvent(), cj_);
  const auto refused = Run({"dead", "replay", "--yes"});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("without a filter"), HasSubstr("--all")));
  EXPECT_EQ(Run({"dead", "replay", "--all", "--key", "k", "--yes"}).exit_code, 2);
  EXPECT_EQ(Open(), "1");
  EXPECT_EQ(Run({"dead", "replay", "--all", "--yes"}).exit_code, 0);
  EXPECT_EQ(Open(), "0");
}

TEST_F(ChangingDeadLettersTest, NothingToDoIsExitCode3) {
  const auto outcome = Run({"dead", "replay", "--key", "order-9", "--yes"});
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_EQ(One(admin_, "SELECT count(*) FROM outbox.operations"), "0");
}

TEST_F(ChangingDeadLettersTest, AnUnknownDestinationNamesTheKnownOnes) {
  const auto outcome = Run({"dead", "replay", "--destination", "jc", "--yes"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("Known are: cj."));
}

TEST_F(ChangingDeadLettersTest, ViewersMayNotReplay) {
  Die(AddEvent(), cj_);
  configuration_ = WriteConfiguration(
      "viewer.yaml", database_.Conninfo(Login(database_.server(), "outbox_viewer")));
  const auto outcome = Run({"dead", "replay", "--destination", "cj", "--yes"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("outbox_operator"));
}

TEST_F(ChangingDeadLettersTest, AmendMakesANewEvent) {
  const auto letter = Die(AddEvent("shipment.requested", "order-1"), cj_);
  const auto json =
      Run({"dead", "amend", letter, "--payload", R"({"n": 2})", "--note", "zip", "--json"}).Json();
  EXPECT_EQ(One(admin_, "SELECT payload FROM outbox.event WHERE id = " + json["event_id"].dump()),
            R"({"n": 2})");
  EXPECT_EQ(Operations(), "amend_dead|1|zip");
}

TEST_F(ChangingDeadLettersTest, AmendTakesAFileByteForByte) {
  const auto letter = Die(AddEvent(), cj_);
  const auto path = Write("fixed.json", "{\"n\":  \"it's\"}\n");
  EXPECT_EQ(Run({"dead", "amend", letter, "--payload-file", path}).exit_code, 0);
  EXPECT_EQ(One(admin_, "SELECT payload FROM outbox.event ORDER BY id DESC LIMIT 1"),
            "{\"n\":  \"it's\"}\n");
}

TEST_F(ChangingDeadLettersTest, AmendTakesABodyThatIsNotJson) {
  const auto letter = Die(AddEvent(), cj_);
  const auto path = Write("fixed.bin", std::string("\0\xff!", 3));
  const auto outcome = Run(
      {"dead", "amend", letter, "--body-file", path, "--content-type", "application/octet-stream"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(All(admin_,
                "SELECT payload, encode(body, 'hex') AS body, content_type FROM outbox.event ORDER "
                "BY id DESC LIMIT 1"),
            "|00ff21|application/octet-stream");
  EXPECT_EQ(Run({"dead", "amend", letter, "--payload", "{}", "--content-type", "a/b"}).exit_code,
            2);
}

TEST_F(ChangingDeadLettersTest, ManyAreDoneInBatchesToTheEnd) {
  admin_.Execute("test",
                 "INSERT INTO outbox.dead_letter (event_id, destination_id, reason, died_at, slot, "
                 "bucket, event_xid, recorded_at, topic) SELECT n, " +
                     cj_ +
                     ", 'refused', now() - interval '1 minute', 0, 0, '1', now(), 't' FROM "
                     "generate_series(1, 2300) n");
  const auto json = Run({"dead", "discard", "--destination", "cj", "--yes", "--json"}).Json();
  EXPECT_EQ(json["status"], "done");
  EXPECT_EQ(json["matched"], 2300);
  EXPECT_EQ(json["done"], 2300);
  EXPECT_EQ(Open(), "0");
  EXPECT_EQ(One(admin_, "SELECT count(*) FROM outbox.operations"), "1");
}

TEST_F(ChangingDeadLettersTest, AmendRefusesWhatIsNotJsonAndWhatIsNotThere) {
  const auto letter = Die(AddEvent(), cj_);
  const auto broken = Run({"dead", "amend", letter, "--payload", "{n: 2}"});
  EXPECT_EQ(broken.exit_code, 2);
  EXPECT_THAT(broken.err, HasSubstr("not JSON"));
  EXPECT_EQ(Run({"dead", "amend", letter}).exit_code, 2);
  EXPECT_EQ(Run({"dead", "amend", letter, "--payload-file", "/nowhere"}).exit_code, 2);
  const auto absent = Run({"dead", "amend", "99", "--payload", "{}"});
  EXPECT_EQ(absent.exit_code, 3);
  EXPECT_THAT(absent.err, HasSubstr("no open dead letter 99"));
  EXPECT_EQ(Open(), "1");
}

}  // namespace
}  // namespace postrider::test
