#include "schema_fixture.h"

namespace postrider::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

class RetiredTest : public SchemaTest {
 protected:
  RetiredTest()
      : operator_(database_.Conninfo(Login(database_.server(), "outbox_operator"))),
        a_(AddDestination("a")) {}

  void Retire() { admin_.Execute("test", "UPDATE outbox.destination SET retired_at = now()"); }
  std::string States() {
    return All(admin_, "SELECT event_id, state FROM outbox.delivery WHERE destination_id = " + a_ +
                           " ORDER BY event_id");
  }

  Connection operator_;
  const std::string a_;
};

TEST_F(RetiredTest, ParkDeadLettersWhatWaitsInTheBacklogAndInTheLog) {
  const auto delivered = AddEvent();
  Settle(delivered, a_, 1);
  const auto retrying = AddEvent();
  Wait(retrying, a_, 2);
  const auto waiting = AddEvent();
  Retire();
  EXPECT_EQ(All(operator_, "SELECT * FROM outbox.park('a', dry_run => true)"), "|2");
  EXPECT_EQ(All(operator_, "SELECT * FROM outbox.park(destination => 'a', note => 'gone')"), "1|2");
  EXPECT_EQ(States(), delivered + "|delivered " + retrying + "|dead " + waiting + "|dead");
  EXPECT_EQ(All(operator_,
                "SELECT event_id, reason, attempts, payload FROM outbox.dead_letters ORDER BY 1"),
            retrying + R"(|parked|2|"{""n"": 1}" )" + waiting + R"(|parked|0|"{""n"": 1}")");
  EXPECT_EQ(All(operator_, "SELECT kind, status, done, note FROM outbox.operations"),
            "park|done|2|gone");
  EXPECT_EQ(All(operator_, "SELECT * FROM outbox.park('a')"), "|0");
}

TEST_F(RetiredTest, WhatWasParkedCanBeReplayed) {
  const auto event = AddEvent();
  Retire();
  operator_.Execute("test", "SELECT outbox.park('a')");
  EXPECT_EQ(All(operator_, "SELECT * FROM outbox.replay_dead(reason => 'parked')"), "2|1");
  EXPECT_EQ(States(), event + "|queued");
}

TEST_F(RetiredTest, ACopyInTheBacklogIsParkedWithItsBody) {
  const auto event = AddEvent();
  Wait(event, a_, 2);
  admin_.Execute("test",
                 "UPDATE outbox.backlog SET copied = true, payload = '[7]'; "
                 "TRUNCATE outbox.event");
  Retire();
  operator_.Execute("test", "SELECT outbox.park('a')");
  EXPECT_EQ(One(operator_, "SELECT payload FROM outbox.dead_letters"), "[7]");
}

TEST_F(RetiredTest, ManyAreParkedInBatches) {
  admin_.Execute("test",
                 "INSERT INTO outbox.event (topic) SELECT 't' FROM generate_series(1, 1700)");
  Retire();
  EXPECT_EQ(All(operator_, "SELECT * FROM outbox.park('a')"), "1|1700");
  EXPECT_EQ(All(operator_, "SELECT status, done FROM outbox.continue_operation(1)"), "done|1700");
  EXPECT_EQ(One(operator_, "SELECT count(DISTINCT event_id) FROM outbox.dead_letters"), "1700");
}

TEST_F(RetiredTest, OneThatIsServedIsNeitherParkedNorDropped) {
  EXPECT_THAT(Refusal(operator_, "SELECT outbox.park('a')"),
              AllOf(StartsWith("55006"), HasSubstr("not retired"), HasSubstr("pause it")));
  Retire();
  admin_.Execute("test",
                 "INSERT INTO outbox.relay (id, name, version, host, pid, pid_start, lease) VALUES "
                 "(gen_random_uuid(), 'shop-2', '0', 'h', 1, 1, '1h'); INSERT INTO outbox.fence "
                 "(destination_id, shard, owner) SELECT " +
                     a_ + ", 0, id FROM outbox.relay");
  EXPECT_THAT(Refusal(operator_, "SELECT outbox.drop('a')"), HasSubstr("relay shop-2 serves it"));
  admin_.Execute("test", "UPDATE outbox.relay SET heartbeat = now() - interval '2h'");
  operator_.Execute("test", "SELECT outbox.drop('a')");
}

TEST_F(RetiredTest, AParkRaisesTheFences) {
  admin_.Execute("test", "INSERT INTO outbox.fence (destination_id, shard, owner) VALUES (" + a_ +
                             ", 0, gen_random_uuid())");
  AddEvent();
  Retire();
  operator_.Execute("test", "SELECT outbox.park('a')");
  EXPECT_EQ(All(admin_, "SELECT owner, epoch FROM outbox.fence WHERE destination_id = " + a_),
            "|1");
}

TEST_F(RetiredTest, ADestinationThatComesBackIsNotParkedFurther) {
  admin_.Execute("test",
                 "INSERT INTO outbox.event (topic) SELECT 't' FROM generate_series(1, 1700)");
  Retire();
  operator_.Execute("test", "SELECT outbox.park('a')");
  admin_.Execute("test", "UPDATE outbox.destination SET retired_at = NULL");
  EXPECT_EQ(All(operator_, "SELECT status, done FROM outbox.continue_operation(1)"), "failed|1000");
  EXPECT_THAT(One(operator_, "SELECT error FROM outbox.operations"), HasSubstr("file again"));
}

TEST_F(RetiredTest, DropDiscardsWhatWaitsAndWhatIsDead) {
  const auto delivered = AddEvent();
  Settle(delivered, a_, 1);
  const auto dead = AddEvent();
  Die(dead, a_);
  const auto retrying = AddEvent();
  Wait(retrying, a_, 2);
  const auto waiting = AddEvent();
  Retire();
  EXPECT_EQ(All(operator_, "SELECT * FROM outbox.drop('a', dry_run => true)"), "|3");
  EXPECT_EQ(All(operator_, "SELECT * FROM outbox.drop(destination => 'a', note => 'x')"), "1|3");
  EXPECT_EQ(States(), delivered + "|delivered " + dead + "|discarded " + retrying + "|discarded " +
                          waiting + "|discarded");
  EXPECT_EQ(One(operator_, "SELECT count(*) FROM outbox.dead_letters"), "0");
  EXPECT_EQ(One(admin_, "SELECT count(*) FROM outbox.backlog"), "0");
  EXPECT_EQ(One(operator_, "SELECT count(*) FROM outbox.status WHERE destination = 'a'"), "0");
  EXPECT_THAT(Refusal(operator_, "SELECT outbox.pause('a')"), HasSubstr("no destination 'a'"));
}

TEST_F(RetiredTest, ADroppedDestinationTakesNothingAndItsNameIsFree) {
  const auto before = AddEvent();
  Retire();
  operator_.Execute("test", "SELECT outbox.drop('a')");
  const auto after = AddEvent();
  EXPECT_EQ(One(admin_, "SELECT count(*) FROM outbox.delivery WHERE event_id = " + after), "0");
  const auto again = One(
      admin_, "SELECT destination_id FROM outbox.register_destination('a', '{*}', 1, false, 'r')");
  EXPECT_NE(again, a_);
  const auto fresh = AddEvent();
  EXPECT_EQ(
      All(admin_, "SELECT event_id, state FROM outbox.delivery WHERE destination_id = " + again),
      fresh + "|queued");
  EXPECT_EQ(States(), before + "|discarded");
}

TEST_F(RetiredTest, AnEmptyOneIsDroppedToo) {
  Retire();
  EXPECT_EQ(All(operator_, "SELECT * FROM outbox.drop('a')"), "1|0");
  EXPECT_EQ(One(operator_, "SELECT count(*) FROM outbox.status WHERE destination = 'a'"), "0");
}

}  // namespace
}  // namespace postrider::test
