#include "commands_fixture.h"

namespace postrider::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class EventCommandsTest : public CommandsTest {
 protected:
  EventCommandsTest() : cj_(AddDestination("cj")) {}

  const std::string cj_;
};

TEST_F(EventCommandsTest, ListHasTheNewestFirst) {
  Settle(AddEvent("shipment.requested", "order-1"), cj_, 1);
  AddEvent("shipment.requested", "order-2");
  const auto items = Run({"event", "list", "--json"}).Json()["items"];
  ASSERT_EQ(items.size(), 2U);
  EXPECT_EQ(items[0]["key"], "order-2");
  EXPECT_EQ(items[0]["state"], "queued");
  EXPECT_EQ(items[1]["key"], "order-1");
  EXPECT_EQ(items[1]["state"], "delivered");
}

TEST_F(EventCommandsTest, EachFilterNarrows) {
  Settle(AddEvent("shipment.requested", "order-1"), cj_, 1);
  AddEvent("shipment.failed", "order-2");
  const auto count = [this](std::vector<std::string> filter) {
    filter.insert(filter.begin(), {"event", "list", "--json"});
    return Run(filter).Json()["items"].size();
  };
  EXPECT_EQ(count({}), 2U);
  EXPECT_EQ(count({"--key", "order-2"}), 1U);
  EXPECT_EQ(count({"--key", "order-2", "--state", "delivered"}), 0U);
  EXPECT_EQ(count({"--topic", "shipment.failed"}), 1U);
  EXPECT_EQ(count({"--topic", "shipment.*"}), 2U);
  EXPECT_EQ(count({"--state", "delivered"}), 1U);
  EXPECT_EQ(count({"--destination", "cj"}), 2U);
  EXPECT_EQ(count({"--since", "5m"}), 2U);
  EXPECT_EQ(count({"--since", "2999-01-01"}), 0U);
  EXPECT_EQ(count({"--limit", "1"}), 1U);
}

TEST_F(EventCommandsTest, ListReachesBackOverEmptyRangesOfIds) {
  AddEvent("old", "k");
  admin_.Execute("test", "SELECT setval('outbox.event_id_seq', 60000)");
  AddEvent("new", "k");
  EXPECT_EQ(Run({"event", "list", "--json"}).Json()["items"].size(), 2U);
}

TEST_F(EventCommandsTest, NothingFoundIsExitCode3) {
  const auto outcome = Run({"event", "list", "--key", "order-9"});
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_THAT(outcome.out, HasSubstr("No delivery matches"));
}

TEST_F(EventCommandsTest, AnUnknownDestinationNamesTheKnownOnes) {
  const auto outcome = Run({"event", "list", "--destination", "jc"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("Known are: cj."));
}

TEST_F(EventCommandsTest, ShowHasTheEventItsDeliveriesAndAttempts) {
  const auto event = AddEvent("shipment.requested", "order-1");
  Die(event, cj_);
  admin_.Execute("test",
                 "INSERT INTO outbox.attempt (event_id, started_at, epoch, destination_id, n, "
                 "bucket, http_status, charged, result, class, error) SELECT id, now(), 1, " +
                     cj_ + ", 1, bucket, 503, true, 'retry', 'http_5xx', 'busy' FROM outbox.event");
  const auto outcome = Run({"event", "show", event});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.out,
              AllOf(HasSubstr("shipment.requested"), HasSubstr(R"({"n": 1})"), HasSubstr("dead"),
                    HasSubstr("http_5xx"), HasSubstr("postrider dead show")));
  const auto json = Run({"event", "show", event, "--json"}).Json();
  EXPECT_EQ(json["event"]["payload"], R"({"n": 1})");
  EXPECT_EQ(json["deliveries"][0]["state"], "dead");
  EXPECT_EQ(json["attempts"][0]["http_status"], 503);
  EXPECT_EQ(json["dead_letters"][0]["destination"], "cj");
}

TEST_F(EventCommandsTest, ShowHidesThePayloadFromViewers) {
  const auto event = AddEvent("shipment.requested", "order-1");
  configuration_ = WriteConfiguration(
      "viewer.yaml", database_.Conninfo(Login(database_.server(), "outbox_viewer")));
  const auto outcome = Run({"event", "show", event});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("shipment.requested"), HasSubstr("queued"),
                                 HasSubstr("payload is not shown"), Not(HasSubstr("\"n\""))));
  EXPECT_EQ(Run({"event", "list"}).exit_code, 0);
  EXPECT_EQ(Run({"status"}).exit_code, 0);
}

TEST_F(EventCommandsTest, OperatorsSeeThePayloadAndTheAttemptsThroughTheViews) {
  const auto event = AddEvent("shipment.requested", "order-1");
  admin_.Execute("test",
                 "INSERT INTO outbox.attempt (event_id, started_at, epoch, destination_id, n, "
                 "bucket, charged, result, class) SELECT id, now(), 1, " +
                     cj_ + ", 1, bucket, true, 'retry', 'timeout' FROM outbox.event");
  configuration_ = WriteConfiguration(
      "operator.yaml", database_.Conninfo(Login(database_.server(), "outbox_operator")));
  const auto json = Run({"event", "show", event, "--json"}).Json();
  EXPECT_EQ(json["event"]["payload"], R"({"n": 1})");
  EXPECT_EQ(json["attempts"][0]["destination"], "cj");
  EXPECT_EQ(json["attempts"][0]["class"], "timeout");
}

TEST_F(EventCommandsTest, ShowFindsWhatADeadLetterHasKept) {
  const auto event = AddEvent("shipment.requested", "order-1");
  Die(event, cj_);
  admin_.Execute("test", "TRUNCATE outbox.event, outbox.outcome");
  const auto json = Run({"event", "show", event, "--json"}).Json();
  EXPECT_EQ(json["event"]["payload"], R"({"n": 1})");
  EXPECT_EQ(json["event"]["key"], "order-1");
}

TEST_F(EventCommandsTest, TraceShowsTheFamilyAsATree) {
  const auto root = AddEvent("shipment.requested", "order-1");
  Settle(root, cj_, 1);
  const auto child =
      One(producer_, "INSERT INTO outbox.event (topic, cause_id) VALUES ('shipment.accepted', " +
                         root + ") RETURNING id");
  const auto outcome = Run({"event", "trace", child});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.out, AllOf(HasSubstr(root + "      shipment.requested"),
                                 HasSubstr("  " + child + "    shipment.accepted")));
  const auto items = Run({"event", "trace", root, "--json"}).Json()["items"];
  ASSERT_EQ(items.size(), 2U);
  EXPECT_EQ(items[1]["depth"], 1);
  EXPECT_EQ(items[1]["cause_id"], std::stoi(root));
  EXPECT_EQ(Run({"event", "trace", "4711"}).exit_code, 3);
}

TEST_F(EventCommandsTest, CancelSaysWhatTheRelayDecides) {
  const auto event = AddEvent("shipment.requested", "order-1");
  const auto asked = Run({"event", "cancel", event, "--note", "void", "--wait", "1ms"});
  EXPECT_EQ(asked.exit_code, 0) << asked.err;
  EXPECT_THAT(asked.out, HasSubstr("cj           requested"));
  admin_.Execute("test",
                 "CREATE FUNCTION decide() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                 "new.result := 'cancelled'; RETURN new; END $$; CREATE TRIGGER decide BEFORE "
                 "INSERT OR UPDATE ON outbox.cancellation FOR EACH ROW EXECUTE FUNCTION decide()");
  admin_.Execute("test", "UPDATE outbox.cancellation SET result = 'x'");
  const auto decided = Run({"event", "cancel", event, "--json", "--wait", "10s"});
  EXPECT_EQ(decided.exit_code, 0);
  EXPECT_EQ(decided.Json()["items"][0]["result"], "cancelled");
  EXPECT_EQ(One(admin_, "SELECT note FROM outbox.operations ORDER BY id LIMIT 1"), "void");
}

TEST_F(EventCommandsTest, CancelOfWhatHasEndedSaysHow) {
  const auto event = AddEvent("shipment.requested", "order-1");
  Settle(event, cj_, 1);
  const auto ended = Run({"event", "cancel", event});
  EXPECT_EQ(ended.exit_code, 3);
  EXPECT_THAT(ended.out, HasSubstr("delivered"));
  AddDestination("kakao");
  EXPECT_EQ(Run({"event", "cancel", event, "--wait", "1ms"}).exit_code, 4);
  EXPECT_EQ(Run({"event", "cancel", event, "--destination", "kakao", "--wait", "1ms"}).exit_code,
            0);
  EXPECT_EQ(Run({"event", "cancel", "4711"}).exit_code, 3);
  EXPECT_EQ(Run({"event", "cancel", event, "--destination", "x"}).exit_code, 2);
}

TEST_F(EventCommandsTest, TheRelaysOwnRoleMayLookAtAll) {
  const auto event = AddEvent("shipment.requested", "order-1");
  configuration_ = WriteConfiguration(
      "relay.yaml", database_.Conninfo(Login(database_.server(), "outbox_relay")));
  EXPECT_THAT(Run({"event", "show", event}).out, HasSubstr(R"({"n": 1})"));
  EXPECT_EQ(Run({"event", "list", "--key", "order-1"}).exit_code, 0);
}

TEST_F(EventCommandsTest, ShowOfAnEventThatIsNotThere) {
  const auto outcome = Run({"event", "show", "4711"});
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_THAT(outcome.err, HasSubstr("there is no event 4711"));
}

}  // namespace
}  // namespace postrider::test
