#pragma once

#include <optional>
#include <string>

#include "postgres/settling/settling_fixture.h"
#include "postrider/postgres/postgres_backlog_store.h"
#include "postrider/postgres/retention.h"

namespace postrider::test {

/// A destination `d` that takes everything (see SettlingTest), and events of long ago in one
/// bucket.
class RetentionTest : public SettlingTest {
 protected:
  static constexpr int kBucket = 3;
  /// Of the old events: far longer than `retention.delivered`.
  static constexpr char kLongAgo[] = "now() - interval '10 days'";

  RetentionTest();

  /// Inserts an event into the bucket. Further columns and their values as SQL.
  EventId Old(const std::string& columns = "", const std::string& values = "",
              const std::string& recorded_at = kLongAgo);
  /// The same with a key.
  EventId OldOf(const std::string& key) { return Old("key", "'" + key + "'"); }
  void Deliver(EventId event);
  /// Our lane is closed up to here.
  void CloseUpTo(EventId high, DestinationId destination);
  void CloseUpTo(EventId high) { CloseUpTo(high, lane_.destination); }
  void Retire() { Ask("UPDATE outbox.destination SET retired_at = now()"); }

  /// The bucket as the retention finds it; nullopt when it is not old.
  std::optional<OldBucket> Find();
  /// Audits the bucket, which has to be old.
  BucketAudit Audit();
  bool BucketIsEmpty() {
    return Count("outbox.event_3") == "0" && Count("outbox.outcome_3") == "0";
  }
  /// A column of the backlog's row of an event; empty without one.
  std::string Backlog(const std::string& column, EventId event);
  std::vector<StoredDelivery> Load(EventId event);

  Connection house_;
  PostgresRetention retention_;
  PostgresBacklogStore backlog_;
};

}  // namespace postrider::test
