#include "settling_fixture.h"

namespace postrider::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class LedgerTest : public SettlingTest {};

TEST_F(LedgerTest, RecordsAnOutcomeWithItsFigures) {
  const EventRef event = NewEvent();
  Settlement settlement = Delivered(event);
  settlement.outcome->attempts = 3;
  settlement.outcome->latency_ms = 42;
  settlement.outcome->answer = "{\"ok\": true}";
  const RecordResult result = Record({settlement});
  EXPECT_THAT(result.lost_lanes, IsEmpty());
  EXPECT_EQ(result.refused + result.strangers, 0);
  EXPECT_EQ(Ask("SELECT (o.state, attempts, http_status, latency_ms, run, answer, o.bucket = "
                "e.bucket) FROM outbox.outcome o JOIN outbox.event e ON e.id = event_id"),
            R"((1,3,200,42,1,"{""ok"": true}",t))");
}

TEST_F(LedgerTest, EmitsAndBuriesOnceThoughABatchIsRecordedTwice) {
  const std::vector<Settlement> batch{Emitting(Delivered(NewEvent()), "went.well"),
                                      Emitting(Dead(NewEvent()), "went.wrong")};
  Record(batch);
  Record(batch);  // the commit was in doubt
  EXPECT_EQ(Count("outbox.event WHERE topic = 'went.well'"), "1");
  EXPECT_EQ(Count("outbox.event WHERE topic = 'went.wrong'"), "1");
  EXPECT_EQ(Count("outbox.dead_letter"), "1");
  EXPECT_EQ(Ask("SELECT (cause_id, key) FROM outbox.event WHERE topic = 'went.well'"),
            "(" + std::to_string(batch[0].event->id()) + ",k)");
}

TEST_F(LedgerTest, ADeadLetterIsAFullCopy) {
  const EventRef event = NewEvent("key", "{\"a\": \"'\\\\é\"}");
  Settlement settlement = Dead(event);
  settlement.outcome->failure = FailureClass::kHttp4xx;
  settlement.outcome->error = "no such street";
  settlement.outcome->request = "POST http://partner/";
  Record({settlement});
  EXPECT_EQ(Ask("SELECT count(*) FROM outbox.dead_letter d JOIN outbox.event e ON e.id = event_id "
                "WHERE (d.payload, d.topic, d.key, d.recorded_at, d.event_xid, d.bucket) = "
                "(e.payload, e.topic, e.key, e.recorded_at, e.xid, e.bucket) AND d.status = 'open' "
                "AND (reason, class, last_error, request) = ('refused', 'http_4xx', "
                "'no such street', 'POST http://partner/')"),
            "1");
}

TEST_F(LedgerTest, ADeadLetterCopiesABodyThatWasNotLoaded) {
  const EventRef event = NewEvent("k", "\"" + std::string(100'000, 'x') + "\"");
  ASSERT_TRUE(event->body_deferred);
  Record({Dead(event)});
  EXPECT_EQ(Ask("SELECT length(payload) FROM outbox.dead_letter"), "100002");
}

TEST_F(LedgerTest, DeliveredOverrulesWhatWasNot) {
  using enum OutcomeState;
  for (const OutcomeState state : {kDead, kExpired, kCancelled, kDiscarded}) {
    const EventRef event = NewEvent();
    Record({Ended(event, state)});
    Record({Emitting(Delivered(event), "after.all")});
    EXPECT_EQ(State(event), "1") << ToString(state);
    Record({Ended(event, state)});
    EXPECT_EQ(State(event), "1") << "nothing overrules delivered";
  }
  EXPECT_EQ(Count("outbox.event WHERE topic = 'after.all'"), "4");
  EXPECT_EQ(Ask("SELECT (status, resolved_at IS NOT NULL) FROM outbox.dead_letter"),
            "(delivered,t)");
}

TEST_F(LedgerTest, TheFirstOfTheOthersStays) {
  const EventRef event = NewEvent();
  Record({Ended(event, OutcomeState::kExpired)});
  Record({Emitting(Dead(event), "too.late")});
  EXPECT_EQ(State(event), "3");
  EXPECT_EQ(Count("outbox.dead_letter"), "0");
  EXPECT_EQ(Count("outbox.event WHERE topic = 'too.late'"), "0");
}

TEST_F(LedgerTest, WithoutTheFenceOnlyDeliveredIsWritten) {
  const EventRef delivered = NewEvent(), dead = NewEvent(), parked = NewEvent();
  LoseTheLane();
  const std::vector<Settlement> batch{Delivered(delivered), Dead(dead), Parked(parked)};
  const RecordResult result = Record(batch);
  EXPECT_THAT(result.lost_lanes, ElementsAre(lane_));
  EXPECT_EQ(result.refused, 2);
  EXPECT_EQ(result.strangers, 0);
  EXPECT_THAT(result.dropped, UnorderedElementsAre(&batch[1], &batch[2]));
  EXPECT_EQ(State(delivered), "1");
  EXPECT_EQ(State(dead), "");
  EXPECT_EQ(Count("outbox.dead_letter"), "0");
  EXPECT_EQ(Count("outbox.backlog"), "0");
}

TEST_F(LedgerTest, AnOlderEpochOfTheSameOwnerIsNoFence) {
  const EventRef event = NewEvent();
  admin_.Execute("test", "UPDATE outbox.fence SET epoch = epoch + 1");
  EXPECT_THAT(Record({Dead(event)}).lost_lanes, ElementsAre(lane_));
  EXPECT_EQ(State(event), "");
}

TEST_F(LedgerTest, OnlyTheLaneThatWasLostIsRefused) {
  admin_.Execute("test",
                 "INSERT INTO outbox.fence (destination_id, shard, owner, epoch) VALUES (77, 0, "
                 "gen_random_uuid(), 1)");
  Settlement foreign = Dead(NewEvent());
  foreign.lane = {77, 0};
  const EventRef ours = NewEvent();
  const RecordResult result = Record({Dead(ours), foreign});
  EXPECT_THAT(result.lost_lanes, ElementsAre(LaneId{77, 0}));
  EXPECT_EQ(result.refused, 1);
  EXPECT_EQ(State(ours), "2");
}

TEST_F(LedgerTest, ParkingWritesTheRowAndEndingDeletesIt) {
  const EventRef event = NewEvent();
  Record({Parked(event)});
  EXPECT_EQ(Ask("SELECT (waiting_for, attempts, slot, run, copied) FROM outbox.backlog"),
            "(2,1," + std::to_string(event->slot) + ",1,f)");
  Settlement later = Parked(event);
  later.backlog->attempts = 2;
  Record({later});
  EXPECT_EQ(Ask("SELECT attempts FROM outbox.backlog"), "2");
  Record({Delivered(event)});
  EXPECT_EQ(Count("outbox.backlog"), "0");
}

TEST_F(LedgerTest, AZombiesDeliveredDeletesTheRowOfItsSuccessor) {
  const EventRef event = NewEvent();
  Record({Parked(event)});
  LoseTheLane();
  Record({Delivered(event)});
  EXPECT_EQ(Count("outbox.backlog"), "0");
}

TEST_F(LedgerTest, ParkingDoesNotResurrectWhatEnded) {
  const EventRef event = NewEvent();
  Record({Delivered(event)});
  Record({Parked(event)});
  EXPECT_EQ(Count("outbox.backlog"), "0");
}

TEST_F(LedgerTest, AttemptsAreRowsOfTheirEpoch) {
  const EventRef event = NewEvent();
  Settlement settlement = Parked(event);
  for (int number = 1; number <= 2; ++number) {
    AttemptRecord attempt;
    attempt.number = number;
    attempt.started_at = now_;
    attempt.charged = number == 1;
    attempt.failure = number == 1 ? FailureClass::kTimeout : FailureClass::kProxy;
    settlement.attempts.push_back(attempt);
  }
  Record({settlement});
  Record({settlement});
  EXPECT_EQ(Ask("SELECT string_agg(concat_ws(' ', n, charged, class), ', ' ORDER BY n) FROM "
                "outbox.attempt WHERE epoch = " +
                std::to_string(epoch_)),
            "1 t timeout, 2 f proxy");
  settlement.epoch = epoch_ + 1;
  LoseTheLane();
  Record({settlement});
  EXPECT_EQ(Count("outbox.attempt"), "4") << "a request leaves a row whoever made it";
}

TEST_F(LedgerTest, UnderAnotherCanaryOnlyTheSameEventIsSettled) {
  const EventRef kept = NewEvent(), copied = NewEvent(), lost = NewEvent();
  Record({Parked(copied)});
  admin_.Execute("test", "UPDATE outbox.canary SET id = gen_random_uuid()");
  admin_.Execute("test",
                 "UPDATE outbox.event SET recorded_at = recorded_at + interval '1us' "
                 "WHERE id <> " +
                     std::to_string(kept->id()));
  const RecordResult result = Record({Delivered(kept), Delivered(copied), Delivered(lost)});
  EXPECT_EQ(result.strangers, 1);
  EXPECT_EQ(result.refused, 0);
  EXPECT_EQ(State(kept), "1");
  EXPECT_EQ(State(copied), "1") << "its copy in the backlog speaks for it";
  EXPECT_EQ(State(lost), "") << "the id belongs to another event now";
}

TEST_F(LedgerTest, AnEventReadWhileThereWasNoCanaryIsCompared) {
  const EventRef event = NewEvent();
  canary_ = std::make_shared<const std::string>("");
  EXPECT_EQ(Record({Delivered(event)}).strangers, 0);
  EXPECT_EQ(State(event), "1");
}

TEST_F(LedgerTest, WithTheSameCanaryTheEventMayBeGoneAlready) {
  const EventRef event = NewEvent();
  admin_.Execute("test", "TRUNCATE outbox.event");
  EXPECT_EQ(Record({Delivered(event)}).strangers, 0);
  EXPECT_EQ(State(event), "1");
}

TEST_F(LedgerTest, RunTwoAfterAReplay) {
  const EventRef event = NewEvent();
  Record({Emitting(Dead(event), "died")});
  ASSERT_EQ(Ask("SELECT matched FROM outbox.replay_dead(destination => 'd')"), "1");
  EXPECT_EQ(State(event), "");
  EXPECT_EQ(Ask("SELECT run FROM outbox.backlog"), "2");

  EXPECT_EQ(Record({Dead(event)}).refused, 1) << "an answer of the first run says nothing now";
  EXPECT_EQ(State(event), "");
  EXPECT_EQ(Count("outbox.backlog"), "1");

  Settlement second = Emitting(Dead(event), "died");
  second.run = 2;
  Record({second});
  EXPECT_EQ(Ask("SELECT (state, run) FROM outbox.outcome"), "(2,2)");
  EXPECT_EQ(Count("outbox.backlog"), "0");
  EXPECT_EQ(Ask("SELECT string_agg(status, ' ' ORDER BY run) FROM outbox.dead_letter"),
            "replayed open");
  EXPECT_EQ(Count("outbox.event WHERE topic = 'died'"), "2") << "a replay emits again";
}

TEST_F(LedgerTest, ALateSuccessOfTheFirstRunEndsTheReplay) {
  const EventRef event = NewEvent();
  Record({Dead(event)});
  Ask("SELECT outbox.replay_dead(destination => 'd')");
  EXPECT_EQ(Record({Delivered(event)}).refused, 0);
  EXPECT_EQ(State(event), "1");
  EXPECT_EQ(Count("outbox.backlog"), "0");
}

TEST_F(LedgerTest, AnEmptyBatchIsNothing) { EXPECT_THAT(Record({}).lost_lanes, IsEmpty()); }

}  // namespace
}  // namespace postrider::test
