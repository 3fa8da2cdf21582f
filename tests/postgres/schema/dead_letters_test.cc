#include "schema_fixture.h"

namespace postrider::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

class DeadLettersTest : public SchemaTest {
 protected:
  DeadLettersTest()
      : operator_(database_.Conninfo(Login(database_.server(), "outbox_operator"))),
        a_(AddDestination("a")) {}

  std::string Operations() {
    return All(admin_, "SELECT kind, matched, note FROM outbox.operations ORDER BY id");
  }

  Connection operator_;
  std::string a_;
};

TEST_F(DeadLettersTest, ReplayPutsTheCompleteEventBackIntoTheBacklog) {
  const auto event = AddEvent();
  Die(event, a_);
  EXPECT_EQ(All(operator_, "SELECT * FROM outbox.replay_dead(destination => 'a', note => 'fixed')"),
            "1|1");
  EXPECT_EQ(All(admin_,
                "SELECT event_id, run, waiting_for, due_at <= clock_timestamp() AS due, copied, "
                "b.payload, attempts, predecessor, new_key, "
                "b.event_xid = e.xid AND b.recorded_at = e.recorded_at AND b.slot = "
                "outbox.slot(e.key, e.id) AND b.bucket = e.bucket AS same "
                "FROM outbox.backlog b JOIN outbox.event e ON e.id = event_id"),
            event + R"(|2|4|t|t|"{""n"": 1}"|0||f|t)");
  EXPECT_EQ(One(admin_, "SELECT count(*) FROM outbox.outcome"), "0");
  EXPECT_EQ(One(admin_, "SELECT status FROM outbox.dead_letter"), "replayed");
  EXPECT_EQ(One(admin_, "SELECT state FROM outbox.delivery"), "queued");
  EXPECT_EQ(Operations(), "replay_dead|1|fixed");
}

TEST_F(DeadLettersTest, ReplayHasANewXidThatTheRelayCanNotice) {
  Die(AddEvent(), a_);
  const auto snapshot = One(admin_, "SELECT pg_current_snapshot()");
  operator_.Execute("test", "SELECT outbox.replay_dead(destination => 'a', new_key => true)");
  EXPECT_EQ(All(admin_, "SELECT pg_visible_in_snapshot(xid, '" + snapshot +
                            "') AS seen, new_key "
                            "FROM outbox.backlog"),
            "f|t");
}

TEST_F(DeadLettersTest, EachFilterNarrows) {
  AddDestination("b");
  const auto first = Die(AddEvent("t.x", "k1"), a_, "exhausted");
  Die(AddEvent("t.y", "k2"), a_, "refused");
  const auto count = [&](const std::string& filter) {
    return One(operator_,
               "SELECT matched FROM outbox.replay_dead(" + filter + ", dry_run => true)");
  };
  EXPECT_EQ(count("ids => ARRAY[" + first + ", 99]"), "1");
  EXPECT_EQ(count("ids => '{}'"), "0");
  EXPECT_EQ(count("destination => 'a'"), "2");
  EXPECT_EQ(count("destination => 'b'"), "0");
  EXPECT_EQ(count("topic => 't.x'"), "1");
  EXPECT_EQ(count("topic => 't.*'"), "2");
  EXPECT_EQ(count("key => 'k2'"), "1");
  EXPECT_EQ(count("reason => 'exhausted'"), "1");
  EXPECT_EQ(count("since => now() + interval '1h'"), "0");
  EXPECT_EQ(count("until => now() + interval '1h'"), "2");
  EXPECT_EQ(count("topic => 't.*', key => 'k1', reason => 'exhausted'"), "1");
  EXPECT_EQ(Operations(), "null");
}

TEST_F(DeadLettersTest, AnEmptyFilterIsRefusedUnlessItOnlyCounts) {
  Die(AddEvent(), a_);
  for (const std::string verb : {"replay", "discard"}) {
    EXPECT_THAT(Refusal(operator_, "SELECT outbox." + verb + "_dead(note => 'all')"),
                AllOf(StartsWith("22023"), HasSubstr(verb + " every dead letter"),
                      HasSubstr("since => '-infinity'")));
    EXPECT_EQ(All(operator_, "SELECT * FROM outbox." + verb + "_dead(dry_run => true)"), "|1");
  }
  EXPECT_EQ(All(operator_, "SELECT * FROM outbox.replay_dead(since => '-infinity')"), "1|1");
}

TEST_F(DeadLettersTest, UnknownNamesAreRefusedWithTheKnownOnes) {
  EXPECT_THAT(Refusal(operator_, "SELECT outbox.replay_dead(destination => 'x')"),
              AllOf(HasSubstr("'x'"), HasSubstr("Known are: a.")));
  EXPECT_THAT(Refusal(operator_, "SELECT outbox.discard_dead(reason => 'tired')"),
              AllOf(HasSubstr("'tired'"), HasSubstr("no_route")));
}

TEST_F(DeadLettersTest, ALateSuccessIsNotReplayed) {
  const auto event = AddEvent();
  Die(event, a_);
  admin_.Execute("test", "UPDATE outbox.outcome SET state = 1");
  EXPECT_EQ(All(operator_, "SELECT * FROM outbox.replay_dead(destination => 'a')"), "|0");
  EXPECT_EQ(One(admin_, "SELECT state FROM outbox.delivery"), "delivered");
}

TEST_F(DeadLettersTest, WhatNobodyTookGoesToWhoTakesItNow) {
  const auto event = AddEvent("late.topic");
  admin_.Execute("test", "UPDATE outbox.subscription SET topics = '{t}'");
  Die(event, "0", "no_route");
  EXPECT_EQ(All(operator_, "SELECT * FROM outbox.replay_dead(reason => 'no_route')"), "|0");
  const auto b = AddDestination("b", "{late.*}");
  const auto reader = AddDestination("reader", "{late.*}");  // takes it from the log by itself
  admin_.Execute("test", "UPDATE outbox.subscription SET since = '{" + event +
                             "}' WHERE destination_id = " + b);
  EXPECT_EQ(All(operator_, "SELECT * FROM outbox.replay_dead(reason => 'no_route')"), "1|1");
  EXPECT_EQ(All(admin_, "SELECT destination_id, waiting_for FROM outbox.backlog"), b + "|4");
  EXPECT_EQ(All(admin_, "SELECT destination, state FROM outbox.delivery ORDER BY 1"),
            "b|queued reader|queued");
}

TEST_F(DeadLettersTest, DiscardEndsTheLetterAndLetsTheNextOfItsKeyGo) {
  const auto dead = AddEvent("t", "k");
  Die(dead, a_);
  const auto next = AddEvent("t", "k");
  const auto last = AddEvent("t", "k");
  const auto other = AddEvent("t", "other");
  Wait(last, a_, 3, dead);
  Wait(next, a_, 3, dead);
  Wait(other, a_, 3, "4711");
  EXPECT_EQ(All(operator_, "SELECT * FROM outbox.discard_dead(key => 'k', note => 'void')"), "1|1");
  EXPECT_EQ(All(admin_,
                "SELECT event_id, waiting_for, predecessor, due_at <= clock_timestamp() AS due "
                "FROM outbox.backlog ORDER BY event_id"),
            next + "|4||t " + last + "|3|" + dead + "|f " + other + "|3|4711|f");
  EXPECT_EQ(One(admin_, "SELECT state FROM outbox.delivery WHERE event_id = " + dead), "discarded");
  EXPECT_EQ(One(admin_, "SELECT count(*) FROM outbox.dead_letters"), "0");
  EXPECT_EQ(Operations(), "discard_dead|1|void");
}

TEST_F(DeadLettersTest, AmendSendsAnotherPayloadToTheSameDestination) {
  AddDestination("b");
  const auto event = AddEvent("t", "k");
  const auto letter = Die(event, a_);
  const auto amended =
      One(operator_, "SELECT outbox.amend_dead(" + letter + ", '{\"n\": 2}', 'typo')");
  EXPECT_EQ(All(admin_,
                "SELECT topic, key, payload, cause_id, destination_id, body IS NULL AS empty "
                "FROM outbox.event WHERE id = " +
                    amended),
            R"(t|k|"{""n"": 2}"|)" + event + "|-" + a_ + "|t");
  EXPECT_EQ(
      All(admin_, "SELECT destination, state FROM outbox.delivery WHERE event_id = " + amended),
      "a|queued");
  EXPECT_EQ(One(admin_, "SELECT status FROM outbox.dead_letter"), "amended");
  EXPECT_EQ(Operations(), "amend_dead|1|typo");
}

TEST_F(DeadLettersTest, AnAmendedEventGoesBeforeWhatWaitsBehindTheDeadOne) {
  const auto dead = AddEvent("t", "k");
  const auto letter = Die(dead, a_);
  const auto next = AddEvent("t", "k");
  Wait(next, a_, 3, dead);
  const auto amended = One(operator_, "SELECT outbox.amend_dead(" + letter + ", '{}', 'x')");
  EXPECT_EQ(All(admin_,
                "SELECT event_id, waiting_for, due_at <= clock_timestamp() AS due, slot = "
                "outbox.slot('k', 0) AS same FROM outbox.backlog ORDER BY event_id"),
            next + "|3|f|t " + amended + "|4|t|t");
}

TEST_F(DeadLettersTest, AmendReplacesABodyAndKeepsItsContentType) {
  const auto event = One(producer_,
                         "INSERT INTO outbox.event (topic, key, body, content_type) VALUES ('t', "
                         "'k', '\\x0001', 'application/x-protobuf') RETURNING id");
  Die(event, a_);
  admin_.Execute("test",
                 "UPDATE outbox.dead_letter SET body = '\\x0001', content_type = "
                 "'application/x-protobuf'");
  const auto amended = One(operator_,
                           "SELECT outbox.amend_dead(id => 1, payload => NULL, note => 'bit', body "
                           "=> '\\x0002')");
  EXPECT_EQ(
      All(admin_, "SELECT payload, body, content_type FROM outbox.event WHERE id = " + amended),
      "|\"\\\\x0002\"|application/x-protobuf");
}

TEST_F(DeadLettersTest, AmendOfABodyTakesAnotherContentTypeAndAPayloadHasNone) {
  const auto first = Die(AddEvent(), a_);
  const auto second = Die(AddEvent(), a_);
  admin_.Execute("test", "UPDATE outbox.dead_letter SET body = 'a', content_type = 'text/plain'");
  const auto type_of = [&](const std::string& arguments) {
    return One(admin_, "SELECT content_type FROM outbox.event WHERE id = " +
                           One(operator_, "SELECT outbox.amend_dead(" + arguments + ")"));
  };
  EXPECT_EQ(type_of(first + ", NULL, 'x', body => '', content_type => 'text/csv'"), "text/csv");
  EXPECT_EQ(type_of(second + ", '{}', 'x'"), "null");
}

TEST_F(DeadLettersTest, AmendNeedsAPayloadOrABody) {
  const auto letter = Die(AddEvent(), a_);
  for (const std::string rest : {", NULL, 'x'", ", '{}', 'x', body => 'a'"}) {
    EXPECT_THAT(Refusal(operator_, "SELECT outbox.amend_dead(" + letter + rest + ")"),
                AllOf(StartsWith("22023"), HasSubstr("either a payload or a body")));
  }
}

TEST_F(DeadLettersTest, WhatAmendsALetterOfNoDestinationIsAnOrdinaryEvent) {
  const auto letter = Die(AddEvent(), "0", "no_route");
  const auto amended = One(operator_, "SELECT outbox.amend_dead(" + letter + ", '{}', 'x')");
  EXPECT_EQ(One(admin_, "SELECT destination_id FROM outbox.event WHERE id = " + amended), "null");
  EXPECT_EQ(One(admin_, "SELECT count(*) FROM outbox.backlog"), "0");
}

TEST_F(DeadLettersTest, AmendRefusesWhatIsNotOpenOrNotJson) {
  const auto letter = Die(AddEvent(), a_);
  EXPECT_THAT(Refusal(operator_, "SELECT outbox.amend_dead(" + letter + ", '{', 'x')"),
              HasSubstr("payload_is_json"));
  EXPECT_EQ(One(admin_, "SELECT status FROM outbox.dead_letter"), "open");
  operator_.Execute("test", "SELECT outbox.discard_dead(ids => ARRAY[" + letter + "])");
  EXPECT_THAT(Refusal(operator_, "SELECT outbox.amend_dead(" + letter + ", '{}', 'x')"),
              AllOf(StartsWith("P0002"), HasSubstr("it is discarded")));
  EXPECT_THAT(Refusal(operator_, "SELECT outbox.amend_dead(4711, '{}', 'x')"),
              HasSubstr("no open dead letter 4711"));
}

TEST_F(DeadLettersTest, ReplayOfATimeSendsAgainWhatWasDeliveredOrDied) {
  for (int state = 1; state <= 5; ++state) {
    const auto event = AddEvent("t" + std::to_string(state));
    state == 2 ? static_cast<void>(Die(event, a_)) : Settle(event, a_, state);
  }
  AddEvent("open");
  EXPECT_EQ(All(operator_,
                "SELECT * FROM outbox.replay('a', now() - interval '1h', 'infinity', "
                "topic => 't1', dry_run => true)"),
            "|1");
  EXPECT_EQ(All(operator_,
                "SELECT * FROM outbox.replay('a', now() - interval '1h', 'infinity', "
                "note => 'lost', new_key => true)"),
            "1|2");
  EXPECT_EQ(All(admin_,
                "SELECT topic, run, waiting_for, copied, new_key FROM outbox.backlog "
                "ORDER BY topic"),
            "t1|2|4|f|t t2|2|4|f|t");
  EXPECT_EQ(One(admin_, "SELECT status FROM outbox.dead_letter"), "replayed");
  EXPECT_EQ(Operations(), "replay|2|lost");
}

TEST_F(DeadLettersTest, ReplayOfATimeNeedsATime) {
  EXPECT_THAT(Refusal(operator_, "SELECT outbox.replay('a', now(), now())"), StartsWith("22023"));
  EXPECT_THAT(Refusal(operator_, "SELECT outbox.replay('a', NULL, now())"), StartsWith("22023"));
  EXPECT_EQ(All(operator_, "SELECT * FROM outbox.replay('a', '-infinity', now())"), "|0");
}

}  // namespace
}  // namespace postrider::test
