#include "postgres/retention/retention_fixture.h"
#include "postrider/postgres/postgres_event_log.h"

namespace postrider::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class RetentionCopiesTest : public RetentionTest {
 protected:
  /// Puts a delivery into the backlog as the relay does: without a copy of its event.
  void Park(EventId event, WaitingFor waiting_for) {
    StepRequest request;
    request.filter.lane = lane_;
    request.filter.subscription.destination = lane_.destination;
    request.filter.subscription.topics = {{"*", 0}};
    request.after = event - 1;
    request.up_to = event;
    PostgresEventLog log(session_);
    request.target = log.Start().head.snapshot;
    Record({Parked(log.ReadStep(request).events.at(0), waiting_for)});
  }
  void EmptyTheBucket() {
    const BucketAudit audit = Audit();
    EXPECT_THAT(audit.waiting, IsEmpty());
    EXPECT_THAT(audit.found, IsEmpty());
    ASSERT_EQ(retention_.Truncate(audit), Truncation::kTruncated);
    EXPECT_TRUE(BucketIsEmpty());
  }
};

TEST_F(RetentionCopiesTest, ARetiredLaneKeepsItsEventsInTheBacklog) {
  const EventId event = Old("headers, cause_id", R"('{"x-a": "1"}', 7)");
  Retire();
  EmptyTheBucket();
  const auto stored = Load(event);
  ASSERT_EQ(stored.size(), 1U);
  EXPECT_EQ(stored[0].event->body, R"({"n": 1})");
  EXPECT_EQ(stored[0].event->headers, R"({"x-a": "1"})");
  EXPECT_EQ(stored[0].event->cause_id, 7);
  EXPECT_EQ(stored[0].run, 1);
  EXPECT_EQ(Ask("SELECT state FROM outbox.delivery WHERE event_id = " + std::to_string(event)),
            "queued");
}

TEST_F(RetentionCopiesTest, ALanePausedForLongerThanTheRetentionDoesTheSame) {
  const EventId event = Old();
  Ask("UPDATE outbox.destination SET paused_at = now() - interval '1 day'");
  EXPECT_THAT(Audit().waiting, ElementsAre(lane_.destination));
  EXPECT_EQ(Backlog("run", event), "");
  Ask("UPDATE outbox.destination SET paused_at = now() - interval '4 days'");
  EmptyTheBucket();
  EXPECT_EQ(Load(event).size(), 1U);
}

TEST_F(RetentionCopiesTest, APauseThatHasEndedIsNone) {
  Old();
  Ask("UPDATE outbox.destination SET paused_at = now() - interval '4 days', paused_until = now() - "
      "interval '1 hour'");
  EXPECT_THAT(Audit().waiting, ElementsAre(lane_.destination));
}

TEST_F(RetentionCopiesTest, ScheduledBlockedAndRetryingRowsGetCopies) {
  const EventId scheduled = Old();
  const EventId blocked = OldOf("k");
  const EventId retrying = Old();
  Park(scheduled, WaitingFor::kSchedule);
  Park(blocked, WaitingFor::kPredecessor);
  Park(retrying, WaitingFor::kRetry);
  CloseUpTo(retrying);
  EXPECT_EQ(Backlog("copied", blocked), "f");
  EmptyTheBucket();
  for (const EventId event : {scheduled, retrying}) {
    const auto stored = Load(event);
    ASSERT_EQ(stored.size(), 1U) << event;
    EXPECT_EQ(stored[0].event->body, R"({"n": 1})");
  }
  EXPECT_EQ(Backlog("attempts", retrying), "1");
  const auto of_key = backlog_.LoadKey(lane_, "k", 10, false);
  ASSERT_EQ(of_key.size(), 1U);
  EXPECT_EQ(of_key[0].event->body, R"({"n": 1})");
}

TEST_F(RetentionCopiesTest, ACopyIsKeptWhenTheDeliveryIsPutOffAgain) {
  const EventId event = Old();
  Park(event, WaitingFor::kRetry);
  CloseUpTo(event);
  EmptyTheBucket();
  const auto stored = Load(event);
  ASSERT_EQ(stored.size(), 1U);
  Record({Parked(stored[0].event)});
  EXPECT_EQ(Load(event).size(), 1U);
}

TEST_F(RetentionCopiesTest, ABigBodyThatOnlyTheBacklogHasComesIntoTheDeadLetter) {
  const EventId event =
      std::stoll(Ask("INSERT INTO outbox.event (bucket, recorded_at, topic, payload) VALUES (3, "
                     "now() - interval '10 days', 't', to_json(repeat('x', 100000))::text) "
                     "RETURNING id"));
  Park(event, WaitingFor::kRetry);
  CloseUpTo(event);
  EmptyTheBucket();
  const auto stored = Load(event);
  ASSERT_EQ(stored.size(), 1U);
  ASSERT_TRUE(stored[0].event->body_deferred);
  Record({Dead(stored[0].event)});
  EXPECT_EQ(Ask("SELECT length(payload) FROM outbox.dead_letters"), "100002");
}

TEST_F(RetentionCopiesTest, WithOrderACopyKeepsItsPlaceInItsKey) {
  DestinationSettings ordered;
  ordered.name = "d";
  ordered.topics = {"*"};
  ordered.order.by = Order::kKey;
  roster_.Register({ordered}, relay_.name);
  const EventId first = OldOf("k");
  const EventId second = OldOf("k");
  const EventId keyless = Old();
  const EventId later = Old("key, deliver_after", "'k', now() + interval '1 hour'");
  Retire();
  backlog_.ReadForeign();
  EmptyTheBucket();
  EXPECT_EQ(Backlog("waiting_for", first), "3");
  EXPECT_EQ(Backlog("due_at", first), "infinity");
  EXPECT_EQ(Backlog("waiting_for", keyless), "4");
  EXPECT_EQ(Backlog("waiting_for", later), "1");
  const auto of_key = backlog_.LoadKey(lane_, "k", 10, false);
  ASSERT_EQ(of_key.size(), 2U);
  EXPECT_EQ(of_key[0].event->id(), first);
  EXPECT_EQ(of_key[1].event->id(), second);
  int by_recovery = 0;
  for (const ForeignRow& row : backlog_.ReadForeign()) by_recovery += row.by_recovery ? 1 : 0;
  EXPECT_EQ(by_recovery, 3);
}

TEST_F(RetentionCopiesTest, WithoutOrderNothingStaysBlocked) {
  const EventId event = OldOf("k");
  Park(event, WaitingFor::kPredecessor);
  DestinationSettings unordered;
  unordered.name = "d";
  unordered.topics = {"*"};
  roster_.Register({unordered}, relay_.name);
  EXPECT_EQ(Backlog("waiting_for", event), "4");
}

TEST_F(RetentionCopiesTest, ARowThatSomebodyHoldsIsNotWaitedFor) {
  const EventId event = Old();
  Park(event, WaitingFor::kRetry);
  CloseUpTo(event);
  Connection holder(database_.Conninfo());
  holder.Execute("test", "BEGIN");
  holder.Execute("test", "SELECT FROM outbox.backlog FOR UPDATE");
  const BucketAudit audit = Audit();
  EXPECT_TRUE(audit.in_use);
  EXPECT_FALSE(audit.clear());
  holder.Execute("test", "ROLLBACK");
  EmptyTheBucket();
}

}  // namespace
}  // namespace postrider::test
