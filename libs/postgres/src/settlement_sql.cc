#include "settlement_sql.h"

#include <algorithm>
#include <set>

#include "cancel_sql.h"
#include "sql_text.h"
#include "unnest.h"

namespace postrider {
namespace {

using Batch = std::vector<const Settlement*>;

TextOrNull ClassText(const std::optional<FailureClass>& failure) {
  return {failure ? ToString(*failure) : std::string_view()};
}

/// `s`: every settlement, with its outcome where it has one. In one piece, because a join of two
/// such lists is left to the planner's guesses.
std::string SettlementRows(const Batch& batch) {
  Unnest<18> rows("s", {{{"event_id", "int8"},
                         {"destination_id", "int4"},
                         {"shard", "int2"},
                         {"epoch", "int8"},
                         {"bucket", "int2"},
                         {"event_xid", "xid8"},
                         {"recorded_at", "timestamptz"},
                         {"run", "int2"},
                         {"delivered", "bool"},
                         {"state", "int2"},
                         {"attempts", "int2"},
                         {"http_status", "int2"},
                         {"class", "text"},
                         {"latency_ms", "int4"},
                         {"finished_at", "timestamptz"},
                         {"error", "text"},
                         {"answer", "text"},
                         {"parks", "bool"}}});
  static const Outcome kNone;
  for (const Settlement* s : batch) {
    const Outcome& o = s->outcome ? *s->outcome : kNone;
    const EventIdentity& event = s->event->identity;
    const bool delivered = s->outcome && o.state == OutcomeState::kDelivered;
    std::optional<std::int16_t> state;
    if (s->outcome) state = static_cast<std::int16_t>(o.state);
    rows.Row(event.id, s->lane.destination, s->lane.shard, s->epoch, event.bucket, event.xid,
             event.recorded_at, s->run, delivered, state, std::min(o.attempts, 32767),
             o.http_status, ClassText(o.failure), o.latency_ms, o.finished_at, TextOrNull{o.error},
             TextOrNull{o.answer}, s->backlog.has_value());
  }
  return rows.Sql();
}

/// `h`: those whose event is of this history. Same canary, same history, so the id still means the
/// same event; otherwise the event itself, or a copy of it, must be there.
std::string HistorySql(const std::string& canary) {
  const auto exists = [](const std::string& table, const std::string& id, const std::string& xid) {
    return " OR EXISTS (SELECT FROM outbox." + table + " x WHERE x." + id + " = s.event_id AND x." +
           xid + " = s.event_xid AND x.recorded_at = s.recorded_at)";
  };
  const std::string same =
      canary.empty()
          ? "false"
          : "(SELECT EXISTS (SELECT FROM outbox.canary c WHERE c.id = " + sql_text::Quote(canary) +
                "::uuid))";
  return ", h AS MATERIALIZED (SELECT s.* FROM s WHERE " + same + exists("event", "id", "xid") +
         exists("backlog", "event_id", "event_xid") +
         exists("dead_letter", "event_id", "event_xid") + ")";
}

/// `f`: our fences. `v`: what is accepted: `delivered` whoever asks, every other state only with
/// the fence and of the newest run.
std::string ValidSql(const std::string& owner) {
  return ", f AS MATERIALIZED (SELECT destination_id, shard, epoch FROM outbox.fence WHERE owner "
         "= " +
         sql_text::Quote(owner) + R"(::uuid)
, v AS MATERIALIZED (
  SELECT h.* FROM h
  WHERE h.delivered
     OR ((h.destination_id, h.shard, h.epoch) IN (SELECT destination_id, shard, epoch FROM f)
         AND NOT EXISTS (SELECT FROM outbox.backlog b
                         WHERE b.event_id = h.event_id AND b.destination_id = h.destination_id
                           AND b.run > h.run))))";
}

/// The outcomes, and what a settled delivery leaves behind in backlog and dead letters. Rows of big
/// tables are found by one probe of an index each, as correlated subqueries, whatever the planner
/// believes about their size; `status || ''` hides the partial indexes of open dead letters, of
/// which each probe would read all.
constexpr char kOutcomeSql[] = R"(
, o AS (
  INSERT INTO outbox.outcome AS t (event_id, destination_id, bucket, run, state, attempts,
                                   http_status, class, latency_ms, finished_at, error, answer)
  SELECT event_id, destination_id, bucket, run, state, attempts, http_status, class, latency_ms,
         finished_at, error, answer
  FROM v WHERE state IS NOT NULL ORDER BY event_id, destination_id
  ON CONFLICT (event_id, destination_id, bucket) DO UPDATE
  SET state = excluded.state, run = excluded.run, attempts = excluded.attempts,
      http_status = excluded.http_status, class = excluded.class,
      latency_ms = excluded.latency_ms, finished_at = excluded.finished_at,
      error = excluded.error, answer = excluded.answer
  WHERE excluded.state = 1 AND t.state <> 1
  RETURNING t.event_id, t.destination_id, t.state)
, bd AS (
  DELETE FROM outbox.backlog b
  WHERE b.event_id = ANY (ARRAY(SELECT v.event_id FROM v WHERE v.state IS NOT NULL))
    AND (b.event_id, b.destination_id) IN (SELECT v.event_id, v.destination_id
                                           FROM v WHERE v.state IS NOT NULL))
, rd AS (
  UPDATE outbox.dead_letter d SET status = 'delivered', resolved_at = clock_timestamp()
  WHERE d.id = ANY (ARRAY(
    SELECT (SELECT x.id FROM outbox.dead_letter x
            WHERE x.event_id = o.event_id AND x.destination_id = o.destination_id
              AND x.status || '' = 'open' LIMIT 1)
    FROM o WHERE o.state = 1))))";

std::string DeadLetterSql(const Batch& batch) {
  Unnest<21> rows("dd", {{{"event_id", "int8"},       {"destination_id", "int4"},
                          {"reason", "text"},         {"class", "text"},
                          {"http_status", "int2"},    {"last_error", "text"},
                          {"attempts", "int4"},       {"first_attempt_at", "timestamptz"},
                          {"died_at", "timestamptz"}, {"request", "text"},
                          {"answer", "text"},         {"slot", "int4"},
                          {"topic", "text"},          {"key", "text"},
                          {"cause_id", "int8"},       {"deliver_before", "timestamptz"},
                          {"payload", "text"},        {"body", "bytea"},
                          {"content_type", "text"},   {"headers", "text"},
                          {"deferred", "bool"}}});
  for (const Settlement* s : batch) {
    if (!s->outcome || s->outcome->state != OutcomeState::kDead) continue;
    const Outcome& o = *s->outcome;
    const Event& e = *s->event;
    const bool here = !e.body_deferred && e.body_bytes > 0;
    std::optional<std::string_view> payload, body;
    if (here) (e.body_is_payload ? payload : body) = e.body;
    rows.Row(e.id(), s->lane.destination, ToString(o.reason.value_or(DeadReason::kRefused)),
             ClassText(o.failure), o.http_status, TextOrNull{o.error}, o.attempts,
             o.first_attempt_at, o.finished_at, TextOrNull{o.request}, TextOrNull{o.answer}, e.slot,
             e.topic, e.key, e.cause_id, e.deliver_before, payload, Bytes{body}, e.content_type,
             TextOrNull{e.headers}, e.body_deferred);
  }
  if (rows.empty()) return "";
  return ", " + rows.Sql() + R"(
, di AS (
  INSERT INTO outbox.dead_letter (event_id, destination_id, run, reason, class, http_status,
    last_error, attempts, first_attempt_at, died_at, request, answer, slot, bucket, event_xid,
    recorded_at, topic, key, cause_id, deliver_before, payload, body, content_type, headers)
  SELECT o.event_id, o.destination_id, v.run, dd.reason, dd.class, dd.http_status,
    dd.last_error, dd.attempts, dd.first_attempt_at, dd.died_at, dd.request, dd.answer, dd.slot,
    v.bucket, v.event_xid, v.recorded_at, dd.topic, dd.key, dd.cause_id, dd.deliver_before,
    CASE WHEN dd.deferred
         THEN coalesce((SELECT e.payload FROM outbox.event e WHERE e.id = o.event_id AND e.bucket = v.bucket),
                       (SELECT b.payload FROM outbox.backlog b WHERE b.event_id = o.event_id
                          AND b.destination_id = o.destination_id AND b.copied))
         ELSE dd.payload END,
    CASE WHEN dd.deferred
         THEN coalesce((SELECT e.body FROM outbox.event e WHERE e.id = o.event_id AND e.bucket = v.bucket),
                       (SELECT b.body FROM outbox.backlog b WHERE b.event_id = o.event_id
                          AND b.destination_id = o.destination_id AND b.copied))
         ELSE dd.body END,
    dd.content_type, dd.headers
  FROM o JOIN v USING (event_id, destination_id) JOIN dd USING (event_id, destination_id)
  WHERE o.state = 2
  ON CONFLICT DO NOTHING))";
}

std::string EmittedSql(const Batch& batch) {
  Unnest<5> rows("ed", {{{"event_id", "int8"},
                         {"destination_id", "int4"},
                         {"topic", "text"},
                         {"key", "text"},
                         {"payload", "text"}}});
  for (const Settlement* s : batch) {
    if (!s->outcome || !s->emitted) continue;
    rows.Row(s->event->id(), s->lane.destination, s->emitted->topic, s->event->key,
             s->emitted->payload);
  }
  if (rows.empty()) return "";
  return ", " + rows.Sql() + R"(
, ei AS (
  INSERT INTO outbox.event (topic, key, payload, cause_id)
  SELECT ed.topic, ed.key, ed.payload, event_id
  FROM o JOIN ed USING (event_id, destination_id) ORDER BY event_id, destination_id))";
}

/// @param after_outcomes  two recorders that took outcomes and backlog rows in different orders
///                        would deadlock
std::string BacklogSql(const Batch& batch, bool after_outcomes) {
  Unnest<16> rows("pd", {{{"event_id", "int8"},
                          {"destination_id", "int4"},
                          {"slot", "int4"},
                          {"waiting_for", "int2"},
                          {"due_at", "timestamptz"},
                          {"predecessor", "int8"},
                          {"attempts", "int4"},
                          {"first_attempt_at", "timestamptz"},
                          {"class", "text"},
                          {"http_status", "int2"},
                          {"error", "text"},
                          {"topic", "text"},
                          {"key", "text"},
                          {"cause_id", "int8"},
                          {"deliver_after", "timestamptz"},
                          {"deliver_before", "timestamptz"}}});
  for (const Settlement* s : batch) {
    if (!s->backlog) continue;
    const BacklogEntry& b = *s->backlog;
    const Event& e = *s->event;
    rows.Row(e.id(), s->lane.destination, e.slot, b.waiting_for, b.due_at, b.predecessor,
             b.attempts, b.first_attempt_at, ClassText(b.failure), b.http_status,
             TextOrNull{b.error}, e.topic, e.key, e.cause_id, e.deliver_after, e.deliver_before);
  }
  if (rows.empty()) return "";
  return ", " + rows.Sql() + R"(
, pi AS (
  INSERT INTO outbox.backlog AS b (event_id, destination_id, slot, run, waiting_for, due_at,
    predecessor, attempts, first_attempt_at, class, http_status, error, bucket, event_xid,
    recorded_at, topic, key, cause_id, deliver_after, deliver_before)
  SELECT event_id, destination_id, pd.slot, v.run, pd.waiting_for, pd.due_at, pd.predecessor,
    pd.attempts, pd.first_attempt_at, pd.class, pd.http_status, pd.error, v.bucket, v.event_xid,
    v.recorded_at, pd.topic, pd.key, pd.cause_id, pd.deliver_after, pd.deliver_before
  FROM v JOIN pd USING (event_id, destination_id)
  WHERE v.parks)" +
         (after_outcomes ? " AND (SELECT count(*) FROM o) >= 0" : "") + R"(
    AND (SELECT x.state FROM outbox.outcome x WHERE x.event_id = v.event_id
           AND x.destination_id = v.destination_id AND x.bucket = v.bucket) IS NULL
  ORDER BY event_id, destination_id
  ON CONFLICT (event_id, destination_id) DO UPDATE
  SET waiting_for = excluded.waiting_for, due_at = excluded.due_at,
      predecessor = excluded.predecessor, attempts = excluded.attempts,
      first_attempt_at = excluded.first_attempt_at, class = excluded.class,
      http_status = excluded.http_status, error = excluded.error
  WHERE b.run <= excluded.run))";
}

std::string AttemptSql(const Batch& batch) {
  Unnest<11> rows("ad", {{{"event_id", "int8"},
                          {"destination_id", "int4"},
                          {"epoch", "int8"},
                          {"n", "int4"},
                          {"started_at", "timestamptz"},
                          {"result", "text"},
                          {"class", "text"},
                          {"http_status", "int2"},
                          {"latency_ms", "int4"},
                          {"charged", "bool"},
                          {"error", "text"}}});
  for (const Settlement* s : batch) {
    for (const AttemptRecord& a : s->attempts) {
      rows.Row(s->event->id(), s->lane.destination, s->epoch, a.number, a.started_at,
               ToString(a.result), ClassText(a.failure), a.http_status, a.latency_ms, a.charged,
               TextOrNull{a.error});
    }
  }
  if (rows.empty()) return "";
  return ", " + rows.Sql() + R"(
, ai AS (
  INSERT INTO outbox.attempt (event_id, destination_id, epoch, n, started_at, result, class,
    http_status, latency_ms, charged, error, bucket)
  SELECT event_id, destination_id, ad.epoch, ad.n, ad.started_at, ad.result, ad.class,
    ad.http_status, ad.latency_ms, ad.charged, ad.error, h.bucket
  FROM h JOIN ad USING (event_id, destination_id)
  ON CONFLICT DO NOTHING))";
}

std::string FenceLockSql(const Batch& batch) {
  std::set<LaneId> lanes;
  for (const Settlement* s : batch) lanes.insert(s->lane);
  std::string list;
  for (const LaneId& lane : lanes) {
    if (!list.empty()) list += ", ";
    list += "(" + std::to_string(lane.destination) + ", " + std::to_string(lane.shard) + ")";
  }
  return "SELECT FROM outbox.fence WHERE (destination_id, shard) IN (" + list +
         ") ORDER BY destination_id, shard FOR SHARE; ";
}

}  // namespace

std::string SettlementSql(const Batch& batch, const std::string& owner) {
  const std::string canary = batch.front()->canary ? *batch.front()->canary : "";
  const bool outcomes = std::any_of(batch.begin(), batch.end(),
                                    [](const Settlement* s) { return s->outcome.has_value(); });
  std::string sql =
      "SET LOCAL jit = off; SET LOCAL enable_seqscan = off; SET LOCAL synchronous_commit = on; "
      "SET LOCAL timezone = 'UTC'; " +
      FenceLockSql(batch) + "WITH " + SettlementRows(batch) + HistorySql(canary) + ValidSql(owner);
  // The outcome goes first, and all that follows from it hangs on what it returns.
  if (outcomes) sql += kOutcomeSql + DeadLetterSql(batch) + EmittedSql(batch);
  sql += BacklogSql(batch, outcomes) + AttemptSql(batch) + AnswerCancelsSql(batch, outcomes);
  return sql + R"(
SELECT 'fence', destination_id, shard, epoch FROM f
UNION ALL SELECT 'history', 0, 0, count(*) FROM h
UNION ALL SELECT 'valid', 0, 0, count(*) FROM v
UNION ALL SELECT 'dropped', destination_id, 0, event_id FROM s
  WHERE (SELECT count(*) FROM s) > (SELECT count(*) FROM v)
    AND (event_id, destination_id) NOT IN (SELECT event_id, destination_id FROM v))";
}

}  // namespace postrider
