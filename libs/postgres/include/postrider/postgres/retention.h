#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "postrider/engine/subscription.h"
#include "postrider/model/settings.h"
#include "postrider/model/snapshot.h"
#include "postrider/postgres/connection.h"

namespace postrider {

/// A bucket of the ring whose newest event is older than `retention.delivered`.
struct OldBucket {
  int number = 0;
  EventId lowest = 0;  ///< ids of its events; 0 when only outcomes and attempts are left
  EventId highest = 0;
  microseconds overdue;  ///< how long ago it became old enough
};

/// What an audit of a bucket came to: it may be emptied when it is clear. The proof holds for the
/// snapshot, history and registrations named here, which Truncate compares again.
struct BucketAudit {
  int bucket = 0;
  Snapshot snapshot;  ///< taken before the first row was read
  std::string canary;
  std::string registered;
  std::int64_t events = 0;
  /// Deliveries that have a copy of their event in the backlog now, found ones not counted.
  std::int64_t copied = 0;
  /// Events that were lost to their lanes: sent now (kUnrouted: a dead letter now).
  std::map<DestinationId, std::int64_t> found;
  /// Destinations whose lanes have events in the bucket that are not settled; kUnrouted included.
  std::set<DestinationId> waiting;
  bool young = false;   ///< holds an event that is not old enough: of a long transaction
  bool in_use = false;  ///< a row of the backlog was locked by somebody, so it has no copy yet

  bool clear() const { return waiting.empty() && !young && !in_use; }
};

/// What became of an attempt to empty a bucket. All but kTruncated mean: later.
enum class Truncation {
  kTruncated,
  kLocked,   ///< somebody has a lock on it; it was not waited for
  kChanged,  ///< since the audit: the history, a registration, or a row that it could not see
};

/// How old rows leave: docs/protocols.md, "Retention". Borrows the connection, which must outlive
/// it; one thread. No statement waits for a lock, or runs for longer than 20 s. Throws
/// DatabaseFault.
class PostgresRetention {
 public:
  /// @param ignored_topics  that need no destination
  PostgresRetention(Connection& connection, const RetentionSettings& retention,
                    const UnroutedSettings& unrouted, std::vector<std::string> ignored_topics)
      : connection_(connection),
        retention_(retention),
        unrouted_(unrouted),
        ignored_topics_(std::move(ignored_topics)) {}

  /// Notes in the database what the settings say and other parts of it go by.
  void NoteRules();

  std::vector<OldBucket> FindOld();
  /// Reads every event of the bucket, page by page: what is lost is put into the backlog, what
  /// outlives its bucket gets a copy. Returns early, not clear, when something still waits or stop
  /// is requested.
  BucketAudit Audit(const OldBucket& bucket, const std::stop_token& stop);
  /// Only of an audit that is clear.
  Truncation Truncate(const BucketAudit& audit);
  /// Who has a lock on the bucket, for people; empty: nobody any more.
  std::string LockHolder(int bucket);

  /// Dead letters that nobody has decided on within `retention.dead`. Returns how many were ended.
  std::int64_t ExpireDeadLetters();
  /// Rows that serve nobody any more. Returns how many went.
  std::int64_t Sweep();

 private:
  struct Page {
    EventId after = 0;
    EventId up_to = 0;  ///< 0: there are no more
  };

  BucketAudit Begin(int bucket);
  bool SomethingWaits(const OldBucket& bucket, BucketAudit& audit);
  Page NextPage(int bucket, EventId after, BucketAudit* audit);
  void AuditPage(const Page& page, BucketAudit& audit);
  void AuditUnrouted(const Page& page, BucketAudit& audit);
  void CopyBacklog(const Page& page, BucketAudit& audit);
  std::string Keep() const;
  Rows Run(const std::string& sql);

  Connection& connection_;
  const RetentionSettings retention_;
  const UnroutedSettings unrouted_;
  const std::vector<std::string> ignored_topics_;
  std::vector<Subscription> subscriptions_;
};

}  // namespace postrider
