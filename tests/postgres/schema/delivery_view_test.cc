#include "postrider/model/topic.h"
#include "schema_fixture.h"

namespace postrider::test {
namespace {

class DeliveryViewTest : public SchemaTest {
 protected:
  std::string State(const std::string& event) {
    return All(admin_,
               "SELECT destination, state, waiting_for FROM outbox.delivery "
               "WHERE event_id = " +
                   event + " ORDER BY destination");
  }
  void EmptyTheLog() { admin_.Execute("test", "TRUNCATE outbox.event, outbox.outcome"); }
};

TEST_F(DeliveryViewTest, HasTheColumnsThatPeopleRelyOn) {
  const auto columns = [&](const std::string& view, int count) {
    return One(admin_,
               "SELECT string_agg(attname, ', ' ORDER BY attnum) FROM pg_attribute "
               "WHERE attrelid = 'outbox." +
                   view + "'::regclass AND attnum <= " + std::to_string(count));
  };
  EXPECT_EQ(columns("delivery", 13),
            "event_id, destination, topic, key, state, waiting_for, attempts, http_status, class, "
            "last_error, recorded_at, due_at, finished_at");
  EXPECT_EQ(columns("dead_letters", 16),
            "id, event_id, destination, topic, key, reason, class, http_status, last_error, "
            "attempts, recorded_at, first_attempt_at, died_at, request, answer, payload");
}

TEST_F(DeliveryViewTest, AnEventHasARowForEachDestinationThatTakesIt) {
  AddDestination("a", "{t.*}");
  AddDestination("b", "{u,t.x}");
  AddDestination("c", "{u}");
  EXPECT_EQ(State(AddEvent("t.x")), "a|queued| b|queued|");
  EXPECT_EQ(State(AddEvent("nobody")), "null");
}

TEST_F(DeliveryViewTest, EventsFromBeforeTheSubscriptionAreNotItsOwn) {
  AddDestination("a");
  const auto old = AddEvent();
  admin_.Execute("test", "UPDATE outbox.subscription SET since = ARRAY[" + old + "]::bigint[]");
  EXPECT_EQ(State(old), "null");
  EXPECT_EQ(State(AddEvent()), "a|queued|");
}

TEST_F(DeliveryViewTest, OnlyTheCurrentVersionCountsForWhatIsNotSettled) {
  const auto a = AddDestination("a", "{t}");
  const auto settled = AddEvent("t");
  Settle(settled, a, 1);
  const auto open = AddEvent("t");
  admin_.Execute("test", "INSERT INTO outbox.subscription SELECT " + a +
                             ", 2, '{u}', '{0}', 1, 'r'; "
                             "UPDATE outbox.destination SET version = 2");
  EXPECT_EQ(State(settled), "a|delivered|");
  EXPECT_EQ(State(open), "null");
}

TEST_F(DeliveryViewTest, EveryStateHasItsWord) {
  const auto a = AddDestination("a");
  const std::vector<std::string> finals{"delivered", "dead", "expired", "cancelled", "discarded"};
  for (int state = 1; state <= 5; ++state) {
    const auto event = AddEvent();
    Settle(event, a, state);
    EXPECT_EQ(State(event), "a|" + finals[static_cast<std::size_t>(state - 1)] + "|");
  }
  const std::vector<std::string> waiting{"scheduled|schedule", "retrying|retry",
                                         "blocked|predecessor", "queued|replay"};
  for (int waits = 1; waits <= 4; ++waits) {
    const auto event = AddEvent();
    Wait(event, a, waits);
    EXPECT_EQ(State(event), "a|" + waiting[static_cast<std::size_t>(waits - 1)]);
  }
}

TEST_F(DeliveryViewTest, AnEventForLaterIsScheduledBeforeTheRelaySeesIt) {
  AddDestination("a");
  const auto event = One(producer_,
                         "INSERT INTO outbox.event (topic, deliver_after) "
                         "VALUES ('t', now() + interval '1h') RETURNING id");
  EXPECT_EQ(State(event), "a|scheduled|schedule");
}

TEST_F(DeliveryViewTest, DuplicatesAreNotDeliveries) {
  AddDestination("a");
  const std::string insert =
      "INSERT INTO outbox.event (topic, dedup_key) VALUES ('t', 'd') RETURNING id";
  EXPECT_EQ(State(One(producer_, insert)), "a|queued|");
  EXPECT_EQ(State(One(producer_, insert)), "null");
}

TEST_F(DeliveryViewTest, AmendedEventsAreForOneDestinationAlone) {
  const auto a = AddDestination("a");
  AddDestination("b");
  const auto event = AddEvent();
  admin_.Execute("test", "UPDATE outbox.event SET destination_id = " + a);
  EXPECT_EQ(State(event), "a|queued|");
}

TEST_F(DeliveryViewTest, WaitingForNamesAPauseAndARetirement) {
  AddDestination("a");
  const auto event = AddEvent();
  admin_.Execute("test", "SELECT outbox.pause('a')");
  EXPECT_EQ(State(event), "a|queued|resume");
  admin_.Execute("test", "UPDATE outbox.destination SET retired_at = now()");
  EXPECT_EQ(State(event), "a|queued|configuration");
}

TEST_F(DeliveryViewTest, WhatOutlivesItsBucketIsStillShown) {
  const auto a = AddDestination("a");
  const auto waits = AddEvent();
  Wait(waits, a, 2);
  const auto dead = AddEvent();
  Die(dead, a);
  EmptyTheLog();
  EXPECT_EQ(State(waits), "a|retrying|retry");
  EXPECT_EQ(State(dead), "a|dead|");
}

TEST_F(DeliveryViewTest, AnEventThatNobodyTookIsDeadWithoutDestination) {
  const auto event = AddEvent();
  Die(event, "0", "no_route");
  EXPECT_EQ(State(event), "|dead|");
  EXPECT_EQ(All(admin_, "SELECT destination, reason FROM outbox.dead_letters"), "|no_route");
}

TEST_F(DeliveryViewTest, ALookUpByIdTouchesAHandfulOfPages) {
  AddDestination("a");
  admin_.Execute("test",
                 "INSERT INTO outbox.event (topic) SELECT 't' FROM generate_series(1, 50000); "
                 "INSERT INTO outbox.outcome (event_id, finished_at, destination_id, bucket, "
                 "state) SELECT id, now(), 1, bucket, 1 FROM outbox.event");
  for (const std::string statistics : {"SELECT 1", "ANALYZE"}) {
    admin_.Execute("test", statistics);
    admin_.Execute("test", "SELECT * FROM outbox.delivery WHERE event_id = 77");
    const std::string plan = One(admin_,
                                 "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) "
                                 "SELECT * FROM outbox.delivery WHERE event_id = 77");
    const auto at = plan.find("\"Shared Hit Blocks\": ");
    ASSERT_NE(at, std::string::npos);
    EXPECT_LT(std::stoi(plan.substr(at + 21)), 100) << plan;
  }
}

TEST_F(DeliveryViewTest, StatusCountsWhatWaits) {
  const auto a = AddDestination("a");
  Wait(AddEvent(), a, 2);
  Wait(AddEvent(), a, 3);
  Die(AddEvent(), a);
  admin_.Execute("test",
                 "INSERT INTO outbox.lane (destination_id, shard, closed_up_to) "
                 "VALUES (" +
                     a + ", 0, 1)");
  admin_.Execute("test", "SELECT outbox.pause('a', note => 'maintenance')");
  EXPECT_EQ(All(admin_,
                "SELECT destination, state, retrying, blocked, dead, open_ids, pause_note "
                "FROM outbox.status WHERE destination IS NOT NULL"),
            "a|paused|1|1|1|2|maintenance");
}

TEST_F(DeliveryViewTest, RelaysAreAliveWhileTheirHeartbeatIsFresh) {
  admin_.Execute(
      "test",
      "INSERT INTO outbox.relay (id, name, version, host, pid, pid_start, lease, heartbeat) "
      "VALUES (gen_random_uuid(), 'fresh', '1', 'h', 1, 1, '15s', clock_timestamp()), "
      "(gen_random_uuid(), 'stale', '1', 'h', 1, 1, '15s', now() - interval '1h')");
  EXPECT_EQ(All(admin_, "SELECT name, alive, lanes FROM outbox.relays ORDER BY name"),
            "fresh|t|0 stale|f|0");
}

TEST_F(DeliveryViewTest, TopicsMatchAsInTheRelay) {
  const std::vector<std::string> texts{"*",   "a",  "a.*",  "a.b",  "a.b.c", "a.b.*", "ab",
                                       "a.",  ".*", "A.b",  "a*",   "a.*.c", "b",     "",
                                       "a/*", "**", "a._b", "a.%b", "a.b.",  "a.b*"};
  for (const auto& pattern : texts) {
    for (const auto& topic : texts) {
      EXPECT_EQ(One(admin_, "SELECT outbox.topic_matches('" + pattern + "', '" + topic + "')"),
                TopicMatches(pattern, topic) ? "t" : "f")
          << pattern << " and " << topic;
    }
  }
}

}  // namespace
}  // namespace postrider::test
