#include <algorithm>

#include "postrider/postgres/postgres_backlog_store.h"
#include "settling_fixture.h"

namespace postrider::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

class BacklogStoreTest : public SettlingTest {
 protected:
  BacklogStoreTest() : store_connection_(database_.Conninfo()), store_(store_connection_) {}

  EventRef Park(WaitingFor waiting_for, seconds due_in, const std::string& key = "k") {
    EventRef event = NewEvent(key);
    Record({Parked(event, waiting_for, due_in)});
    return event;
  }
  std::vector<EventId> DueIds(DueOrder after, int limit) {
    std::vector<EventId> ids;
    for (const DueOrder& row : store_.ReadDue(lane_, 1, DueLine::kRetry, after, limit)) {
      ids.push_back(row.id);
    }
    return ids;
  }
  static std::vector<EventId> Ids(const std::vector<StoredDelivery>& deliveries) {
    std::vector<EventId> ids;
    for (const StoredDelivery& delivery : deliveries) ids.push_back(delivery.event->id());
    return ids;
  }
  std::vector<EventId> ForeignIds() {
    std::vector<EventId> ids;
    for (const ForeignRow& row : store_.ReadForeign()) ids.push_back(row.due.id);
    return ids;
  }

  Connection store_connection_;
  PostgresBacklogStore store_;
};

constexpr DueOrder kStart{Timestamp::min(), 0};

TEST_F(BacklogStoreTest, PagesFollowTheDueOrder) {
  const EventId third = Park(WaitingFor::kRetry, seconds(30))->id();
  const EventId first = Park(WaitingFor::kRetry, seconds(-10))->id();
  const EventId second = Park(WaitingFor::kRetry, seconds(20))->id();
  const EventId tied = Park(WaitingFor::kRetry, seconds(20))->id();
  Park(WaitingFor::kPredecessor, seconds(0));
  EXPECT_THAT(DueIds(kStart, 2), ElementsAre(first, second));
  const auto page = store_.ReadDue(lane_, 1, DueLine::kRetry, kStart, 2);
  EXPECT_EQ(page[1].due_at, now_ + seconds(20));
  EXPECT_THAT(DueIds(page.back(), 10), ElementsAre(tied, third));
  EXPECT_THAT(DueIds({now_ + seconds(30), third}, 10), IsEmpty());
}

TEST_F(BacklogStoreTest, EachLineIsReadApart) {
  const EventId retried = Park(WaitingFor::kRetry, seconds(5))->id();
  const EventId scheduled = Park(WaitingFor::kSchedule, seconds(6))->id();
  const EventId intended = Park(WaitingFor::kAnswer, seconds(4))->id();
  const EventId verified = Park(WaitingFor::kVerification, seconds(7))->id();
  const EventRef first = NewEvent(), second = NewEvent();
  Record({Dead(first), Dead(second)});
  Ask("SELECT outbox.replay_dead(destination => 'd')");
  EXPECT_THAT(DueIds(kStart, 10), ElementsAre(retried));
  std::vector<EventId> timed;
  for (const DueOrder& row : store_.ReadDue(lane_, 1, DueLine::kTimed, kStart, 10)) {
    timed.push_back(row.id);
  }
  EXPECT_THAT(timed, ElementsAre(intended, scheduled, verified));
  const auto put_back = store_.ReadDue(lane_, 1, DueLine::kPutBack, kStart, 10);
  ASSERT_THAT(put_back, SizeIs(2));
  EXPECT_EQ(put_back[0].id, first->id());
  EXPECT_EQ(put_back[1].id, second->id());
  EXPECT_THAT(store_.ReadDue(lane_, 1, DueLine::kPutBack, put_back[0], 10),
              ElementsAre(put_back[1]));
}

TEST_F(BacklogStoreTest, AllHeadsOfAKeyAreNamed) {
  const EventRef replayed = NewEvent("k");
  Record({Dead(replayed)});
  const EventId retried = Park(WaitingFor::kRetry, seconds(5), "k")->id();
  Park(WaitingFor::kSchedule, seconds(5), "k");
  Ask("SELECT outbox.replay_dead(destination => 'd')");
  const auto keys = store_.ReadKeys(lane_, 1, true);
  ASSERT_THAT(keys, SizeIs(1));
  EXPECT_THAT(keys[0].heads, UnorderedElementsAre(replayed->id(), retried));
  EXPECT_THAT(keys[0].dead, IsEmpty());
  EXPECT_EQ(keys[0].blocked, 0);
}

TEST_F(BacklogStoreTest, ShardsTakeTheirSlots) {
  for (int i = 0; i < 12; ++i) Park(WaitingFor::kRetry, seconds(i), "key-" + std::to_string(i));
  std::size_t together = 0;
  for (std::int16_t shard = 0; shard < 3; ++shard) {
    const LaneId lane{lane_.destination, shard};
    const auto due = store_.ReadDue(lane, 3, DueLine::kRetry, kStart, 100);
    together += due.size();
    for (const DueOrder& row : due) {
      EXPECT_EQ(
          Ask("SELECT slot % 3 FROM outbox.backlog WHERE event_id = " + std::to_string(row.id)),
          std::to_string(shard));
    }
    EXPECT_EQ(store_.ReadKeys(lane, 3, false).size(), due.size());
  }
  EXPECT_EQ(together, 12u);
}

TEST_F(BacklogStoreTest, LoadsADeliveryWithItsEvent) {
  const EventRef parked = NewEvent("k", "{\"a\": \"é\"}");
  Settlement settlement = Parked(parked);
  settlement.backlog->attempts = 4;
  settlement.backlog->http_status = 503;
  settlement.backlog->error = "busy";
  Record({settlement});
  const auto loaded = store_.Load(lane_, {parked->id(), parked->id() + 1000});
  ASSERT_THAT(loaded, SizeIs(1));
  EXPECT_EQ(loaded[0].event->identity, parked->identity);
  EXPECT_EQ(loaded[0].event->body, parked->body);
  EXPECT_EQ(loaded[0].event->topic, parked->topic);
  EXPECT_EQ(loaded[0].event->key, parked->key);
  EXPECT_EQ(loaded[0].event->slot, parked->slot);
  EXPECT_EQ(loaded[0].run, 1);
  EXPECT_EQ(loaded[0].entry.attempts, 4);
  EXPECT_EQ(loaded[0].entry.http_status, 503);
  EXPECT_EQ(loaded[0].entry.error, "busy");
  EXPECT_EQ(loaded[0].entry.first_attempt_at, now_);
  EXPECT_EQ(*loaded[0].canary, *canary_);
}

TEST_F(BacklogStoreTest, AReplayCarriesItsOwnCopy) {
  const EventRef event = NewEvent("k", "{\"a\": 1}");
  Record({Dead(event)});
  Ask("SELECT outbox.replay_dead(destination => 'd', new_key => true)");
  admin_.Execute("test", "TRUNCATE outbox.event");
  const auto loaded = store_.Load(lane_, {event->id()});
  ASSERT_THAT(loaded, SizeIs(1));
  EXPECT_EQ(loaded[0].event->body, "{\"a\": 1}");
  EXPECT_EQ(loaded[0].run, 2);
  EXPECT_TRUE(loaded[0].new_key);
  EXPECT_EQ(loaded[0].event->identity, event->identity);
  const EventRef body = store_.LoadBody(lane_, event->identity);
  ASSERT_TRUE(body);
  EXPECT_EQ(body->body, "{\"a\": 1}");
  EXPECT_EQ(store_.LoadBody({lane_.destination + 1, 0}, event->identity), nullptr);
}

TEST_F(BacklogStoreTest, ARowWhoseEventIsGoneIsNotLoaded) {
  const EventRef event = Park(WaitingFor::kRetry, seconds(0));
  admin_.Execute("test", "TRUNCATE outbox.event");
  EXPECT_THAT(store_.Load(lane_, {event->id()}), IsEmpty());
}

TEST_F(BacklogStoreTest, KeysAreCountedAndBlockedRowsReadInOrder) {
  const EventId head = Park(WaitingFor::kRetry, seconds(9), "head")->id();
  const EventId b = Park(WaitingFor::kPredecessor, seconds(0), "head")->id();
  const EventId c = Park(WaitingFor::kPredecessor, seconds(0), "head")->id();
  Park(WaitingFor::kPredecessor, seconds(0), "orphan' ");
  const EventRef buried = NewEvent("buried"), below = NewEvent("buried");
  Record({Dead(buried), Dead(below)});

  auto keys = store_.ReadKeys(lane_, 1, true);
  std::sort(keys.begin(), keys.end(), [](auto& x, auto& y) { return x.key < y.key; });
  ASSERT_THAT(keys, SizeIs(3));
  EXPECT_EQ(keys[0].key, "buried");
  EXPECT_THAT(keys[0].dead, UnorderedElementsAre(buried->id(), below->id()));
  EXPECT_EQ(keys[1].key, "head");
  EXPECT_EQ(keys[1].blocked, 2);
  EXPECT_THAT(keys[1].heads, ElementsAre(head));
  EXPECT_EQ(keys[2].key, "orphan' ");
  EXPECT_THAT(keys[2].heads, IsEmpty());
  EXPECT_THAT(store_.ReadKeys(lane_, 1, false), SizeIs(2));

  EXPECT_THAT(Ids(store_.LoadKey(lane_, "head", 10, false)), ElementsAre(b, c));
  EXPECT_THAT(Ids(store_.LoadKey(lane_, "head", 1, false)), ElementsAre(b));
  EXPECT_THAT(store_.LoadKey(lane_, "orphan' ", 10, false), SizeIs(1));
}

TEST_F(BacklogStoreTest, ABlockedKeyIsNotReadWhileADeadLetterIsOpen) {
  Record({Dead(NewEvent("buried"))});
  Park(WaitingFor::kPredecessor, seconds(0), "buried");
  EXPECT_THAT(store_.LoadKey(lane_, "buried", 10, true), IsEmpty());
  EXPECT_THAT(store_.LoadKey(lane_, "buried", 10, false), SizeIs(1));
  admin_.Execute("test", "UPDATE outbox.dead_letter SET status = 'discarded'");
  EXPECT_THAT(store_.LoadKey(lane_, "buried", 10, true), SizeIs(1));
}

TEST_F(BacklogStoreTest, ForeignRowsAreThoseThatBecameVisible) {
  const EventRef before = NewEvent(), event = NewEvent(), own = NewEvent();
  Record({Dead(before), Dead(event)});
  const auto replay = [](const EventRef& dead) {
    return "SELECT outbox.replay_dead(ids => ARRAY(SELECT id FROM outbox.dead_letter WHERE "
           "event_id = " +
           std::to_string(dead->id()) + "))";
  };
  admin_.Execute("test", replay(before));
  EXPECT_THAT(ForeignIds(), IsEmpty()) << "the first call only finds its place";
  admin_.Execute("test", replay(event));
  Record({Parked(own)});
  EXPECT_THAT(ForeignIds(), ElementsAre(event->id())) << "own rows are in memory";
  EXPECT_THAT(ForeignIds(), IsEmpty());
}

TEST_F(BacklogStoreTest, AForeignRowOfALongTransactionIsFoundWhenItCommits) {
  const EventRef slow = NewEvent(), quick = NewEvent();
  Record({Dead(slow), Dead(quick)});
  Connection operator_session(database_.Conninfo());
  const auto replay = [](const EventRef& dead) {
    return "SELECT outbox.replay_dead(ids => ARRAY(SELECT id FROM outbox.dead_letter WHERE "
           "event_id = " +
           std::to_string(dead->id()) + "))";
  };
  operator_session.Execute("test", "BEGIN");
  operator_session.Execute("test", replay(slow));
  EXPECT_THAT(ForeignIds(), IsEmpty());
  admin_.Execute("test", replay(quick));
  EXPECT_THAT(ForeignIds(), ElementsAre(quick->id()));
  EXPECT_THAT(ForeignIds(), IsEmpty());
  operator_session.Execute("test", "COMMIT");
  EXPECT_THAT(ForeignIds(), ElementsAre(slow->id()));
  EXPECT_THAT(ForeignIds(), IsEmpty());
}

}  // namespace
}  // namespace postrider::test
