#include "postgres/retention/retention_fixture.h"

namespace postrider::test {
namespace {

class RetentionSweepTest : public RetentionTest {
 protected:
  /// A dead letter of a key, as old as said.
  EventId Die(const std::string& key, const std::string& age) {
    const EventRef event = NewEvent(key);
    Record({Dead(event)});
    Ask("UPDATE outbox.dead_letter SET died_at = now() - interval '" + age +
        "' WHERE event_id = " + std::to_string(event->id()));
    return event->id();
  }
};

TEST_F(RetentionSweepTest, ADeadLetterThatNobodyDecidedOnExpires) {
  const EventId expired = Die("a", "91 days");
  const EventId kept = Die("b", "89 days");
  EXPECT_EQ(retention_.ExpireDeadLetters(), 1);
  EXPECT_EQ(Ask("SELECT string_agg(event_id::text, ' ') FROM outbox.dead_letter"),
            std::to_string(kept));
  EXPECT_EQ(Ask("SELECT state FROM outbox.outcome WHERE event_id = " + std::to_string(expired)),
            "5");
  EXPECT_EQ(Ask("SELECT kind || matched FROM outbox.operations"), "expire_dead1");
  EXPECT_EQ(retention_.ExpireDeadLetters(), 0);
  EXPECT_EQ(Count("outbox.operations"), "1");
}

TEST_F(RetentionSweepTest, WhatWaitsBehindAnExpiredLetterGoesOn) {
  Die("k", "91 days");
  const EventRef next = NewEvent("k");
  const EventRef last = NewEvent("k");
  Record({Parked(next, WaitingFor::kPredecessor), Parked(last, WaitingFor::kPredecessor)});
  backlog_.ReadForeign();
  retention_.ExpireDeadLetters();
  EXPECT_EQ(Backlog("waiting_for", next->id()), "4");
  EXPECT_EQ(Backlog("waiting_for", last->id()), "3");
  EXPECT_EQ(backlog_.ReadForeign().size(), 1U);
}

TEST_F(RetentionSweepTest, ALetterBehindAnotherOpenOneStillWaits) {
  Die("k", "91 days");
  Die("k", "1 day");
  const EventRef next = NewEvent("k");
  Record({Parked(next, WaitingFor::kPredecessor)});
  retention_.ExpireDeadLetters();
  EXPECT_EQ(Backlog("waiting_for", next->id()), "3");
}

TEST_F(RetentionSweepTest, ResolvedLettersAndFinishedOperationsGoInTheEnd) {
  const EventId resolved = Die("a", "1 day");
  Ask("SELECT * FROM outbox.discard_dead(key => 'a')");
  Ask("SELECT outbox.pause('d')");
  EXPECT_EQ(retention_.Sweep(), 0);
  Ask("UPDATE outbox.dead_letter SET resolved_at = now() - interval '91 days' WHERE event_id = " +
      std::to_string(resolved));
  Ask("UPDATE outbox.operation SET created_at = now() - interval '91 days' WHERE kind <> 'pause'");
  EXPECT_EQ(retention_.Sweep(), 2);
  EXPECT_EQ(Count("outbox.dead_letter"), "0");
  EXPECT_EQ(Ask("SELECT string_agg(kind, ' ') FROM outbox.operations"), "pause");
}

TEST_F(RetentionSweepTest, AnOperationGoesWithItsCancellations) {
  const EventRef event = NewEvent();
  Ask("SELECT * FROM outbox.cancel(" + std::to_string(event->id()) + ")");
  ASSERT_EQ(Count("outbox.cancellation"), "1");
  Ask("UPDATE outbox.operation SET created_at = now() - interval '91 days'");
  EXPECT_EQ(retention_.Sweep(), 1);
  EXPECT_EQ(Count("outbox.cancellation"), "0");
}

TEST_F(RetentionSweepTest, ExpiredKeysOfDeduplicationGoAndNobodyWaits) {
  const auto insert = [&](const std::string& key) {
    Ask("INSERT INTO outbox.event (topic, dedup_key) VALUES ('t', '" + key + "')");
  };
  insert("held");
  insert("expired");
  Ask("UPDATE outbox.dedup SET expires_at = now() - interval '1 second'");
  insert("valid");
  Connection holder(database_.Conninfo());
  holder.Execute("test", "BEGIN");
  holder.Execute("test", "SELECT FROM outbox.dedup WHERE dedup_key = 'held' FOR UPDATE");
  EXPECT_EQ(retention_.Sweep(), 1);
  EXPECT_EQ(Ask("SELECT string_agg(dedup_key, ' ' ORDER BY dedup_key) FROM outbox.dedup"),
            "held valid");
  holder.Execute("test", "ROLLBACK");
  EXPECT_EQ(retention_.Sweep(), 1);
}

TEST_F(RetentionSweepTest, TheFileSaysHowLongADedupKeyCounts) {
  RetentionSettings settings;
  settings.dedup = seconds(90);
  PostgresRetention(house_, settings, UnroutedSettings{}, {}).NoteRules();
  Ask("INSERT INTO outbox.event (topic, dedup_key) VALUES ('t', 'k')");
  EXPECT_EQ(Ask("SELECT expires_at - now() BETWEEN interval '80s' AND interval '90s' FROM "
                "outbox.dedup"),
            "t");
}

}  // namespace
}  // namespace postrider::test
