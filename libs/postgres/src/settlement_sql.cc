#include "settlement_sql.h"

#include <algorithm>
#include <set>

#include "sql_text.h"

namespace postrider {
namespace {

using sql_text::ArrayLiteral;
using sql_text::Quote;

using Batch = std::vector<const Settlement*>;

std::string ClassText(const std::optional<FailureClass>& failure) {
  return failure ? std::string(ToString(*failure)) : std::string();
}

std::int64_t Number(std::int64_t value) { return value; }

/// `name AS (SELECT * FROM unnest(...) AS t (columns))`.
std::string Unnest(const std::string& name, const std::vector<std::string>& arrays,
                   const std::string& columns) {
  std::string sql = name + " AS MATERIALIZED (SELECT * FROM unnest(";
  for (std::size_t i = 0; i < arrays.size(); ++i) {
    if (i > 0) sql += ", ";
    sql += arrays[i];
  }
  return sql + ") AS t (" + columns + "))";
}

/// What every settlement has: which event, whose lane, which run.
std::string Common(const Batch& batch) {
  ArrayLiteral event, destination, shard, epoch, bucket, xid, recorded, run, delivered;
  for (const Settlement* s : batch) {
    event.Add(s->event->id());
    destination.Add(Number(s->lane.destination));
    shard.Add(Number(s->lane.shard));
    epoch.Add(s->epoch);
    bucket.Add(Number(s->event->identity.bucket));
    xid.Add(s->event->identity.xid);
    recorded.Add(s->event->identity.recorded_at);
    run.Add(Number(s->run));
    delivered.Add(s->outcome && s->outcome->state == OutcomeState::kDelivered);
  }
  return Unnest("s",
                {event.As("int8"), destination.As("int4"), shard.As("int2"), epoch.As("int8"),
                 bucket.As("int2"), xid.As("xid8"), recorded.As("timestamptz"), run.As("int2"),
                 delivered.As("bool")},
                "event_id, destination_id, shard, epoch, bucket, event_xid, recorded_at, run, "
                "delivered");
}

/// Same canary, same history, so the id still means the same event; otherwise the event itself, or
/// a copy of it, must be there.
std::string HistorySql(const std::string& canary) {
  const auto exists = [](const std::string& table, const std::string& id, const std::string& xid) {
    return "EXISTS (SELECT FROM " + table + " x WHERE x." + id + " = s.event_id AND x." + xid +
           " = s.event_xid AND x.recorded_at = s.recorded_at)";
  };
  return "h AS MATERIALIZED (SELECT s.* FROM s WHERE (SELECT EXISTS (SELECT FROM outbox.canary c "
         "WHERE c.id = " +
         Quote(canary) + "::uuid)) OR " + exists("outbox.event", "id", "xid") + " OR " +
         exists("outbox.backlog", "event_id", "event_xid") + " OR " +
         exists("outbox.dead_letter", "event_id", "event_xid") + ")";
}

/// `delivered` is recorded whoever asks; every other state needs the fence and the newest run.
std::string ValidSql(const std::string& owner) {
  return "f AS MATERIALIZED (SELECT f.destination_id, f.shard, f.epoch FROM outbox.fence f WHERE "
         "f.owner = " +
         Quote(owner) +
         "::uuid), v AS MATERIALIZED (SELECT h.* FROM h WHERE h.delivered OR ((h.destination_id, "
         "h.shard, h.epoch) IN (SELECT f.destination_id, f.shard, f.epoch FROM f) AND NOT EXISTS "
         "(SELECT FROM outbox.backlog b WHERE b.event_id = h.event_id AND b.destination_id = "
         "h.destination_id AND b.run > h.run)))";
}

std::string OutcomeSql(const Batch& batch) {
  ArrayLiteral event, destination, state, attempts, status, failure, latency, finished, error,
      answer;
  for (const Settlement* s : batch) {
    if (!s->outcome) continue;
    const Outcome& o = *s->outcome;
    event.Add(s->event->id());
    destination.Add(Number(s->lane.destination));
    state.Add(Number(static_cast<std::int16_t>(o.state)));
    attempts.Add(Number(std::min(o.attempts, 32767)));
    status.Add(Number(o.http_status));
    failure.AddTextOrNull(ClassText(o.failure));
    latency.Add(Number(o.latency_ms));
    finished.Add(o.finished_at);
    error.AddTextOrNull(o.error);
    answer.AddTextOrNull(o.answer);
  }
  return ", " + Unnest("od", {event.As("int8"), destination.As("int4"), state.As("int2"),
                              attempts.As("int2"), status.As("int2"), failure.As("text"),
                              latency.As("int4"), finished.As("timestamptz"), error.As("text"),
                              answer.As("text")},
                         "event_id, destination_id, state, attempts, http_status, class, "
                         "latency_ms, finished_at, error, answer") +
         ", o AS (INSERT INTO outbox.outcome AS t (event_id, destination_id, bucket, run, state, "
         "attempts, http_status, class, latency_ms, finished_at, error, answer) SELECT event_id, "
         "destination_id, v.bucket, v.run, od.state, od.attempts, od.http_status, od.class, "
         "od.latency_ms, od.finished_at, od.error, od.answer FROM v JOIN od USING (event_id, "
         "destination_id) ORDER BY event_id, destination_id ON CONFLICT (event_id, "
         "destination_id, bucket) DO UPDATE SET state = excluded.state, run = excluded.run, "
         "attempts = excluded.attempts, http_status = excluded.http_status, class = "
         "excluded.class, latency_ms = excluded.latency_ms, finished_at = excluded.finished_at, "
         "error = excluded.error, answer = excluded.answer WHERE excluded.state = 1 AND t.state "
         "<> 1 RETURNING t.event_id, t.destination_id, t.state), "
         "bd AS (DELETE FROM outbox.backlog b USING v JOIN od USING (event_id, destination_id) "
         "WHERE b.event_id = v.event_id AND b.destination_id = v.destination_id), "
         "rd AS (UPDATE outbox.dead_letter d SET status = 'delivered', resolved_at = "
         "clock_timestamp() FROM o WHERE o.state = 1 AND d.event_id = o.event_id AND "
         "d.destination_id = o.destination_id AND d.status = 'open')";
}

std::string DeadLetterSql(const Batch& batch) {
  ArrayLiteral event, destination, reason, failure, status, error, attempts, first, died, request,
      answer, slot, topic, key, cause, before, payload, body, type, headers, deferred;
  for (const Settlement* s : batch) {
    if (!s->outcome || s->outcome->state != OutcomeState::kDead) continue;
    const Outcome& o = *s->outcome;
    const Event& e = *s->event;
    event.Add(e.id());
    destination.Add(Number(s->lane.destination));
    reason.AddText(ToString(o.reason.value_or(DeadReason::kRefused)));
    failure.AddTextOrNull(ClassText(o.failure));
    status.Add(Number(o.http_status));
    error.AddTextOrNull(o.error);
    attempts.Add(Number(o.attempts));
    first.Add(o.first_attempt_at);
    died.Add(o.finished_at);
    request.AddTextOrNull(o.request);
    answer.AddTextOrNull(o.answer);
    slot.Add(Number(e.slot));
    topic.AddText(e.topic);
    e.key ? key.AddText(*e.key) : key.AddNull();
    e.cause_id ? cause.Add(*e.cause_id) : cause.AddNull();
    before.Add(e.deliver_before);
    const bool is_body = !e.body_is_payload && e.body_bytes > 0;
    e.body_is_payload && !e.body_deferred ? payload.AddText(e.body) : payload.AddNull();
    is_body && !e.body_deferred ? body.AddBytes(e.body) : body.AddNull();
    e.content_type ? type.AddText(*e.content_type) : type.AddNull();
    headers.AddTextOrNull(e.headers);
    deferred.Add(e.body_deferred);
  }
  return ", " + Unnest("dd", {event.As("int8"), destination.As("int4"), reason.As("text"),
                              failure.As("text"), status.As("int2"), error.As("text"),
                              attempts.As("int4"), first.As("timestamptz"), died.As("timestamptz"),
                              request.As("text"), answer.As("text"), slot.As("int4"),
                              topic.As("text"), key.As("text"), cause.As("int8"),
                              before.As("timestamptz"), payload.As("text"), body.As("bytea"),
                              type.As("text"), headers.As("text"), deferred.As("bool")},
                         "event_id, destination_id, reason, class, http_status, last_error, "
                         "attempts, first_attempt_at, died_at, request, answer, slot, topic, key, "
                         "cause_id, deliver_before, payload, body, content_type, headers, "
                         "deferred") +
         ", di AS (INSERT INTO outbox.dead_letter (event_id, destination_id, run, reason, class, "
         "http_status, last_error, attempts, first_attempt_at, died_at, request, answer, slot, "
         "bucket, event_xid, recorded_at, topic, key, cause_id, deliver_before, payload, body, "
         "content_type, headers) SELECT o.event_id, o.destination_id, v.run, dd.reason, dd.class, "
         "dd.http_status, dd.last_error, dd.attempts, dd.first_attempt_at, dd.died_at, dd.request, "
         "dd.answer, dd.slot, v.bucket, v.event_xid, v.recorded_at, dd.topic, dd.key, dd.cause_id, "
         "dd.deliver_before, coalesce(dd.payload, e.payload), coalesce(dd.body, e.body), "
         "dd.content_type, dd.headers FROM o JOIN v USING (event_id, destination_id) JOIN dd USING "
         "(event_id, destination_id) LEFT JOIN outbox.event e ON dd.deferred AND e.id = o.event_id "
         "AND e.bucket = v.bucket WHERE o.state = 2 ON CONFLICT DO NOTHING)";
}

std::string EmittedSql(const Batch& batch) {
  ArrayLiteral event, destination, topic, key, payload;
  for (const Settlement* s : batch) {
    if (!s->emitted) continue;
    event.Add(s->event->id());
    destination.Add(Number(s->lane.destination));
    topic.AddText(s->emitted->topic);
    s->event->key ? key.AddText(*s->event->key) : key.AddNull();
    payload.AddText(s->emitted->payload);
  }
  return ", " + Unnest("ed", {event.As("int8"), destination.As("int4"), topic.As("text"),
                              key.As("text"), payload.As("text")},
                         "event_id, destination_id, topic, key, payload") +
         ", ei AS (INSERT INTO outbox.event (topic, key, payload, cause_id) SELECT ed.topic, "
         "ed.key, ed.payload, event_id FROM o JOIN ed USING (event_id, destination_id))";
}

std::string BacklogSql(const Batch& batch) {
  ArrayLiteral event, destination, slot, waiting, due, predecessor, attempts, first, failure,
      status, error, topic, key, cause, after, before;
  for (const Settlement* s : batch) {
    if (!s->backlog) continue;
    const BacklogEntry& b = *s->backlog;
    const Event& e = *s->event;
    event.Add(e.id());
    destination.Add(Number(s->lane.destination));
    slot.Add(Number(e.slot));
    waiting.Add(Number(static_cast<std::int16_t>(b.waiting_for)));
    due.Add(b.due_at);
    b.predecessor ? predecessor.Add(*b.predecessor) : predecessor.AddNull();
    attempts.Add(Number(b.attempts));
    first.Add(b.first_attempt_at);
    failure.AddTextOrNull(ClassText(b.failure));
    status.Add(Number(b.http_status));
    error.AddTextOrNull(b.error);
    topic.AddText(e.topic);
    e.key ? key.AddText(*e.key) : key.AddNull();
    e.cause_id ? cause.Add(*e.cause_id) : cause.AddNull();
    after.Add(e.deliver_after);
    before.Add(e.deliver_before);
  }
  return ", " + Unnest("pd", {event.As("int8"), destination.As("int4"), slot.As("int4"),
                              waiting.As("int2"), due.As("timestamptz"), predecessor.As("int8"),
                              attempts.As("int4"), first.As("timestamptz"), failure.As("text"),
                              status.As("int2"), error.As("text"), topic.As("text"), key.As("text"),
                              cause.As("int8"), after.As("timestamptz"), before.As("timestamptz")},
                         "event_id, destination_id, slot, waiting_for, due_at, predecessor, "
                         "attempts, first_attempt_at, class, http_status, error, topic, key, "
                         "cause_id, deliver_after, deliver_before") +
         ", pi AS (INSERT INTO outbox.backlog AS b (event_id, destination_id, slot, run, "
         "waiting_for, due_at, predecessor, attempts, first_attempt_at, class, http_status, error, "
         "bucket, event_xid, recorded_at, topic, key, cause_id, deliver_after, deliver_before) "
         "SELECT event_id, destination_id, pd.slot, v.run, pd.waiting_for, pd.due_at, "
         "pd.predecessor, pd.attempts, pd.first_attempt_at, pd.class, pd.http_status, pd.error, "
         "v.bucket, v.event_xid, v.recorded_at, pd.topic, pd.key, pd.cause_id, pd.deliver_after, "
         "pd.deliver_before FROM v JOIN pd USING (event_id, destination_id) WHERE NOT EXISTS "
         "(SELECT FROM outbox.outcome x WHERE x.event_id = v.event_id AND x.destination_id = "
         "v.destination_id AND x.bucket = v.bucket) ORDER BY event_id, destination_id ON CONFLICT "
         "(event_id, destination_id) DO UPDATE SET waiting_for = excluded.waiting_for, due_at = "
         "excluded.due_at, predecessor = excluded.predecessor, attempts = excluded.attempts, "
         "first_attempt_at = excluded.first_attempt_at, class = excluded.class, http_status = "
         "excluded.http_status, error = excluded.error WHERE b.run <= excluded.run)";
}

std::string AttemptSql(const Batch& batch) {
  ArrayLiteral event, destination, epoch, n, started, result, failure, status, latency, charged,
      error;
  for (const Settlement* s : batch) {
    for (const AttemptRecord& a : s->attempts) {
      event.Add(s->event->id());
      destination.Add(Number(s->lane.destination));
      epoch.Add(s->epoch);
      n.Add(Number(a.number));
      started.Add(a.started_at);
      result.AddText(ToString(a.result));
      failure.AddTextOrNull(ClassText(a.failure));
      status.Add(Number(a.http_status));
      latency.Add(Number(a.latency_ms));
      charged.Add(a.charged);
      error.AddTextOrNull(a.error);
    }
  }
  return ", " + Unnest("ad", {event.As("int8"), destination.As("int4"), epoch.As("int8"),
                              n.As("int4"), started.As("timestamptz"), result.As("text"),
                              failure.As("text"), status.As("int2"), latency.As("int4"),
                              charged.As("bool"), error.As("text")},
                         "event_id, destination_id, epoch, n, started_at, result, class, "
                         "http_status, latency_ms, charged, error") +
         ", ai AS (INSERT INTO outbox.attempt (event_id, destination_id, epoch, n, started_at, "
         "result, class, http_status, latency_ms, charged, error, bucket) SELECT event_id, "
         "destination_id, ad.epoch, ad.n, ad.started_at, ad.result, ad.class, ad.http_status, "
         "ad.latency_ms, ad.charged, ad.error, h.bucket FROM h JOIN ad USING (event_id, "
         "destination_id) ON CONFLICT DO NOTHING)";
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

bool Any(const Batch& batch, bool (*has)(const Settlement&)) {
  return std::any_of(batch.begin(), batch.end(), [&](const Settlement* s) { return has(*s); });
}

}  // namespace

std::string SettlementSql(const Batch& batch, const std::string& owner, milliseconds timeout) {
  const std::string canary = batch.front()->canary ? *batch.front()->canary : "";
  const bool outcomes = Any(batch, [](const Settlement& s) { return s.outcome.has_value(); });
  const bool dead = Any(batch, [](const Settlement& s) {
    return s.outcome && s.outcome->state == OutcomeState::kDead;
  });
  std::string sql =
      "SET LOCAL jit = off; SET LOCAL enable_seqscan = off; SET LOCAL synchronous_commit = on; "
      "SET LOCAL statement_timeout = " +
      std::to_string(timeout.count()) + "; SET LOCAL timezone = 'UTC'; " + FenceLockSql(batch) +
      "WITH " + Common(batch) + ", " + HistorySql(canary) + ", " + ValidSql(owner);
  if (outcomes) sql += OutcomeSql(batch);
  if (dead) sql += DeadLetterSql(batch);
  if (outcomes && Any(batch, [](const Settlement& s) { return s.emitted.has_value(); })) {
    sql += EmittedSql(batch);
  }
  if (Any(batch, [](const Settlement& s) { return s.backlog.has_value(); })) {
    sql += BacklogSql(batch);
  }
  if (Any(batch, [](const Settlement& s) { return !s.attempts.empty(); })) sql += AttemptSql(batch);
  return sql +
         " SELECT 'fence', f.destination_id, f.shard, f.epoch FROM f UNION ALL SELECT 'history', "
         "0, 0, count(*) FROM h UNION ALL SELECT 'valid', 0, 0, count(*) FROM v";
}

}  // namespace postrider
