#include "reading_fixture.h"

namespace postrider::test {
namespace {

using testing::IsEmpty;
using testing::Lt;

/// Plans are made for the tables as they were: empty, without statistics. What a statement costs is
/// told by the rows that it reads from the indexes, visible or not.
class PlansTest : public ReadingTest {
 protected:
  static constexpr int kMany = 200'000;

  void SetUp() override {
    if (session_.server_version() < 150000)
      GTEST_SKIP() << "statistics cannot be flushed before 15";
  }

  std::int64_t SequentialScans() {
    session_.Execute("test", "SELECT pg_stat_force_next_flush()");
    return Number(admin_,
                  "SELECT sum(seq_scan)::bigint FROM pg_stat_user_tables WHERE schemaname = "
                  "'outbox' AND relname ~ '^(event|outcome)_[0-7]$'");
  }
  void InsertManyQuietly(Producer& producer, int count) {
    producer.Run("INSERT INTO outbox.event (topic) SELECT 't' FROM generate_series(1, " +
                 std::to_string(count) + ")");
  }
  void SettleAllUpTo(EventId id) {
    admin_.Execute("test",
                   "INSERT INTO outbox.outcome (event_id, finished_at, destination_id, bucket, "
                   "state) SELECT id, now(), 1, bucket, 1 FROM outbox.event WHERE id <= " +
                       std::to_string(id));
  }

  Producer bulk_{database_.Conninfo()};
  Producer other_{database_.Conninfo()};
};

TEST_F(PlansTest, APollDoesNotReadARunningBulkLoad) {
  Follower follower(log_);
  bulk_.Begin();
  InsertManyQuietly(bulk_, kMany);
  other_.Insert();
  // The first polls pass the bulk load's ids; from then on its rows are late, and in progress.
  while (follower.tail().position().high < kMany) follower.Poll();
  other_.Insert();
  follower.Poll();
  const EventId id = other_.Insert();
  EXPECT_THAT(IndexRowsReadBy([&] { EXPECT_THAT(follower.Poll(), testing::ElementsAre(id)); }),
              Lt(200));
  EXPECT_THAT(IndexRowsReadBy([&] { EXPECT_THAT(follower.Poll(), IsEmpty()); }), Lt(200));
  bulk_.Rollback();
}

TEST_F(PlansTest, EveryReadUsesIndexesThoughStatisticsSayTheTablesAreEmpty) {
  Follower follower(log_);
  follower.Poll();
  admin_.Execute("test",
                 "DO $$ BEGIN FOR n IN 0..7 LOOP EXECUTE format('ALTER TABLE outbox.event_%s SET "
                 "(autovacuum_enabled = false)', n); END LOOP; END $$");
  InsertManyQuietly(bulk_, kMany);
  SettleAllUpTo(kMany - 10);
  Follower at_head(log_);
  const EventId id = other_.Insert();
  const std::int64_t scans = SequentialScans();

  EXPECT_THAT(IndexRowsReadBy([&] { EXPECT_THAT(at_head.Poll(), testing::ElementsAre(id)); }),
              Lt(200));
  EXPECT_THAT(IndexRowsReadBy([&] { log_.Start(); }), Lt(50));
  EXPECT_THAT(IndexRowsReadBy([&] { log_.NextId(kMany / 2); }), Lt(50));
  StepRequest recovery;
  recovery.filter = Filter();
  recovery.target = at_head.tail().position().snapshot;
  recovery.after = kMany - 1000;
  recovery.up_to = kMany;
  recovery.from = {recovery.after, recovery.target};
  recovery.unsettled = true;
  EXPECT_THAT(IndexRowsReadBy([&] { EXPECT_EQ(log_.ReadStep(recovery).events.size(), 10u); }),
              Lt(5000));
  recovery.up_to = kMany - 1;  // not worth looking up in which bucket it lies
  EXPECT_THAT(IndexRowsReadBy([&] { EXPECT_EQ(log_.ReadStep(recovery).events.size(), 9u); }),
              Lt(5000));
  EXPECT_EQ(SequentialScans(), scans);
}

TEST_F(PlansTest, AQuietPollLooksAtNoEvent) {
  other_.InsertMany(10);
  Follower follower(log_);
  follower.Poll();
  follower.Poll();
  const auto scans = [&] {
    session_.Execute("test", "SELECT pg_stat_force_next_flush()");
    return Number(admin_,
                  "SELECT sum(idx_scan)::bigint FROM pg_stat_user_indexes WHERE schemaname = "
                  "'outbox' AND relname ~ '^event_[0-7]$'");
  };
  const std::int64_t before = scans();
  for (int i = 0; i < 5; ++i) EXPECT_THAT(follower.Poll(), IsEmpty());
  EXPECT_EQ(scans(), before);
  other_.Insert();
  EXPECT_EQ(follower.Poll().size(), 1u);
  EXPECT_GT(scans(), before);
}

TEST_F(PlansTest, ALatePageReadsTheLateSetAndNotTheLog) {
  InsertManyQuietly(other_, kMany);
  bulk_.Begin();
  InsertManyQuietly(bulk_, 2000);
  other_.Insert();
  Follower follower(log_);
  bulk_.Commit();
  for (int page = 0; page < 4; ++page) {
    EXPECT_THAT(IndexRowsReadBy([&] { EXPECT_EQ(follower.Poll(500).size(), 500u); }), Lt(10'000));
  }
  EXPECT_THAT(follower.Poll(), IsEmpty());
}

}  // namespace
}  // namespace postrider::test
