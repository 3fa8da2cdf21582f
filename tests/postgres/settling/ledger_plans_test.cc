#include "settling_fixture.h"

namespace postrider::test {
namespace {

/// What a batch costs must not depend on how many outcomes, waiting deliveries and dead letters
/// there are, whatever the statistics say about them.
class LedgerPlansTest : public SettlingTest {
 protected:
  static constexpr int kThere = 20'000;
  static constexpr int kBatch = 100;

  void SetUp() override {
    if (session_.server_version() < 150000)
      GTEST_SKIP() << "statistics cannot be flushed before 15";
    // Plans made now are made for empty tables.
    Record({Delivered(NewEvent()), Dead(NewEvent()), Parked(NewEvent())});
    for (const std::string table : {"outcome_0", "backlog", "dead_letter"}) {
      admin_.Execute("test", "ALTER TABLE outbox." + table + " SET (autovacuum_enabled = false)");
    }
    Fill();
  }

  void Fill() {
    const std::string ids =
        " FROM generate_series(1000000, " + std::to_string(1'000'000 + kThere) + ") AS id";
    const std::string destination = std::to_string(lane_.destination);
    admin_.Execute("test",
                   "INSERT INTO outbox.outcome (event_id, finished_at, destination_id, bucket, "
                   "state) SELECT id, now(), " +
                       destination + ", id % 8, 2" + ids);
    admin_.Execute("test",
                   "INSERT INTO outbox.backlog (event_id, destination_id, slot, waiting_for, "
                   "due_at, bucket, event_xid, recorded_at, topic, key) SELECT id, " +
                       destination + ", 0, 2, now(), 0, '5', now(), 't', 'k'" + ids);
    admin_.Execute("test",
                   "INSERT INTO outbox.dead_letter (event_id, destination_id, reason, died_at, "
                   "slot, bucket, event_xid, recorded_at, topic, key) SELECT id, " +
                       destination + ", 'refused', now(), 0, 0, '5', now(), 't', 'k'" + ids);
  }

  std::int64_t RowsRead() {
    session_.Execute("test", "SELECT pg_stat_force_next_flush()");
    return std::stoll(
        Ask("SELECT (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes WHERE "
            "schemaname = 'outbox') + (SELECT sum(seq_tup_read) FROM "
            "pg_stat_user_tables WHERE relname IN ('backlog', 'dead_letter') OR "
            "relname LIKE 'outcome\\__')"));
  }

  std::int64_t RowsReadFor(const std::vector<Settlement>& batch) {
    const std::int64_t before = RowsRead();
    Record(batch);
    return RowsRead() - before;
  }

  std::vector<EventRef> Events() {
    std::vector<EventRef> events;
    for (int i = 0; i < kBatch; ++i) events.push_back(NewEvent());
    return events;
  }
};

TEST_F(LedgerPlansTest, DeliveredProbesBacklogAndDeadLettersOnce) {
  std::vector<Settlement> batch;
  for (const EventRef& event : Events()) batch.push_back(Delivered(event));
  EXPECT_LT(RowsReadFor(batch), 20 * kBatch);
}

TEST_F(LedgerPlansTest, DyingAndParkingToo) {
  std::vector<Settlement> dead, parked;
  for (const EventRef& event : Events()) dead.push_back(Dead(event));
  for (const EventRef& event : Events()) parked.push_back(Parked(event));
  EXPECT_LT(RowsReadFor(dead), 20 * kBatch);
  EXPECT_LT(RowsReadFor(parked), 20 * kBatch);
  EXPECT_LT(RowsReadFor(parked), 20 * kBatch) << "again";
}

TEST_F(LedgerPlansTest, UnderAnotherCanaryEachEventIsLookedUpOnce) {
  std::vector<Settlement> batch;
  for (const EventRef& event : Events()) batch.push_back(Delivered(event));
  admin_.Execute("test", "UPDATE outbox.canary SET id = gen_random_uuid()");
  EXPECT_LT(RowsReadFor(batch), 40 * kBatch);
}

}  // namespace
}  // namespace postrider::test
