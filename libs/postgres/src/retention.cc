#include "postrider/postgres/retention.h"

#include <algorithm>

#include "buckets.h"
#include "event_rows.h"
#include "postrider/postgres/postgres_roster.h"
#include "retention_sql.h"
#include "sql_text.h"

namespace postrider {
namespace {

using sql_text::Quote;

/// Events of one statement: it ends soon after stop is requested, and holds no row for long.
constexpr int kPageEvents = 5000;
/// Dead letters, and rows of each kind, of one statement.
constexpr int kSweepRows = 1000;
constexpr char kQueryName[] = "retention";

constexpr milliseconds kLimit{20000};
constexpr char kLimits[] = "SET LOCAL lock_timeout = '1s'; SET LOCAL synchronous_commit = on; ";

std::string Seconds(seconds duration) {
  return "make_interval(secs => " + std::to_string(duration.count()) + ")";
}

/// The newest row of a bucket stands for all at first; the audit looks at each.
std::string OldBucketSql(int bucket) {
  const std::string n = std::to_string(bucket);
  return "SELECT " + n + " AS bucket, coalesce((SELECT min(id) FROM outbox.event_" + n +
         "), 0) AS lowest, coalesce((SELECT max(id) FROM outbox.event_" + n +
         "), 0) AS highest, coalesce((SELECT recorded_at FROM outbox.event_" + n +
         " ORDER BY id DESC LIMIT 1), (SELECT greatest((SELECT max(finished_at) FROM "
         "outbox.outcome_" +
         n + "), (SELECT max(started_at) FROM outbox.attempt_" + n + ")))) AS newest";
}

}  // namespace

std::string PostgresRetention::Keep() const { return Seconds(retention_.delivered); }

Rows PostgresRetention::Run(const std::string& sql) {
  return connection_.Execute(kQueryName, sql_text::ReadSettings() + kLimits + sql, kLimit);
}

void PostgresRetention::NoteRules() {
  std::string rules = unrouted_.dead ? "dead" : "ignore";
  for (const std::string& topic : ignored_topics_) rules += " " + topic;
  Run("SELECT outbox.note_house_rules(" + Seconds(retention_.dedup) + ", " + Quote(rules) + ")");
}

std::vector<OldBucket> PostgresRetention::FindOld() {
  std::string buckets;
  for (int n = 0; n < kBuckets; ++n) buckets += (n > 0 ? " UNION ALL " : "") + OldBucketSql(n);
  const Rows rows = Run(
      "SELECT b.bucket, b.lowest, b.highest, (extract(epoch FROM clock_timestamp() - b.newest - " +
      Keep() + ") * 1000000)::bigint FROM (" + buckets +
      ") b WHERE b.newest < clock_timestamp() - " + Keep() + " ORDER BY b.newest");
  std::vector<OldBucket> old;
  for (int row = 0; row < rows.size(); ++row) {
    old.push_back({static_cast<int>(ReadInt(rows, row, 0)), ReadInt(rows, row, 1),
                   ReadInt(rows, row, 2), microseconds(ReadInt(rows, row, 3))});
  }
  return old;
}

BucketAudit PostgresRetention::Audit(const OldBucket& bucket, const std::stop_token& stop) {
  BucketAudit audit = Begin(bucket.number);
  if (SomethingWaits(bucket, audit)) return audit;
  for (EventId after = bucket.lowest - 1;;) {
    if (stop.stop_requested()) audit.in_use = true;
    if (!audit.clear()) return audit;
    const Page page = NextPage(bucket.number, after, &audit);
    if (page.up_to == 0) return audit;
    AuditPage(page, audit);
    AuditUnrouted(page, audit);
    CopyBacklog(page, audit);
    after = page.up_to;
  }
}

/// What the proof will rest on is read before any row.
BucketAudit PostgresRetention::Begin(int bucket) {
  const Rows rows =
      Run("SELECT pg_current_snapshot()::text, (SELECT id FROM outbox.canary)::text, "
          "outbox.registered_versions()");
  BucketAudit audit;
  audit.bucket = bucket;
  audit.snapshot = Snapshot::FromText(rows.Text(0, 0));
  audit.canary = rows.Text(0, 1);
  audit.registered = rows.Text(0, 2);
  subscriptions_.clear();
  PostgresRoster roster(connection_, seconds(20));
  for (RegisteredDestination& registered : roster.ReadDestinations()) {
    subscriptions_.push_back(std::move(registered.subscription));
  }
  return audit;
}

/// A cheap look before the audit: what waits, mostly stands just above where its lane is closed.
bool PostgresRetention::SomethingWaits(const OldBucket& bucket, BucketAudit& audit) {
  for (const Subscription& subscription : subscriptions_) {
    const Rows place =
        Run("SELECT min(l.closed_up_to) FROM outbox.lane l WHERE l.destination_id = " +
            std::to_string(subscription.destination));
    const EventId after = std::max(ReadInt(place, 0, 0), bucket.lowest - 1);
    const Page page = NextPage(bucket.number, after, nullptr);
    if (page.up_to == 0) continue;
    const Rows rows =
        Run(WaitingSql({bucket.number, page.after, page.up_to}, subscription, Keep()));
    if (rows.Text(0, 0) == "t") audit.waiting.insert(subscription.destination);
  }
  return !audit.waiting.empty();
}

PostgresRetention::Page PostgresRetention::NextPage(int bucket, EventId after, BucketAudit* audit) {
  const Rows rows =
      Run("SELECT max(p.id), count(*), coalesce(max(p.recorded_at) >= clock_timestamp() - " +
          Keep() + ", false) FROM (SELECT e.id, e.recorded_at FROM outbox.event_" +
          std::to_string(bucket) + " e WHERE e.id > " + std::to_string(after) +
          " ORDER BY e.id LIMIT " + std::to_string(kPageEvents) + ") p");
  if (audit != nullptr) {
    audit->events += ReadInt(rows, 0, 1);
    audit->young = audit->young || rows.Text(0, 2) == "t";
  }
  return {after, ReadInt(rows, 0, 0)};
}

void PostgresRetention::AuditPage(const Page& page, BucketAudit& audit) {
  for (const Subscription& subscription : subscriptions_) {
    const Rows rows = Run(AuditSql({audit.bucket, page.after, page.up_to}, subscription, Keep()));
    const std::int64_t found = ReadInt(rows, 0, 0);
    if (found > 0) audit.found[subscription.destination] += found;
    audit.copied += ReadInt(rows, 0, 1);
    if (ReadInt(rows, 0, 2) > 0) audit.waiting.insert(subscription.destination);
  }
}

void PostgresRetention::AuditUnrouted(const Page& page, BucketAudit& audit) {
  if (!unrouted_.dead) return;
  LaneFilter filter;
  filter.lane.destination = kUnrouted;
  filter.others = subscriptions_;
  filter.ignored_topics = ignored_topics_;
  const Rows rows = Run(UnroutedAuditSql({audit.bucket, page.after, page.up_to}, filter));
  const std::int64_t found = ReadInt(rows, 0, 0);
  if (found > 0) audit.found[kUnrouted] += found;
  if (ReadInt(rows, 0, 2) > 0) audit.waiting.insert(kUnrouted);
}

void PostgresRetention::CopyBacklog(const Page& page, BucketAudit& audit) {
  const Rows rows = Run(CopyBacklogSql({audit.bucket, page.after, page.up_to}));
  audit.copied += ReadInt(rows, 0, 0);
  if (ReadInt(rows, 0, 1) > 0) audit.in_use = true;
}

Truncation PostgresRetention::Truncate(const BucketAudit& audit) {
  const Rows rows = connection_.Execute(
      kQueryName,
      std::string(kLimits) + "SELECT outbox.truncate_bucket(" + std::to_string(audit.bucket) +
          ", " + Quote(audit.snapshot) + ", " + "nullif(" + Quote(audit.canary) + ", '')::uuid, " +
          Quote(audit.registered) + ")",
      kLimit);
  const std::string_view result = rows.Text(0, 0);
  if (result == "truncated") return Truncation::kTruncated;
  return result == "locked" ? Truncation::kLocked : Truncation::kChanged;
}

std::string PostgresRetention::LockHolder(int bucket) {
  return std::string(Run("SELECT outbox.bucket_holder(" + std::to_string(bucket) + ")").Text(0, 0));
}

std::int64_t PostgresRetention::ExpireDeadLetters() {
  const Rows rows = Run("SELECT outbox.expire_dead(" + Seconds(retention_.dead) + ", " +
                        std::to_string(kSweepRows) + ")");
  return ReadInt(rows, 0, 0);
}

std::int64_t PostgresRetention::Sweep() {
  const Rows rows = Run("SELECT outbox.sweep(" + Seconds(retention_.dead) + ", " +
                        std::to_string(kSweepRows) + ")");
  return ReadInt(rows, 0, 0);
}

}  // namespace postrider
