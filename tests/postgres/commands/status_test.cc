#include "commands_fixture.h"

namespace postrider::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class StatusTest : public CommandsTest {
 protected:
  /// The lane of a destination, closed up to an event.
  void Close(const std::string& destination, const std::string& event) {
    admin_.Execute("test",
                   "INSERT INTO outbox.lane (destination_id, shard, closed_up_to) VALUES (" +
                       destination + ", 0, " + event + ")");
  }
  void AddRelay() {
    admin_.Execute(
        "test",
        "INSERT INTO outbox.relay (id, name, version, host, pid, pid_start, lease) "
        "VALUES (gen_random_uuid(), 'shop-relay-1', '0.1.0', 'box/4711/1', 7, 1, '15s')");
  }
};

TEST_F(StatusTest, AnEmptyOutboxSaysWhatToDo) {
  const auto outcome = Run({"status"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("No destination"), HasSubstr("postrider run")));
}

TEST_F(StatusTest, ShowsWhatWaitsAndWhatIsDead) {
  const auto cj = AddDestination("cj");
  Close(cj, "0");
  Wait(AddEvent(), cj, 2);
  Die(AddEvent(), cj);
  AddRelay();
  const auto outcome = Run({"status"});
  EXPECT_THAT(outcome.out,
              AllOf(HasSubstr("DESTINATION"), HasSubstr("cj"), HasSubstr("active"),
                    HasSubstr("shop-relay-1"), HasSubstr("box"), Not(HasSubstr("4711"))));
  EXPECT_EQ(outcome.err, "");
}

TEST_F(StatusTest, JsonHasTheColumnsOfTheViews) {
  const auto cj = AddDestination("cj", "{shipment.*}");
  Close(cj, "0");
  Wait(AddEvent("shipment.requested"), cj, 2);
  Die(AddEvent("shipment.requested"), cj);
  AddRelay();
  const auto json = Run({"status", "--json"}).Json();
  ASSERT_EQ(json["destinations"].size(), 1U);
  const auto& row = json["destinations"][0];
  EXPECT_EQ(row["destination"], "cj");
  EXPECT_EQ(row["state"], "active");
  EXPECT_EQ(row["retrying"], 1);
  EXPECT_EQ(row["dead"], 1);
  EXPECT_EQ(row["open_ids"], 2);
  EXPECT_EQ(row["topics"][0], "shipment.*");
  EXPECT_EQ(json["relays"][0]["name"], "shop-relay-1");
  EXPECT_EQ(json["relays"][0]["alive"], true);
  EXPECT_EQ(json["unrouted"].size(), 1U);
}

TEST_F(StatusTest, TheLagIsThatOfTheOldestEventNotClosed) {
  const auto cj = AddDestination("cj");
  Settle(AddEvent(), cj, 1);
  AddEvent();
  admin_.Execute("test",
                 "UPDATE outbox.event SET recorded_at = now() - interval '192 s' WHERE id = 2");
  Close(cj, "0");
  const auto row = Run({"status", "--json"}).Json()["destinations"][0];
  EXPECT_GE(row["lag_seconds"], 192.0);
  EXPECT_LT(row["lag_seconds"], 250.0);
  EXPECT_THAT(Run({"status"}).out, HasSubstr("3m "));
}

TEST_F(StatusTest, ADestinationThatIsUpToDateHasNoLag) {
  const auto cj = AddDestination("cj");
  Settle(AddEvent(), cj, 1);
  Close(cj, "0");
  EXPECT_TRUE(Run({"status", "--json"}).Json()["destinations"][0]["lag_seconds"].is_null());
}

TEST_F(StatusTest, APauseIsShownWithItsNoteAndEndsByResume) {
  AddDestination("cj");
  const auto paused = Run({"pause", "cj", "--for", "1h", "--note", "maintenance"});
  EXPECT_EQ(paused.exit_code, 0);
  EXPECT_THAT(paused.out, HasSubstr("cj is paused until 20"));
  EXPECT_THAT(Run({"status"}).out, AllOf(HasSubstr("paused since"), HasSubstr(": maintenance")));
  EXPECT_THAT(Run({"resume", "cj"}).out, HasSubstr("resumed"));
  EXPECT_THAT(Run({"resume", "cj"}).out, HasSubstr("was not paused"));
  EXPECT_EQ(Run({"resume", "cj", "--json"}).Json()["state"], "active");
}

TEST_F(StatusTest, APauseWithoutAnEndSaysHowToEndIt) {
  AddDestination("cj");
  EXPECT_THAT(Run({"pause", "cj"}).out, HasSubstr("'postrider resume cj'"));
  EXPECT_THAT(One(admin_, "SELECT performed_by FROM outbox.operations"), HasSubstr(" for "));
}

TEST_F(StatusTest, PauseOfAnUnknownDestinationNamesTheKnownOnes) {
  AddDestination("cj");
  AddDestination("kakao");
  for (const char* command : {"pause", "resume"}) {
    const auto outcome = Run({command, "jc"});
    EXPECT_EQ(outcome.exit_code, 2) << command;
    EXPECT_THAT(outcome.err, AllOf(HasSubstr("'jc'"), HasSubstr("Known are: cj, kakao.")));
  }
}

TEST_F(StatusTest, PauseTakesOnlyADurationForItsLength) {
  AddDestination("cj");
  EXPECT_EQ(Run({"pause", "cj", "--for", "soon"}).exit_code, 2);
  EXPECT_EQ(One(admin_, "SELECT count(*) FROM outbox.operations"), "0");
}

TEST_F(StatusTest, WatchLooksAgain) {
  AddDestination("cj");
  const auto outcome = Run({"status", "--watch", "--interval", "10ms", "--times", "3"});
  EXPECT_EQ(outcome.exit_code, 0);
  std::size_t looks = 0;
  for (auto at = outcome.out.find("DESTINATION"); at != std::string::npos;
       at = outcome.out.find("DESTINATION", at + 1)) {
    ++looks;
  }
  EXPECT_EQ(looks, 3U);
  EXPECT_EQ(outcome.out.find('\x1b'), std::string::npos) << "no terminal to clear";
  EXPECT_EQ(Run({"status", "--times", "3"}).exit_code, 2);
}

}  // namespace
}  // namespace postrider::test
