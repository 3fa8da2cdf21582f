#include "postgres/retention/retention_fixture.h"

namespace postrider::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

class RetentionAuditTest : public RetentionTest {};

TEST_F(RetentionAuditTest, ABucketOfSettledEventsGoesWithAllThatBecameOfThem) {
  const EventId event = Old();
  Deliver(event);
  Ask("INSERT INTO outbox.attempt (event_id, started_at, epoch, destination_id, n, bucket, "
      "charged, "
      "result) VALUES (" +
      std::to_string(event) + ", now(), 1, 1, 1, 3, true, 'retry')");
  CloseUpTo(event);
  const std::string present =
      Ask("INSERT INTO outbox.event (bucket, topic) VALUES (5, 't') RETURNING id");
  const BucketAudit audit = Audit();
  EXPECT_TRUE(audit.clear());
  EXPECT_EQ(audit.events, 1);
  EXPECT_THAT(audit.found, IsEmpty());
  EXPECT_EQ(retention_.Truncate(audit), Truncation::kTruncated);
  EXPECT_TRUE(BucketIsEmpty());
  EXPECT_EQ(Count("outbox.attempt"), "0");
  EXPECT_EQ(Ask("SELECT id FROM outbox.event"), present);
  EXPECT_EQ(Find(), std::nullopt);
}

TEST_F(RetentionAuditTest, ABucketIsOldByItsNewestEvent) {
  Deliver(Old());
  EXPECT_NE(Find(), std::nullopt);
  Deliver(Old("", "", "now()"));
  EXPECT_EQ(Find(), std::nullopt);
}

TEST_F(RetentionAuditTest, AnEventOfALongTransactionMayBeYoungerThanTheNewestId) {
  const EventId young = Old("", "", "now()");
  const EventId old = Old();
  Deliver(young);
  Deliver(old);
  CloseUpTo(old);
  const BucketAudit audit = Audit();
  EXPECT_TRUE(audit.young);
  EXPECT_FALSE(audit.clear());
}

TEST_F(RetentionAuditTest, WhatIsNotSettledAboveTheClosedPlaceMeansLater) {
  const EventId settled = Old();
  Deliver(settled);
  CloseUpTo(settled);
  const EventId open = Old();
  const BucketAudit audit = Audit();
  EXPECT_THAT(audit.waiting, ElementsAre(lane_.destination));
  EXPECT_FALSE(audit.clear());
  EXPECT_EQ(Backlog("run", open), "");
  Deliver(open);
  EXPECT_TRUE(Audit().clear());
}

TEST_F(RetentionAuditTest, WhatWaitsFarAboveTheClosedPlaceIsFoundToo) {
  for (int i = 0; i < 3; ++i) Deliver(Old());
  Ask("INSERT INTO outbox.event (bucket, recorded_at, topic) SELECT 3, now() - interval '10 days', "
      "'t' FROM generate_series(1, 6000)");
  Ask("INSERT INTO outbox.outcome (event_id, finished_at, destination_id, bucket, state) SELECT "
      "id, "
      "now(), 1, 3, 1 FROM outbox.event_3 WHERE id < (SELECT max(id) FROM outbox.event_3) ON "
      "CONFLICT DO NOTHING");
  EXPECT_THAT(Audit().waiting, ElementsAre(lane_.destination));
}

TEST_F(RetentionAuditTest, WhatIsLostIsSentAndCounted) {
  const EventId lost = OldOf("k");
  const EventId settled = Old();
  Deliver(settled);
  CloseUpTo(settled);
  backlog_.ReadForeign();
  const BucketAudit audit = Audit();
  EXPECT_THAT(audit.found, ElementsAre(Pair(lane_.destination, 1)));
  EXPECT_TRUE(audit.clear());
  EXPECT_EQ(Backlog("waiting_for", lost), "4");
  const auto noticed = backlog_.ReadForeign();
  ASSERT_EQ(noticed.size(), 1U);
  EXPECT_EQ(noticed[0].due.id, lost);
  EXPECT_FALSE(noticed[0].by_recovery);
  EXPECT_THAT(Audit().found, IsEmpty());
  EXPECT_EQ(retention_.Truncate(Audit()), Truncation::kTruncated);
  const auto stored = Load(lost);
  ASSERT_EQ(stored.size(), 1U);
  EXPECT_EQ(stored[0].event->body, R"({"n": 1})");
  EXPECT_EQ(stored[0].run, 1);
}

TEST_F(RetentionAuditTest, AnOutcomeABacklogRowOrADeadLetterIsATrace) {
  const EventId waiting = Old();
  const EventId dead = Old();
  const std::string d = std::to_string(lane_.destination);
  const std::string columns = ", slot, bucket, event_xid, recorded_at, topic)";
  const std::string values = ", 0, 3, '3', " + std::string(kLongAgo) + ", 't')";
  Ask("INSERT INTO outbox.backlog (event_id, destination_id, waiting_for, due_at" + columns +
      " VALUES (" + std::to_string(waiting) + ", " + d + ", 2, now()" + values);
  Ask("INSERT INTO outbox.dead_letter (event_id, destination_id, reason, died_at" + columns +
      " VALUES (" + std::to_string(dead) + ", " + d + ", 'refused', now()" + values);
  CloseUpTo(dead);
  const BucketAudit audit = Audit();
  EXPECT_THAT(audit.found, IsEmpty());
  EXPECT_TRUE(audit.clear());
}

TEST_F(RetentionAuditTest, ADuplicateAndAnotherDestinationsEventNeedNothing) {
  Old("duplicate_of", "1");
  Old("destination_id", "99");
  CloseUpTo(0);
  EXPECT_FALSE(Audit().waiting.contains(lane_.destination));
}

TEST_F(RetentionAuditTest, EveryShardIsAskedForItsOwnPlace) {
  DestinationSettings sharded;
  sharded.name = "d";
  sharded.topics = {"*"};
  sharded.shards = 2;
  roster_.Register({sharded}, relay_.name);
  const EventId event = OldOf("k");
  const std::string shard = Ask("SELECT outbox.slot('k', 0) % 2");
  Ask("UPDATE outbox.lane SET closed_up_to = 1000 WHERE destination_id > 0 AND shard <> " + shard);
  EXPECT_THAT(Audit().waiting, ElementsAre(lane_.destination));
  CloseUpTo(1000);
  EXPECT_THAT(Audit().found, ElementsAre(Pair(lane_.destination, 1)));
  EXPECT_EQ(Backlog("destination_id", event), std::to_string(lane_.destination));
}

/// `d` takes only topic `other`, so the events here are for nobody.
class RetentionUnroutedTest : public RetentionTest {
 protected:
  RetentionUnroutedTest() {
    Ask("UPDATE outbox.subscription SET topics = '{other}'");
    Ask("UPDATE outbox.installation SET unrouted_since = 0");
  }
};

TEST_F(RetentionUnroutedTest, WhatNobodyTakesWaitsForItsLaneAndThenIsFound) {
  const EventId event = Old();
  EXPECT_THAT(Audit().waiting, ElementsAre(kUnrouted));
  CloseUpTo(event, kUnrouted);
  const BucketAudit audit = Audit();
  EXPECT_THAT(audit.found, ElementsAre(Pair(kUnrouted, 1)));
  EXPECT_EQ(Ask("SELECT reason || payload FROM outbox.dead_letters"), R"(no_route{"n": 1})");
  EXPECT_EQ(retention_.Truncate(Audit()), Truncation::kTruncated);
  EXPECT_EQ(Count("outbox.dead_letters"), "1");
}

TEST_F(RetentionUnroutedTest, WhatAnEarlierSubscriptionDeliveredIsNotUnrouted) {
  const EventId event = Old();
  Deliver(event);
  CloseUpTo(event, kUnrouted);
  EXPECT_THAT(Audit().found, IsEmpty());
}

TEST_F(RetentionUnroutedTest, WhatIsIgnoredOrWasWhenItCameIsNotFound) {
  Ask("INSERT INTO outbox.event (bucket, recorded_at, topic) VALUES (3, now() - interval '10 "
      "days', "
      "'ignored.a')");
  const EventId before = Old();
  CloseUpTo(before, kUnrouted);
  Ask("UPDATE outbox.installation SET unrouted_since = " + std::to_string(before));
  const BucketAudit audit = Audit();
  EXPECT_THAT(audit.found, IsEmpty());
  EXPECT_TRUE(audit.clear());
}

TEST_F(RetentionUnroutedTest, AChangeOfWhatIsIgnoredIsNotedWithItsPlace) {
  const EventId event = Old();
  retention_.NoteRules();
  EXPECT_EQ(Ask("SELECT unrouted_since FROM outbox.installation"), "0");
  PostgresRetention other(house_, RetentionSettings{}, UnroutedSettings{}, {});
  other.NoteRules();
  EXPECT_EQ(Ask("SELECT unrouted_since FROM outbox.installation"), std::to_string(event));
}

}  // namespace
}  // namespace postrider::test
