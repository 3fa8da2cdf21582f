#include "postgres/retention/retention_fixture.h"

namespace postrider::test {

RetentionTest::RetentionTest()
    : house_(database_.Conninfo()),
      retention_(house_, RetentionSettings{}, UnroutedSettings{}, {"ignored.*"}),
      backlog_(session_) {
  retention_.NoteRules();
}

EventId RetentionTest::Old(const std::string& columns, const std::string& values,
                           const std::string& recorded_at) {
  const auto more = [](const std::string& list) { return list.empty() ? "" : ", " + list; };
  return std::stoll(Ask("INSERT INTO outbox.event (bucket, recorded_at, topic, payload" +
                        more(columns) + ") VALUES (" + std::to_string(kBucket) + ", " +
                        recorded_at + ", 't', '{\"n\": 1}'" + more(values) + ") RETURNING id"));
}

void RetentionTest::Deliver(EventId event) {
  Ask("INSERT INTO outbox.outcome (event_id, finished_at, destination_id, bucket, state) VALUES (" +
      std::to_string(event) + ", now(), " + std::to_string(lane_.destination) + ", " +
      std::to_string(kBucket) + ", 1)");
}

void RetentionTest::CloseUpTo(EventId high, DestinationId destination) {
  Ask("UPDATE outbox.lane SET closed_up_to = " + std::to_string(high) +
      " WHERE destination_id = " + std::to_string(destination));
}

std::optional<OldBucket> RetentionTest::Find() {
  for (const OldBucket& bucket : retention_.FindOld()) {
    if (bucket.number == kBucket) return bucket;
  }
  return std::nullopt;
}

BucketAudit RetentionTest::Audit() {
  const auto bucket = Find();
  EXPECT_TRUE(bucket.has_value());
  return retention_.Audit(bucket.value_or(OldBucket{}), {});
}

std::string RetentionTest::Backlog(const std::string& column, EventId event) {
  return Ask("SELECT " + column + " FROM outbox.backlog WHERE event_id = " + std::to_string(event));
}

std::vector<StoredDelivery> RetentionTest::Load(EventId event) {
  return backlog_.Load(lane_, {event});
}

}  // namespace postrider::test
