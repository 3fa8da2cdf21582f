#include "schema_fixture.h"

namespace postrider::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

class OperationsTest : public SchemaTest {
 protected:
  OperationsTest()
      : operator_(database_.Conninfo(Login(database_.server(), "outbox_operator"))),
        relay_(database_.Conninfo(Login(database_.server(), "outbox_relay"))),
        a_(AddDestination("a")) {}

  /// Events 1 to n with an outcome for `a`: 1 delivered, 2 dead (with a letter).
  void SettleMany(int n, int state) {
    admin_.Execute(
        "test",
        "INSERT INTO outbox.event (topic, key, payload) "
        "SELECT 't', 'k' || n, '{}' FROM generate_series(1, " +
            std::to_string(n) +
            ") n; INSERT INTO outbox.outcome (event_id, "
            "finished_at, destination_id, bucket, state) SELECT id, clock_timestamp(), " +
            a_ + ", bucket, " + std::to_string(state) + " FROM outbox.event");
    if (state == 2) AddLetters("id > 0");
  }
  void AddLetters(const std::string& condition) {
    admin_.Execute("test",
                   "INSERT INTO outbox.dead_letter (event_id, destination_id, reason, died_at, "
                   "slot, bucket, event_xid, recorded_at, topic, key, payload) SELECT id, " +
                       a_ +
                       ", 'refused', clock_timestamp(), 0, bucket, xid, recorded_at, topic, key, "
                       "payload FROM outbox.event WHERE " +
                       condition);
  }
  std::string Continue() {
    return All(operator_, "SELECT status, matched, done FROM outbox.continue_operation(1)");
  }
  std::string Count(const std::string& from) {
    return One(admin_, "SELECT count(*) FROM outbox." + from);
  }

  Connection operator_;
  Connection relay_;
  const std::string a_;
};

TEST_F(OperationsTest, ManyLettersAreReplayedInBatches) {
  SettleMany(2500, 2);
  EXPECT_EQ(All(operator_, "SELECT * FROM outbox.replay_dead(destination => 'a')"), "1|2500");
  EXPECT_EQ(All(operator_, "SELECT kind, status, matched, done FROM outbox.operations"),
            "replay_dead|running|2500|1000");
  EXPECT_EQ(Count("backlog"), "1000");
  EXPECT_EQ(Continue(), "running|2500|2000");
  EXPECT_EQ(Continue(), "done|2500|2500");
  EXPECT_EQ(Continue(), "done|2500|2500");
  EXPECT_EQ(Count("backlog WHERE run = 2 AND waiting_for = 4"), "2500");
  EXPECT_EQ(Count("outcome"), "0");
  EXPECT_EQ(Count("dead_letters"), "0");
}

TEST_F(OperationsTest, ABatchThatTakesTheLastRowIsTheLast) {
  SettleMany(1000, 2);
  operator_.Execute("test", "SELECT outbox.discard_dead(destination => 'a')");
  EXPECT_EQ(All(operator_, "SELECT status, done FROM outbox.operations"), "done|1000");
}

TEST_F(OperationsTest, WhatDiesAfterTheBeginningIsNoPartOfIt) {
  SettleMany(1500, 2);
  operator_.Execute("test", "SELECT outbox.discard_dead(destination => 'a')");
  const auto late = AddEvent();
  Die(late, a_);
  EXPECT_EQ(Continue(), "done|1500|1500");
  EXPECT_EQ(One(admin_, "SELECT event_id FROM outbox.dead_letters"), late);
}

TEST_F(OperationsTest, ACancelledOneKeepsWhatIsDoneAndDoesNoMore) {
  SettleMany(1500, 2);
  operator_.Execute("test", "SELECT outbox.discard_dead(destination => 'a')");
  EXPECT_EQ(One(operator_, "SELECT outbox.cancel_operation(1)"), "cancelled");
  EXPECT_EQ(Continue(), "cancelled|1500|1000");
  EXPECT_EQ(One(relay_, "SELECT outbox.continue_operations()"), "null");
  EXPECT_EQ(Count("dead_letters"), "500");
  EXPECT_EQ(One(admin_, "SELECT finished_at IS NOT NULL FROM outbox.operations"), "t");
}

TEST_F(OperationsTest, CancelSaysWhatHasEndedAlreadyAndWhatIsNotThere) {
  Die(AddEvent(), a_);
  operator_.Execute("test", "SELECT outbox.discard_dead(destination => 'a')");
  EXPECT_EQ(One(operator_, "SELECT outbox.cancel_operation(operation => 1)"), "done");
  EXPECT_THAT(Refusal(operator_, "SELECT outbox.cancel_operation(7)"),
              AllOf(StartsWith("P0002"), HasSubstr("no operation 7")));
  EXPECT_THAT(Refusal(operator_, "SELECT outbox.continue_operation(7)"), StartsWith("P0002"));
}

TEST_F(OperationsTest, RelaysGoOnWithTheOldestThatNobodyIsAt) {
  SettleMany(2500, 2);
  operator_.Execute("test", "SELECT outbox.replay_dead(destination => 'a')");
  operator_.Execute("test", "BEGIN; SELECT * FROM outbox.continue_operation(1)");
  EXPECT_EQ(One(relay_, "SELECT outbox.continue_operations()"), "null");
  operator_.Execute("test", "COMMIT");
  EXPECT_EQ(One(relay_, "SELECT outbox.continue_operations()"), "1");
  EXPECT_EQ(One(relay_, "SELECT outbox.continue_operations()"), "null");
  EXPECT_EQ(All(operator_, "SELECT status, done FROM outbox.operations"), "done|2500");
}

TEST_F(OperationsTest, AReplayOfATimeSendsNothingTwice) {
  SettleMany(2500, 1);
  EXPECT_EQ(All(operator_,
                "SELECT * FROM outbox.replay('a', now() - interval '1h', now(), note => 'lost')"),
            "1|2500");
  // The first batch is delivered anew before the second is made.
  admin_.Execute(
      "test",
      "INSERT INTO outbox.outcome (event_id, finished_at, destination_id, bucket, state, "
      "run) SELECT event_id, clock_timestamp(), destination_id, bucket, 1, run "
      "FROM outbox.backlog; DELETE FROM outbox.backlog");
  EXPECT_EQ(Continue(), "running|2500|2000");
  EXPECT_EQ(Continue(), "done|2500|2500");
  EXPECT_EQ(Count("backlog"), "1500");
  EXPECT_EQ(Count("outcome WHERE run = 2"), "1000");
  EXPECT_EQ(Count("attempts WHERE result = 'delivered' AND n = 1"), "2500")
      << "what was sent before is not forgotten";
}

TEST_F(OperationsTest, AReplayDoesNotTakeWhatIsDeliveredWhileItRuns) {
  SettleMany(1500, 1);
  admin_.Execute("test",
                 "UPDATE outbox.outcome SET finished_at = finished_at - interval '1 minute'; "
                 "DELETE FROM outbox.outcome WHERE event_id = 1400");
  operator_.Execute("test", "SELECT outbox.replay('a', now() - interval '1h', 'infinity')");
  admin_.Execute("test", "UPDATE outbox.operation SET created_at = now() - interval '2s'");
  Settle("1400", a_, 1);
  EXPECT_EQ(Continue(), "done|1499|1499");
  EXPECT_EQ(Count("outcome WHERE event_id = 1400"), "1");
}

TEST_F(OperationsTest, AReplayFindsFewAmongManyIds) {
  SettleMany(200, 1);
  admin_.Execute("test",
                 "SELECT setval('outbox.event_id_seq', 900000); INSERT INTO outbox.event (topic) "
                 "SELECT 'u' FROM generate_series(1, 120000)");
  Settle(AddEvent(), a_, 1);
  EXPECT_EQ(
      All(operator_, "SELECT * FROM outbox.replay('a', '-infinity', 'infinity', topic => 't')"),
      "1|201");
  EXPECT_EQ(All(operator_, "SELECT status, done FROM outbox.operations"), "done|201");
}

TEST_F(OperationsTest, ABatchThatCannotBeMadeEndsTheOperation) {
  SettleMany(1500, 2);
  operator_.Execute("test", "SELECT outbox.discard_dead(destination => 'a')");
  admin_.Execute("test",
                 "ALTER TABLE outbox.dead_letter ADD CHECK (status <> 'discarded' OR event_id < "
                 "1001) NOT VALID");
  EXPECT_EQ(Continue(), "failed|1500|1000");
  EXPECT_THAT(One(operator_, "SELECT error FROM outbox.operations"), HasSubstr("check constraint"));
}

TEST_F(OperationsTest, ABatchThatOnlyHasToWaitIsMadeLater) {
  SettleMany(1500, 2);
  operator_.Execute("test", "SELECT outbox.discard_dead(destination => 'a')");
  admin_.Execute("test", "BEGIN; SELECT FROM outbox.outcome WHERE event_id = 1200 FOR UPDATE");
  EXPECT_THAT(
      Refusal(operator_, "SET LOCAL lock_timeout = '50ms'; SELECT outbox.continue_operation(1)"),
      StartsWith("55P03"));
  admin_.Execute("test", "COMMIT");
  EXPECT_EQ(Continue(), "done|1500|1500");
}

}  // namespace
}  // namespace postrider::test
