#include <atomic>
#include <thread>

#include "settling_fixture.h"

namespace postrider::test {
namespace {

/// What partners answer is any bytes of any size.
class LedgerTextTest : public SettlingTest {};

TEST_F(LedgerTextTest, BytesThatAreNoTextAreReplaced) {
  const EventRef event = NewEvent();
  Settlement settlement = Dead(event);
  settlement.outcome->answer = std::string("a\0b\xff\xc3(\xed\xa0\x80\\\"{},NULL' z", 21);
  settlement.outcome->error = "\xf0\x9f";
  AttemptRecord attempt;
  attempt.number = 1;
  attempt.started_at = now_;
  attempt.error = std::string("\0", 1);
  settlement.attempts.push_back(attempt);
  Record({settlement});
  const std::string bad = "\xEF\xBF\xBD";
  EXPECT_EQ(Ask("SELECT answer FROM outbox.outcome"),
            "ab" + bad + bad + "(" + bad + bad + bad + "\\\"{},NULL' z");
  EXPECT_EQ(Ask("SELECT last_error FROM outbox.dead_letter"), bad + bad);
  EXPECT_EQ(Count("outbox.attempt"), "1");
}

TEST_F(LedgerTextTest, TheWordNullIsAText) {
  Settlement settlement = Delivered(NewEvent());
  settlement.outcome->answer = "NULL";
  Record({settlement});
  EXPECT_EQ(Ask("SELECT answer FROM outbox.outcome WHERE answer IS NOT NULL"), "NULL");
}

TEST_F(LedgerTextTest, AHugeAnswerIsKept) {
  Settlement settlement = Dead(NewEvent());
  settlement.outcome->answer = std::string(8'000'000, '"');
  Record({settlement});
  EXPECT_EQ(Ask("SELECT length(answer) FROM outbox.dead_letter"), "8000000");
}

TEST_F(LedgerTextTest, ABodyOfBytesIsBuriedAsItIs) {
  Event event;
  event.identity = NewEvent()->identity;
  event.topic = "t";
  event.body = std::string("\x00\xff\\\"'", 5);
  event.body_bytes = 5;
  event.body_is_payload = false;
  Record({Dead(std::make_shared<Event>(std::move(event)))});
  EXPECT_EQ(Ask("SELECT encode(body, 'hex') FROM outbox.dead_letter"), "00ff5c2227");
}

class LedgerConcurrencyTest : public SettlingTest {
 protected:
  static constexpr int kEvents = 40;

  LedgerConcurrencyTest() {
    for (int i = 0; i < kEvents; ++i) events_.push_back(NewEvent());
  }

  /// Records batches in a session of its own; counts the faults. A fault is met as the relay does:
  /// the batch is recorded again.
  void RecordAll(const std::vector<std::vector<Settlement>>& batches) {
    Connection session(database_.Conninfo());
    PostgresLedger ledger(session, relay_.id, milliseconds(20'000));
    for (const auto& batch : batches) {
      try {
        Record(ledger, batch);
      } catch (const DatabaseFault& fault) {
        ++faults_;
        ADD_FAILURE() << fault.sqlstate() << ": " << fault.what();
      }
    }
  }

  std::vector<EventRef> events_;
  std::atomic<int> faults_ = 0;
};

TEST_F(LedgerConcurrencyTest, OverlappingBatchesDoNotDeadlock) {
  // A zombie's answers against those of its successor, who parks and ends the same events.
  std::vector<std::vector<Settlement>> zombie, owner;
  for (int round = 0; round < 40; ++round) {
    std::vector<Settlement> late, mixed;
    for (int i = 0; i < kEvents; ++i) {
      const EventRef& event = events_[static_cast<std::size_t>(i)];
      late.push_back(Delivered(event));
      mixed.push_back((i + round) % 2 == 0 ? Parked(event) : Dead(event));
    }
    zombie.push_back(late);
    owner.push_back(mixed);
  }
  for (int repeat = 0; repeat < 5; ++repeat) {
    std::jthread other([&] { RecordAll(zombie); });
    RecordAll(owner);
    other.join();
    EXPECT_EQ(Count("outbox.outcome WHERE state = 1"), std::to_string(kEvents));
    admin_.Execute("test", "TRUNCATE outbox.outcome, outbox.backlog, outbox.dead_letter");
  }
}

TEST_F(LedgerConcurrencyTest, ARowThatIsParkedAgainMeanwhileIsDeletedAllTheSame) {
  Record({Parked(events_[0])});
  Connection owner(database_.Conninfo());
  owner.Execute("test", "BEGIN");
  owner.Execute("test", "UPDATE outbox.backlog SET attempts = 2");
  std::jthread zombie([&] { RecordAll({{Delivered(events_[0])}}); });
  const std::string waits =
      "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = "
      "current_database()";
  while (Ask(waits) == "0") std::this_thread::yield();
  owner.Execute("test", "COMMIT");
  zombie.join();
  EXPECT_EQ(Count("outbox.backlog"), "0") << "whoever settles deletes the row";
}

TEST_F(LedgerConcurrencyTest, TwoRecordersTakeOutcomesBeforeBacklogRows) {
  // The zombie ends both; its successor ends the first and parks the second. Were the row parked
  // before the outcome is written, each would hold what the other waits for.
  Record({Parked(events_[1])});
  Connection zombie(database_.Conninfo());
  const std::string first = std::to_string(events_[0]->id());
  const std::string second = std::to_string(events_[1]->id());
  zombie.Execute("test", "BEGIN");
  zombie.Execute("test",
                 "INSERT INTO outbox.outcome (event_id, finished_at, destination_id, bucket, "
                 "state) SELECT id, now(), " +
                     std::to_string(lane_.destination) +
                     ", bucket, 1 FROM outbox.event WHERE id = " + first);
  std::jthread owner([&] { RecordAll({{Dead(events_[0]), Parked(events_[1])}}); });
  const std::string waits =
      "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = "
      "current_database()";
  while (Ask(waits) == "0") std::this_thread::yield();
  zombie.Execute("test", "DELETE FROM outbox.backlog WHERE event_id = " + second);
  zombie.Execute("test", "COMMIT");
  owner.join();
  EXPECT_EQ(State(events_[0]), "1");
}

TEST_F(LedgerConcurrencyTest, OneOfTwoRecordersEmits) {
  std::vector<Settlement> batch;
  for (const EventRef& event : events_) batch.push_back(Emitting(Delivered(event), "done"));
  std::jthread other([&] { RecordAll({batch, batch, batch}); });
  RecordAll({batch, batch, batch});
  other.join();
  EXPECT_EQ(Count("outbox.event WHERE topic = 'done'"), std::to_string(kEvents));
}

TEST_F(LedgerConcurrencyTest, AFenceLockedByAnotherSessionIsAFaultAndTheBatchCanBeRepeated) {
  Connection blocker(database_.Conninfo());
  blocker.Execute("test", "BEGIN");
  blocker.Execute("test", "SELECT FROM outbox.fence FOR UPDATE");
  PostgresLedger impatient(session_, relay_.id, milliseconds(200));
  const std::vector<Settlement> batch{Dead(events_[0])};
  try {
    Record(impatient, batch);
    FAIL() << "it did not wait for the fence";
  } catch (const DatabaseFault& fault) {
    EXPECT_EQ(fault.sqlstate(), "57014");
    EXPECT_FALSE(fault.connection_lost());
    EXPECT_FALSE(fault.commit_in_doubt());
  }
  EXPECT_EQ(State(events_[0]), "");
  blocker.Execute("test", "ROLLBACK");
  EXPECT_EQ(Record(impatient, batch).refused, 0);
  EXPECT_EQ(State(events_[0]), "2");
}

TEST_F(LedgerConcurrencyTest, ATakeoverWaitsForTheBatchThatHoldsTheFence) {
  // The lock of a batch under way, held open here by a transaction of the same statements.
  Connection batch(database_.Conninfo());
  batch.Execute("test", "BEGIN");
  batch.Execute("test", "SELECT FROM outbox.fence FOR SHARE");
  Connection taker(database_.Conninfo());
  EXPECT_THROW(
      taker.Execute("test", "SET LOCAL lock_timeout = 200; UPDATE outbox.fence SET owner = NULL"),
      DatabaseFault);
  EXPECT_EQ(Record({Delivered(events_[0])}).refused, 0) << "other batches go on";
  batch.Execute("test", "ROLLBACK");
}

}  // namespace
}  // namespace postrider::test
