#include <chrono>
#include <thread>

#include "postgres/settling/settling_fixture.h"
#include "postrider/postgres/migrator.h"
#include "postrider/postgres/retention.h"

namespace postrider::test {
namespace {

/// An outbox with buckets of one second: its ring turns in eight.
class RetentionRingTest : public ::testing::Test {
 protected:
  RetentionRingTest() : admin_(database_.Conninfo()) {
    MigrationOptions options;
    options.bucket_period = seconds(1);
    Migrator(admin_).Migrate(options);
    Get(admin_, "INSERT INTO outbox.canary (id) VALUES (gen_random_uuid())");
    DestinationSettings destination;
    destination.name = "d";
    destination.topics = {"*"};
    destination.start = StartAt::kBeginning;
    PostgresRoster(admin_, milliseconds(5000)).Register({destination}, "relay");
  }

  /// Inserts an event, delivers it at once and closes the lane above it.
  void InsertAndDeliver() {
    Get(admin_,
        "WITH e AS (INSERT INTO outbox.event (topic) VALUES ('t') RETURNING id, bucket), o AS "
        "(INSERT INTO outbox.outcome (event_id, finished_at, destination_id, bucket, state) SELECT "
        "id, clock_timestamp(), 1, bucket, 1 FROM e) UPDATE outbox.lane SET closed_up_to = e.id "
        "FROM e");
  }

  EmptyDatabase database_;
  Connection admin_;
};

TEST_F(RetentionRingTest, EveryBucketIsEmptyWhenItsTurnComesAgain) {
  RetentionSettings settings;
  settings.delivered = seconds(3);
  PostgresRetention retention(admin_, settings, UnroutedSettings{}, {});
  int emptied = 0;
  std::string widest = "0";
  const auto end = std::chrono::steady_clock::now() + seconds(13);
  while (std::chrono::steady_clock::now() < end) {
    InsertAndDeliver();
    for (const OldBucket& bucket : retention.FindOld()) {
      const BucketAudit audit = retention.Audit(bucket, {});
      ASSERT_TRUE(audit.clear());
      ASSERT_TRUE(audit.found.empty());
      if (retention.Truncate(audit) == Truncation::kTruncated) ++emptied;
    }
    widest =
        Get(admin_,
            "SELECT max(round(extract(epoch FROM width) * 1000))::int FROM (SELECT "
            "max(recorded_at) - min(recorded_at) AS width FROM outbox.event GROUP BY bucket) w");
    ASSERT_LE(std::stoi(widest), 1000);
    std::this_thread::sleep_for(milliseconds(20));  // the pace of a producer
  }
  EXPECT_GE(emptied, 8);
  // What is younger than the retention is all there.
  EXPECT_EQ(Get(admin_,
                "SELECT count(*) FROM generate_series((SELECT min(id) FROM outbox.event), "
                "(SELECT max(id) FROM outbox.event)) AS n WHERE NOT EXISTS (SELECT FROM "
                "outbox.event WHERE id = n)"),
            "0");
}

}  // namespace
}  // namespace postrider::test
