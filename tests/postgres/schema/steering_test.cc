#include "schema_fixture.h"

namespace postrider::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

class SteeringTest : public SchemaTest {
 protected:
  SteeringTest() : operator_(database_.Conninfo(Login(database_.server(), "outbox_operator"))) {}

  Connection operator_;
};

TEST_F(SteeringTest, FindGivesTheDeliveriesOfAKey) {
  AddDestination("a");
  const auto b = AddDestination("b", "{u}");
  const auto first = AddEvent("t", "k");
  AddEvent("t", "other");
  const auto second = AddEvent("u", "k");
  Settle(second, b, 1);
  EXPECT_EQ(All(operator_, "SELECT event_id, destination, state FROM outbox.find('k')"),
            first + "|a|queued " + second + "|a|queued " + second + "|b|delivered");
  EXPECT_EQ(All(operator_, "SELECT event_id FROM outbox.find('nobody', since => '7 days')"),
            "null");
}

TEST_F(SteeringTest, FindLooksBackOnlyAsFarAsItIsTold) {
  AddDestination("a");
  admin_.Execute("test",
                 "INSERT INTO outbox.event (topic, key, recorded_at) "
                 "SELECT 't', 'k', now() - make_interval(hours => 100 - n) "
                 "FROM generate_series(1, 100) n");
  EXPECT_EQ(One(operator_, "SELECT count(*) FROM outbox.find('k', interval '630 minutes')"), "11");
  EXPECT_EQ(One(operator_, "SELECT count(*) FROM outbox.find('k', interval '200 hours')"), "100");
}

TEST_F(SteeringTest, TheFirstIdSinceATimeLeavesNothingOut) {
  admin_.Execute("test",
                 "INSERT INTO outbox.event (topic, recorded_at) "
                 "SELECT 't', timestamptz '2026-01-01' + make_interval(secs => n) "
                 "FROM generate_series(1, 50000) n");
  constexpr int kSlack = 10000;
  EXPECT_EQ(
      One(admin_, "SELECT outbox.first_id_since(timestamptz '2026-01-01' + interval '40000 s')"),
      std::to_string(40000 - kSlack));
  EXPECT_EQ(One(admin_, "SELECT outbox.first_id_since('infinity')"),
            std::to_string(50001 - kSlack));
  EXPECT_EQ(One(admin_, "SELECT outbox.first_id_since('-infinity')"), std::to_string(1 - kSlack));
}

TEST_F(SteeringTest, TraceShowsTheFamilyFromAnyMember) {
  const auto a = AddDestination("a", "{root,leaf}");
  const auto root = AddEvent("root");
  const auto child = [&](const std::string& topic, const std::string& cause) {
    return One(producer_, "INSERT INTO outbox.event (topic, cause_id) VALUES ('" + topic + "', " +
                              cause + ") RETURNING id");
  };
  const auto middle = child("middle", root);
  const auto leaf = child("leaf", middle);
  Settle(root, a, 1);
  const std::string family = "0|" + root + "|root|a|delivered 1|" + middle +
                             "|middle||unrouted 2|" + leaf + "|leaf|a|queued";
  for (const auto& member : {root, middle, leaf}) {
    EXPECT_EQ(
        All(operator_,
            "SELECT depth, event_id, topic, destination, state FROM outbox.trace(" + member + ")"),
        family);
  }
  EXPECT_EQ(All(operator_, "SELECT * FROM outbox.trace(4711)"), "null");
}

TEST_F(SteeringTest, TraceEndsWhenCausesRunInACircle) {
  producer_.Execute("test",
                    "INSERT INTO outbox.event (topic, cause_id) VALUES ('t', 2), ('t', 1), "
                    "('t', 3)");
  EXPECT_EQ(One(operator_, "SELECT count(*) FROM outbox.trace(1)"), "2");
}

TEST_F(SteeringTest, CancelAsksForWhatIsOpenAndNamesWhatIsNot) {
  const auto a = AddDestination("a");
  AddDestination("b");
  const auto event = AddEvent();
  Settle(event, a, 1);
  EXPECT_EQ(All(operator_, "SELECT * FROM outbox.cancel(" + event + ", note => 'order void')"),
            "a|delivered b|requested");
  EXPECT_EQ(
      All(operator_, "SELECT * FROM outbox.cancel(event_id => " + event + ", destination => 'b')"),
      "b|requested");
  EXPECT_EQ(One(admin_, "SELECT count(*) FROM outbox.cancellation WHERE result = 'requested'"),
            "1");
  EXPECT_EQ(All(operator_, "SELECT kind, note, performed_by FROM outbox.operations ORDER BY id"),
            "cancel|\"order void\"|login_outbox_operator cancel||login_outbox_operator");
}

TEST_F(SteeringTest, CancelRefusesWhatIsNotThere) {
  AddDestination("a", "{t}");
  const auto event = AddEvent("u");
  EXPECT_THAT(Refusal(operator_, "SELECT outbox.cancel(4711)"),
              AllOf(StartsWith("P0002"), HasSubstr("no event 4711")));
  EXPECT_THAT(Refusal(operator_, "SELECT outbox.cancel(" + event + ", 'a')"),
              HasSubstr("for destination 'a'"));
  EXPECT_THAT(Refusal(operator_, "SELECT outbox.cancel(" + event + ", 'x')"),
              HasSubstr("Known are: a."));
}

TEST_F(SteeringTest, PauseHoldsUntilResumedOrOver) {
  AddDestination("a");
  const std::string state = "SELECT state FROM outbox.status WHERE destination = 'a'";
  operator_.Execute("test", "SELECT outbox.pause('a', note => 'partner is down')");
  EXPECT_EQ(One(operator_, state), "paused");
  operator_.Execute("test", "SELECT outbox.resume('a')");
  EXPECT_EQ(One(operator_, state), "active");
  operator_.Execute("test", "SELECT outbox.pause('a', until => now() + interval '1h')");
  EXPECT_EQ(One(operator_, state), "paused");
  admin_.Execute("test", "UPDATE outbox.destination SET paused_until = now() - interval '1s'");
  EXPECT_EQ(One(operator_, state), "active");
  EXPECT_EQ(All(operator_, "SELECT kind, note FROM outbox.operations ORDER BY id"),
            "pause|\"partner is down\" resume| pause|");
}

TEST_F(SteeringTest, PauseRefusesAPastEndAndUnknownNames) {
  EXPECT_THAT(Refusal(operator_, "SELECT outbox.pause('a')"),
              AllOf(StartsWith("42704"), HasSubstr("None is known yet")));
  AddDestination("a");
  EXPECT_THAT(Refusal(operator_, "SELECT outbox.pause('a', until => now() - interval '1h')"),
              AllOf(StartsWith("22023"), HasSubstr("past")));
}

TEST_F(SteeringTest, AProgramCanSayForWhomItActs) {
  AddDestination("a");
  operator_.Execute("test", "SET LOCAL postrider.acting_for = 'oncall'; SELECT outbox.pause('a')");
  EXPECT_EQ(One(operator_, "SELECT performed_by FROM outbox.operations"),
            "login_outbox_operator for oncall");
}

}  // namespace
}  // namespace postrider::test
