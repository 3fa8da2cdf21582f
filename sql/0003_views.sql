-- The views: what people and programs may rely on. Columns are only ever added at the end.

-- Whether a pattern of a subscription takes a topic: equal, or a prefix followed by `.*` of any
-- depth, or `*`. The relay decides the same in libs/model/src/topic.cc.
CREATE FUNCTION outbox.topic_matches(pattern text, topic text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $fn$
  SELECT CASE
    WHEN pattern = '*' THEN true
    WHEN right(pattern, 2) = '.*'
      THEN starts_with(topic, left(pattern, -1)) AND length(topic) >= length(pattern)
    ELSE pattern = topic
  END
$fn$;

-- Whether a subscription takes an event: pattern i takes ids above since[i].
CREATE FUNCTION outbox.takes(topics text[], since bigint[], topic text, id bigint) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $fn$
  SELECT EXISTS (SELECT FROM unnest(topics, since) AS s (pattern, above)
                 WHERE outbox.topic_matches(s.pattern, topic) AND id > s.above)
$fn$;

CREATE FUNCTION outbox.state_name(state smallint) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $fn$
  SELECT (ARRAY['delivered', 'dead', 'expired', 'cancelled', 'discarded'])[state]
$fn$;

CREATE FUNCTION outbox.waiting_name(waiting_for smallint) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $fn$
  SELECT (ARRAY['schedule', 'retry', 'predecessor', 'replay', 'answer', 'verification'])[waiting_for]
$fn$;

CREATE FUNCTION outbox.waiting_state(waiting_for smallint) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $fn$
  SELECT (ARRAY['scheduled', 'retrying', 'blocked', 'queued', 'sending', 'verifying'])[waiting_for]
$fn$;

-- Follow-up events are found by their cause. Events without one pay nothing for it.
CREATE INDEX event_cause ON outbox.event (cause_id) WHERE cause_id IS NOT NULL;

-- One row for each event and destination that takes it, or has taken it. Made to be asked by
-- event_id; it reads the log, so it is not the place to count what waits (that is outbox.status).
-- `destination` is null for an event that no destination took.
CREATE VIEW outbox.delivery AS
WITH target AS NOT MATERIALIZED (
  SELECT d.id, d.name, s.topics, s.since,
         CASE WHEN d.retired_at IS NOT NULL THEN 'configuration'
              WHEN d.paused_at IS NOT NULL
                   AND (d.paused_until IS NULL OR d.paused_until > now()) THEN 'resume'
         END AS held_by
  FROM outbox.destination d
  LEFT JOIN outbox.subscription s ON s.destination_id = d.id AND s.version = d.version
  UNION ALL
  SELECT 0, NULL, '{}', '{}', NULL
)
SELECT
  e.id AS event_id,
  t.name AS destination,
  e.topic,
  e.key,
  CASE WHEN o.state IS NOT NULL THEN outbox.state_name(o.state)
       WHEN b.waiting_for IS NOT NULL THEN outbox.waiting_state(b.waiting_for)
       WHEN e.deliver_after > now() THEN 'scheduled'
       ELSE 'queued' END AS state,
  CASE WHEN o.state IS NOT NULL THEN NULL
       WHEN t.held_by IS NOT NULL THEN t.held_by
       WHEN b.waiting_for IS NOT NULL THEN outbox.waiting_name(b.waiting_for)
       WHEN e.deliver_after > now() THEN 'schedule' END AS waiting_for,
  coalesce(o.attempts, b.attempts, 0) AS attempts,
  nullif(coalesce(o.http_status, b.http_status), 0) AS http_status,
  CASE WHEN o.state IS NOT NULL THEN o.class ELSE b.class END AS class,
  CASE WHEN o.state IS NOT NULL THEN o.error ELSE b.error END AS last_error,
  e.recorded_at,
  CASE WHEN o.state IS NOT NULL THEN NULL
       WHEN b.due_at IS NOT NULL THEN nullif(b.due_at, 'infinity')
       ELSE greatest(e.recorded_at, e.deliver_after) END AS due_at,
  o.finished_at,
  t.id AS destination_id,
  coalesce(o.run, b.run, 1::smallint) AS run,
  b.predecessor,
  o.latency_ms,
  e.cause_id
FROM outbox.event e
CROSS JOIN target t
LEFT JOIN outbox.outcome o
  ON o.event_id = e.id AND o.destination_id = t.id AND o.bucket = e.bucket
LEFT JOIN outbox.backlog b ON b.event_id = e.id AND b.destination_id = t.id
WHERE e.duplicate_of IS NULL
  AND CASE WHEN t.id = 0 THEN o.state = 2  -- no destination took it, and that is still so
           ELSE o.state IS NOT NULL OR b.waiting_for IS NOT NULL
                OR ((e.destination_id IS NULL OR e.destination_id = t.id)
                    AND outbox.takes(t.topics, t.since, e.topic, e.id)) END
UNION ALL
-- Deliveries that wait for longer than their event's bucket is kept.
SELECT b.event_id, t.name, b.topic, b.key, outbox.waiting_state(b.waiting_for),
       coalesce(t.held_by, outbox.waiting_name(b.waiting_for)), b.attempts,
       nullif(b.http_status, 0), b.class, b.error, b.recorded_at, nullif(b.due_at, 'infinity'),
       NULL, b.destination_id, b.run, b.predecessor, NULL, b.cause_id
FROM outbox.backlog b
LEFT JOIN target t ON t.id = b.destination_id
WHERE NOT EXISTS (SELECT FROM outbox.event e WHERE e.id = b.event_id AND e.bucket = b.bucket)
UNION ALL
-- Dead letters are kept for longer, too.
SELECT l.event_id, t.name, l.topic, l.key, CASE l.status WHEN 'open' THEN 'dead' ELSE l.status END,
       NULL, l.attempts, nullif(l.http_status, 0), l.class, l.last_error, l.recorded_at, NULL,
       l.died_at, l.destination_id, l.run, NULL, NULL, l.cause_id
FROM outbox.dead_letter l
LEFT JOIN target t ON t.id = l.destination_id
WHERE l.status IN ('open', 'discarded', 'delivered')
  AND NOT EXISTS (SELECT FROM outbox.event e WHERE e.id = l.event_id AND e.bucket = l.bucket)
  AND NOT EXISTS (SELECT FROM outbox.backlog b
                  WHERE b.event_id = l.event_id AND b.destination_id = l.destination_id);

-- The dead letters that wait for a decision.
CREATE VIEW outbox.dead_letters AS
SELECT l.id, l.event_id, d.name AS destination, l.topic, l.key, l.reason, l.class,
       nullif(l.http_status, 0) AS http_status, l.last_error, l.attempts, l.recorded_at,
       l.first_attempt_at, l.died_at, l.request, l.answer, l.payload,
       l.body, l.content_type, l.headers, l.run, l.cause_id
FROM outbox.dead_letter l
LEFT JOIN outbox.destination d ON d.id = l.destination_id
WHERE l.status = 'open';

-- One row for each destination, and one with a null name for events that no destination takes.
-- `open_ids` is how many ids are not closed yet: a bound on what waits in the log, not a count.
-- `breaker` is the worst state of its lanes, `held` why they do not send what is due, as of a few
-- seconds ago; both null while nobody owns them.
CREATE VIEW outbox.status AS
WITH target AS (
  SELECT d.id, d.name,
         CASE WHEN d.retired_at IS NOT NULL THEN 'retired'
              WHEN d.paused_at IS NOT NULL
                   AND (d.paused_until IS NULL OR d.paused_until > now()) THEN 'paused'
              ELSE 'active' END AS state,
         s.topics, s.shards, d.version, d.paused_at, d.paused_until, d.pause_note, d.retired_at
  FROM outbox.destination d
  LEFT JOIN outbox.subscription s ON s.destination_id = d.id AND s.version = d.version
  WHERE d.dropped_at IS NULL
  UNION ALL
  SELECT 0, NULL, 'unrouted', '{}', 1::smallint, 1, NULL, NULL, NULL, NULL
), waiting AS (
  SELECT b.destination_id,
         count(*) FILTER (WHERE b.waiting_for = 1) AS scheduled,
         count(*) FILTER (WHERE b.waiting_for IN (2, 5, 6)) AS retrying,
         count(*) FILTER (WHERE b.waiting_for = 3) AS blocked,
         count(*) FILTER (WHERE b.waiting_for = 4) AS replaying,
         min(b.due_at) FILTER (WHERE b.due_at <= now()) AS oldest_due_at
  FROM outbox.backlog b GROUP BY b.destination_id
), dead AS (
  SELECT l.destination_id, count(*) AS letters, min(l.died_at) AS oldest_died_at
  FROM outbox.dead_letter l WHERE l.status = 'open' GROUP BY l.destination_id
), position AS (
  SELECT l.destination_id, min(l.closed_up_to) AS closed_up_to, max(l.saved_at) AS saved_at
  FROM outbox.lane l GROUP BY l.destination_id
), policy AS (
  SELECT l.destination_id,
         CASE WHEN bool_or(l.breaker = 'open') THEN 'open'
              WHEN bool_or(l.breaker = 'half_open') THEN 'half_open'
              WHEN bool_or(l.breaker = 'closed') THEN 'closed' END AS breaker,
         string_agg(DISTINCT l.held, ', ' ORDER BY l.held) AS held
  FROM outbox.lane l
  JOIN outbox.fence f ON f.destination_id = l.destination_id AND f.shard = l.shard
  JOIN outbox.relay r ON r.id = f.owner
  GROUP BY l.destination_id
), owner AS (
  SELECT f.destination_id, array_agg(DISTINCT r.name ORDER BY r.name) AS names
  FROM outbox.fence f JOIN outbox.relay r ON r.id = f.owner GROUP BY f.destination_id
)
SELECT t.name AS destination, t.state, t.topics, t.shards, t.version,
       coalesce(o.names, '{}') AS owners,
       coalesce(w.scheduled, 0) AS scheduled, coalesce(w.retrying, 0) AS retrying,
       coalesce(w.blocked, 0) AS blocked, coalesce(w.replaying, 0) AS replaying,
       w.oldest_due_at,
       coalesce(d.letters, 0) AS dead, d.oldest_died_at,
       p.closed_up_to,
       CASE WHEN p.closed_up_to IS NOT NULL
            THEN greatest(q.last_value - (NOT q.is_called)::int - p.closed_up_to, 0) END AS open_ids,
       p.saved_at, t.paused_at, t.paused_until, t.pause_note, t.retired_at,
       t.id AS destination_id, y.breaker, y.held
FROM target t
CROSS JOIN outbox.event_id_seq q
LEFT JOIN waiting w ON w.destination_id = t.id
LEFT JOIN dead d ON d.destination_id = t.id
LEFT JOIN position p ON p.destination_id = t.id
LEFT JOIN policy y ON y.destination_id = t.id
LEFT JOIN owner o ON o.destination_id = t.id;

-- Every change made by a person. `matched` is what it is about, `done` how much of it is done.
CREATE VIEW outbox.operations AS
SELECT id, kind, filter, note, matched, done, status, performed_by, created_at, finished_at, error
FROM outbox.operation;

-- The log as it was written, for looking at one event by its id. `destination` is set for an event
-- that is for one destination alone.
CREATE VIEW outbox.events AS
SELECT e.id, e.topic, e.key, e.recorded_at, e.deliver_after, e.deliver_before, e.dedup_key,
       e.duplicate_of, e.cause_id, d.name AS destination, e.content_type, e.headers, e.payload, e.body
FROM outbox.event e
LEFT JOIN outbox.destination d ON d.id = abs(e.destination_id);

-- The requests that did not settle their event, or did before it was sent again. To be asked by
-- event_id.
CREATE VIEW outbox.attempts AS
SELECT a.event_id, d.name AS destination, a.started_at, a.result, a.charged,
       nullif(a.http_status, 0) AS http_status, a.class, a.error, a.latency_ms, a.epoch, a.n
FROM outbox.attempt a
LEFT JOIN outbox.destination d ON d.id = a.destination_id;

-- What outbox.cancel asked for, and what the owner of the lane decided.
CREATE VIEW outbox.cancellations AS
SELECT c.event_id, d.name AS destination, c.result, c.requested_at, c.decided_at,
       c.operation_id AS operation
FROM outbox.cancellation c
LEFT JOIN outbox.destination d ON d.id = c.destination_id;

CREATE VIEW outbox.relays AS
SELECT r.name, r.id, r.version, r.host, r.pid,
       r.heartbeat > clock_timestamp() - r.lease AS alive,
       (SELECT count(*) FROM outbox.fence f WHERE f.owner = r.id) AS lanes,
       r.lease, r.started_at, r.heartbeat
FROM outbox.relay r;
