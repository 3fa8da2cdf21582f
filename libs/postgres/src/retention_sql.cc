#include "retention_sql.h"

#include "lane_filter_sql.h"

namespace postrider {
namespace {

std::string Number(std::int64_t value) { return std::to_string(value); }

std::string EventsOf(const BucketRange& range) {
  return "outbox.event_" + Number(range.bucket) + " e";
}

std::string InRange(const BucketRange& range) {
  return "e.id > " + Number(range.after) + " AND e.id <= " + Number(range.up_to);
}

/// No trace of the event in a table, for one destination or (empty condition) for any. One probe of
/// an index for each row, as correlated subqueries: an anti-join is planned from statistics.
std::string Untraced(const BucketRange& range, const std::string& and_destination) {
  const auto none = [&](const std::string& table, const std::string& column) {
    return " AND (SELECT x." + column + " FROM outbox." + table + " x WHERE x.event_id = e.id" +
           and_destination + " LIMIT 1) IS NULL";
  };
  return none("outcome_" + Number(range.bucket), "state") + none("backlog", "run") +
         none("dead_letter", "run");
}

/// Events that some lane of the destination takes and that left no trace: `u`.
std::string UntracedOf(const BucketRange& range, const Subscription& subscription,
                       const std::string& columns) {
  LaneFilter filter;
  filter.lane.destination = subscription.destination;
  filter.subscription = subscription;
  filter.subscription.shards = 1;  // every lane of the destination at once
  return "SELECT " + columns + " FROM " + EventsOf(range) + " WHERE " + InRange(range) + " AND " +
         LaneFilterSql(filter) +
         Untraced(range, " AND x.destination_id = " + Number(subscription.destination));
}

/// Whether the event's lane is closed above it. A lane that is not there has closed nothing.
std::string ClosedSql(const Subscription& subscription) {
  return "coalesce(e.id <= (SELECT l.closed_up_to FROM outbox.lane l WHERE l.destination_id = " +
         Number(subscription.destination) + " AND l.shard = outbox.slot(e.key, e.id) % " +
         Number(subscription.shards) + "), false)";
}

/// `d`: the destination, and whether its lanes have gone away for too long to be waited for.
std::string DestinationSql(const Subscription& subscription, const std::string& keep) {
  return "WITH d AS MATERIALIZED (SELECT d.ordered, d.retired_at IS NOT NULL OR (d.paused_at < "
         "clock_timestamp() - " +
         keep +
         " AND coalesce(d.paused_until > clock_timestamp(), true)) IS TRUE AS away FROM "
         "outbox.destination d WHERE d.id = " +
         Number(subscription.destination) + ")";
}

/// The rows of the backlog for `u`. In a destination with order, what only waits for its lane keeps
/// its place in its key: it is blocked, and what comes after it waits behind it.
constexpr char kIntoBacklog[] = R"(
, w AS MATERIALIZED (
  SELECT u.id, CASE WHEN e.deliver_after > clock_timestamp() THEN 1
                    WHEN d.ordered AND e.key IS NOT NULL AND NOT u.closed THEN 3 ELSE 4 END AS kind
  FROM u JOIN events e ON e.id = u.id CROSS JOIN d WHERE u.closed OR d.away)
, i AS (
  INSERT INTO outbox.backlog (event_id, destination_id, slot, waiting_for, due_at, bucket,
    event_xid, recorded_at, topic, key, cause_id, deliver_after, deliver_before, copied, payload,
    body, content_type, headers)
  SELECT e.id, destination, outbox.slot(e.key, e.id), w.kind,
    CASE w.kind WHEN 1 THEN e.deliver_after WHEN 3 THEN 'infinity' ELSE clock_timestamp() END,
    e.bucket, e.xid, e.recorded_at, e.topic, e.key, e.cause_id, e.deliver_after, e.deliver_before,
    true, e.payload, e.body, e.content_type, e.headers
  FROM w JOIN events e ON e.id = w.id ORDER BY e.id
  ON CONFLICT DO NOTHING RETURNING event_id)
SELECT count(*) FILTER (WHERE u.closed AND i.event_id IS NOT NULL),
       count(*) FILTER (WHERE NOT u.closed AND i.event_id IS NOT NULL),
       count(*) FILTER (WHERE NOT u.closed AND NOT d.away)
FROM u CROSS JOIN d LEFT JOIN i ON i.event_id = u.id)";

std::string Replace(std::string text, const std::string& what, const std::string& with) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
  return text;
}

}  // namespace

std::string WaitingSql(const BucketRange& range, const Subscription& subscription,
                       const std::string& keep) {
  return DestinationSql(subscription, keep) + " SELECT NOT d.away AND EXISTS (" +
         UntracedOf(range, subscription, "1") + " AND NOT " + ClosedSql(subscription) + ") FROM d";
}

std::string AuditSql(const BucketRange& range, const Subscription& subscription,
                     const std::string& keep) {
  const std::string columns = "e.id, " + ClosedSql(subscription) + " AS closed";
  std::string into = Replace(kIntoBacklog, "events e", EventsOf(range));
  into = Replace(into, "destination, outbox", Number(subscription.destination) + ", outbox");
  return DestinationSql(subscription, keep) + ", u AS MATERIALIZED (" +
         UntracedOf(range, subscription, columns) + ")" + into;
}

std::string UnroutedAuditSql(const BucketRange& range, const LaneFilter& filter) {
  const std::string number = Number(range.bucket);
  return "WITH u AS MATERIALIZED (SELECT e.id, e.id <= l.closed_up_to AS closed, e.id > "
         "i.unrouted_since AS judged FROM outbox.lane l, outbox.installation i, " +
         EventsOf(range) + " WHERE l.destination_id = 0 AND " + InRange(range) + " AND " +
         LaneFilterSql(filter) + Untraced(range, "") + R"()
, o AS (
  INSERT INTO outbox.outcome (event_id, finished_at, destination_id, bucket, state, error)
  SELECT u.id, clock_timestamp(), 0, )" +
         number + R"(, 2, 'no destination takes the topic'
  FROM u WHERE u.closed AND u.judged ORDER BY u.id ON CONFLICT DO NOTHING RETURNING event_id)
, dl AS (
  INSERT INTO outbox.dead_letter (event_id, destination_id, reason, last_error, died_at, slot,
    bucket, event_xid, recorded_at, topic, key, cause_id, deliver_before, payload, body,
    content_type, headers)
  SELECT e.id, 0, 'no_route', 'no destination takes the topic', clock_timestamp(),
    outbox.slot(e.key, e.id), e.bucket, e.xid, e.recorded_at, e.topic, e.key, e.cause_id,
    e.deliver_before, e.payload, e.body, e.content_type, e.headers
  FROM o JOIN )" +
         EventsOf(range) + R"( ON e.id = o.event_id ON CONFLICT DO NOTHING)
SELECT (SELECT count(*) FROM o), 0, count(*) FILTER (WHERE NOT u.closed) FROM u)";
}

std::string CopyBacklogSql(const BucketRange& range) {
  const std::string rows = "FROM outbox.backlog b JOIN " + EventsOf(range) +
                           " ON e.id = b.event_id WHERE " + InRange(range) + " AND b.event_id > " +
                           Number(range.after) + " AND b.event_id <= " + Number(range.up_to) +
                           " AND b.bucket = " + Number(range.bucket) + " AND NOT b.copied";
  return "WITH c AS MATERIALIZED (SELECT b.event_id, b.destination_id " + rows +
         " ORDER BY 1, 2 FOR UPDATE OF b SKIP LOCKED), w AS (UPDATE outbox.backlog b SET copied = "
         "true, payload = e.payload, body = e.body, content_type = e.content_type, headers = "
         "e.headers FROM c JOIN " +
         EventsOf(range) +
         " ON e.id = c.event_id WHERE b.event_id = c.event_id AND b.destination_id = "
         "c.destination_id) SELECT (SELECT count(*) FROM c), (SELECT count(*) " +
         rows + ") - (SELECT count(*) FROM c)";
}

}  // namespace postrider
