#include <fstream>
#include <iterator>

#include "settling_fixture.h"

namespace postrider::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// Deliveries at the first attempt are written by a statement of their own, all or none.
class PlainDeliveriesTest : public SettlingTest {
 protected:
  /// As many as are written apart from the others of their batch.
  static constexpr int kMany = 60;
  static constexpr seconds kLater{7200};

  std::vector<Settlement> ManyDelivered() {
    std::vector<Settlement> batch;
    for (int i = 0; i < kMany; ++i) batch.push_back(Delivered(NewEvent()));
    return batch;
  }
  /// Errors of this kind in the server's log so far.
  static int DuplicateKeys() {
    std::ifstream file(SharedServer().directory() / "log");
    const std::string log((std::istreambuf_iterator<char>(file)), {});
    int count = 0;
    for (auto at = log.find(kDuplicate); at != std::string::npos;
         at = log.find(kDuplicate, at + 1)) {
      ++count;
    }
    return count;
  }
  static constexpr char kDuplicate[] = "duplicate key value";
  std::string DeliveredRows() { return Count("outbox.outcome WHERE state = 1"); }
  const std::string all_ = std::to_string(kMany);
};

TEST_F(PlainDeliveriesTest, EachHasItsOwnFigures) {
  std::vector<Settlement> batch{Delivered(NewEvent()), Delivered(NewEvent()),
                                Delivered(NewEvent())};
  batch[0].outcome->finished_at = now_ + microseconds(3'000'001);
  batch[1].outcome->finished_at = now_;
  batch[2].outcome->finished_at = now_ + kLater;
  batch[0].outcome->answer = "{\"a\": \"\\\"'\"}";
  batch[2].outcome->latency_ms = 7;
  batch[2].outcome->http_status = 202;
  Record(batch);
  EXPECT_EQ(Ask("SELECT string_agg(concat_ws(' ', round(extract(epoch FROM finished_at - " +
                admin_.Quote("epoch") +
                "::timestamptz) * 1000000)::int8, latency_ms, http_status, attempts, run, "
                "coalesce(answer, '-')), ', ' ORDER BY event_id) FROM outbox.outcome"),
            std::to_string((now_ + microseconds(3'000'001)).time_since_epoch().count()) +
                " 0 200 1 1 {\"a\": \"\\\"'\"}, " +
                std::to_string(now_.time_since_epoch().count()) + " 0 200 1 1 -, " +
                std::to_string(Timestamp(now_ + kLater).time_since_epoch().count()) +
                " 7 202 1 1 -");
}

TEST_F(PlainDeliveriesTest, GoIntoTheBucketsOfTheirEvents) {
  std::vector<Settlement> batch;
  for (const int bucket : {2, 5, 2}) {
    Event event;
    event.identity = NewEvent()->identity;
    event.identity.bucket = static_cast<std::int16_t>(bucket);
    batch.push_back(Delivered(std::make_shared<Event>(std::move(event))));
  }
  Record(batch);
  EXPECT_EQ(Ask("SELECT string_agg(tableoid::regclass || ' ' || bucket, ', ' ORDER BY event_id) "
                "FROM outbox.outcome"),
            "outbox.outcome_2 2, outbox.outcome_5 5, outbox.outcome_2 2");
}

TEST_F(PlainDeliveriesTest, AreWrittenOnceThoughTheCommitWasInDoubt) {
  const std::vector<Settlement> batch = ManyDelivered();
  Record(batch);
  const RecordResult again = Record(batch);
  EXPECT_THAT(again.dropped, IsEmpty());
  EXPECT_EQ(again.refused + again.strangers, 0);
  EXPECT_EQ(DeliveredRows(), all_);
}

TEST_F(PlainDeliveriesTest, WhatIsRepeatedAfterADoubtLeavesNoErrorAndNoDeadRow) {
  const std::vector<Settlement> batch = ManyDelivered();
  Record(batch);
  const int before = DuplicateKeys();
  PostgresLedger careful(session_, relay_.id, milliseconds(3750), Doubt::kRepeated);
  const RecordResult again = Record(careful, batch);
  EXPECT_THAT(again.dropped, IsEmpty());
  EXPECT_EQ(again.refused + again.strangers, 0);
  EXPECT_EQ(DuplicateKeys(), before);
  // The next row stands right behind the last of the batch.
  const EventRef next = NewEvent();
  Record({Delivered(next)});
  EXPECT_EQ(Ask("SELECT ctid FROM outbox.outcome WHERE event_id = " + std::to_string(next->id())),
            "(0," + std::to_string(kMany + 1) + ")");
  EXPECT_EQ(DeliveredRows(), std::to_string(kMany + 1));

  Record(batch);
  EXPECT_EQ(DuplicateKeys(), before + 1) << "this is what is avoided";
}

TEST_F(PlainDeliveriesTest, ABacklogRowThatANewOwnerWritesMeanwhileGoesWithTheEndOfItsDelivery) {
  const std::vector<Settlement> batch = ManyDelivered();
  const EventRef event = batch[7].event;
  // As if the lane had changed hands between the look at the fence and the commit.
  admin_.Execute("test", "BEGIN");
  PostgresLedger heir(admin_, relay_.id, milliseconds(3750));
  Record(heir, {Parked(event)});
  Record(batch);
  admin_.Execute("test", "COMMIT");
  EXPECT_EQ(DeliveredRows(), all_);
  EXPECT_EQ(Count("outbox.backlog"), "1");
  Record({Dead(event)});
  EXPECT_EQ(Count("outbox.backlog"), "0");
  EXPECT_EQ(Count("outbox.dead_letter"), "0");
  EXPECT_EQ(DeliveredRows(), all_);
}

TEST_F(PlainDeliveriesTest, OneThatHadDiedHoldsUpNoOther) {
  const std::vector<Settlement> batch = ManyDelivered();
  Record({Dead(batch[7].event)});
  Record(batch);
  EXPECT_EQ(DeliveredRows(), all_);
  EXPECT_EQ(Ask("SELECT status FROM outbox.dead_letter"), "delivered");
}

TEST_F(PlainDeliveriesTest, ABacklogRowIsDeletedWhoeverIsDeliveredWithIt) {
  const std::vector<Settlement> batch = ManyDelivered();
  const EventRef waits = NewEvent();
  Record({Parked(batch[7].event), Parked(waits)});
  Record(batch);
  EXPECT_EQ(DeliveredRows(), all_);
  EXPECT_EQ(Ask("SELECT string_agg(event_id::text, ' ') FROM outbox.backlog"),
            std::to_string(waits->id()));
}

TEST_F(PlainDeliveriesTest, AreWrittenBesideWhatElseTheBatchHolds) {
  std::vector<Settlement> batch = ManyDelivered();
  batch.insert(batch.begin() + 3, {Dead(NewEvent()), Parked(NewEvent())});
  batch.push_back(Emitting(Delivered(NewEvent()), "went.well"));
  EXPECT_THAT(Record(batch).dropped, IsEmpty());
  EXPECT_EQ(DeliveredRows(), std::to_string(kMany + 1));
  EXPECT_EQ(Count("outbox.dead_letter"), "1");
  EXPECT_EQ(Count("outbox.backlog"), "1");
  EXPECT_EQ(Count("outbox.event WHERE topic = 'went.well'"), "1");
}

TEST_F(PlainDeliveriesTest, ALostLaneIsToldAndTheDeliveriesWritten) {
  const std::vector<Settlement> batch = ManyDelivered();
  LoseTheLane();
  const RecordResult result = Record(batch);
  EXPECT_THAT(result.lost_lanes, ElementsAre(lane_));
  EXPECT_THAT(result.dropped, IsEmpty());
  EXPECT_EQ(DeliveredRows(), all_);
}

TEST_F(PlainDeliveriesTest, OfAnotherHistoryAreDropped) {
  const std::vector<Settlement> batch = ManyDelivered();
  admin_.Execute("test", "UPDATE outbox.canary SET id = gen_random_uuid()");
  admin_.Execute("test", "UPDATE outbox.event SET recorded_at = recorded_at + interval '1us'");
  EXPECT_EQ(Record(batch).strangers, kMany);
  EXPECT_EQ(DeliveredRows(), "0");
}

TEST_F(PlainDeliveriesTest, WaitForNobodyWhoHoldsTheFence) {
  const std::vector<Settlement> batch = ManyDelivered();
  admin_.Execute("test", "BEGIN");
  admin_.Execute("test", "SELECT FROM outbox.fence FOR UPDATE");
  Record(batch);  // or it would end in the timeout of the statement
  admin_.Execute("test", "ROLLBACK");
  EXPECT_EQ(DeliveredRows(), all_);
}

}  // namespace
}  // namespace postrider::test
