-- The tables of Postrider. `{bucket_period}` is replaced by the length of a bucket in seconds.
-- Everything here is private but the columns of outbox.event that docs/producing.md names; the
-- public interface are the views and functions of the later files.

-- Not IF NOT EXISTS: that asks for CREATE on the database even where the schema is there already.
DO $do$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = 'outbox') THEN
    CREATE SCHEMA outbox;
  END IF;
EXCEPTION WHEN insufficient_privilege THEN
  RAISE insufficient_privilege USING
    MESSAGE = format('role %s may not create the schema outbox in database %s', current_user, current_database()),
    HINT = format('Let a superuser say: CREATE SCHEMA outbox AUTHORIZATION %I;', current_user);
END $do$;

CREATE TABLE outbox.migration (
  version      int PRIMARY KEY,
  name         text NOT NULL,
  applied_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  applied_by   text NOT NULL DEFAULT session_user
);

-- One row: which outbox this is. `system_identifier` is how a relay notices that the rows were
-- restored or moved elsewhere (docs/operations.md, "Moving"); null where it may not be read.
CREATE TABLE outbox.installation (
  one                boolean PRIMARY KEY DEFAULT true CHECK (one),
  name               text NOT NULL CHECK (name ~ '^[a-z0-9]{8}$'),
  bucket_period      interval NOT NULL,
  system_identifier  bigint,
  created_at         timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Text that is JSON, checked without building a jsonb. PostgreSQL 16 has a predicate for it.
DO $do$
BEGIN
  IF current_setting('server_version_num')::int >= 160000 THEN
    EXECUTE $sql$
      CREATE FUNCTION outbox.is_json(value text) RETURNS boolean
      LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN value IS JSON $sql$;
  ELSE
    EXECUTE $sql$
      CREATE FUNCTION outbox.is_json(value text) RETURNS boolean
      LANGUAGE plpgsql IMMUTABLE STRICT AS $fn$  -- not parallel safe: EXCEPTION is a subtransaction
      BEGIN
        PERFORM value::json;
        RETURN true;
      EXCEPTION WHEN invalid_text_representation OR untranslatable_character THEN
        RETURN false;
      END $fn$ $sql$;
  END IF;
END $do$;

-- A JSON object of strings whose names are HTTP tokens, whose values are single lines, and which
-- takes none of the names that Postrider or the connection own.
-- Nothing is asked of a null, which costs a producer 20 us otherwise.
CREATE FUNCTION outbox.are_headers(value text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT AS $fn$
BEGIN
  IF json_typeof(value::json) <> 'object' THEN RETURN false; END IF;
  RETURN NOT EXISTS (
    SELECT FROM json_each(value::json) AS h (name, content)
    WHERE json_typeof(h.content) <> 'string'
       OR h.name !~ '^[A-Za-z0-9!#$%&''*+.^_`|~-]{1,200}$'
       OR lower(h.name) IN ('host', 'authorization', 'cookie', 'content-length',
                            'transfer-encoding', 'connection', 'idempotency-key')
       OR lower(h.name) LIKE 'webhook-%'
       OR lower(h.name) LIKE 'postrider-%'
       OR h.content #>> '{}' ~ '[\x01-\x08\x0a-\x1f\x7f]');
EXCEPTION WHEN invalid_text_representation OR untranslatable_character THEN
  RETURN false;
END $fn$;

-- Whether a row may enter the log: raises what a constraint of the name of the first broken rule
-- would. As in a constraint, a rule that is null holds.
CREATE FUNCTION outbox.check_event(
  topic text, key text, payload text, body bytea, content_type text, headers text, dedup_key text,
  deliver_after timestamptz, deliver_before timestamptz) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE AS $fn$
DECLARE
  broken  text;
BEGIN
  SELECT r.name INTO broken
  FROM (VALUES
    (1, 'topic_is_1_to_200_of_letters_digits_and_dots',
     topic ~ '^[A-Za-z0-9][A-Za-z0-9._:/-]*$' AND length(topic) <= 200),
    (2, 'key_is_1_to_500_characters', length(key) BETWEEN 1 AND 500),
    (3, 'payload_is_json', outbox.is_json(payload)),
    (4, 'payload_or_body_not_both', payload IS NULL OR body IS NULL),
    (5, 'content_type_is_a_media_type',
     content_type ~ '^[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+( *;[ -~]*)?$'
     AND length(content_type) <= 200),
    (6, 'content_type_needs_body', content_type IS NULL OR body IS NOT NULL),
    (7, 'headers_are_a_json_object_of_allowed_strings', outbox.are_headers(headers)),
    (8, 'dedup_key_is_1_to_500_characters', length(dedup_key) BETWEEN 1 AND 500),
    (9, 'deliver_before_is_later_than_deliver_after', deliver_before > deliver_after)
  ) AS r (place, name, holds)
  WHERE NOT r.holds ORDER BY r.place LIMIT 1;
  IF broken IS NOT NULL THEN
    RAISE check_violation USING SCHEMA = 'outbox', TABLE = 'event', CONSTRAINT = broken,
      MESSAGE = format('new row for relation "event" violates check constraint "%s"', broken);
  END IF;
  RETURN true;
END $fn$;

-- The one constraint of outbox.event: what most rows have is a single expression, the rest is asked
-- only of the others. PostgreSQL builds all constraints of a table anew for each statement, and
-- one for each rule costs a producer more than the rest of its INSERT.
DO $do$
DECLARE
  has_predicate  CONSTANT boolean := current_setting('server_version_num')::int >= 160000;
BEGIN
  EXECUTE format($sql$
    CREATE FUNCTION outbox.is_event(
      topic text, key text, payload text, body bytea, content_type text, headers text,
      dedup_key text, deliver_after timestamptz, deliver_before timestamptz) RETURNS boolean
    LANGUAGE plpgsql IMMUTABLE AS $fn$
    BEGIN
      RETURN (topic ~ '^[A-Za-z0-9][A-Za-z0-9._:/-]*$' AND length(topic) <= 200
              AND (key IS NULL OR length(key) BETWEEN 1 AND 500)
              AND %s AND body IS NULL AND content_type IS NULL AND headers IS NULL
              AND dedup_key IS NULL AND deliver_before IS NULL)
        OR outbox.check_event(topic, key, payload, body, content_type, headers, dedup_key,
                               deliver_after, deliver_before);
    %s
    END $fn$ $sql$,
    CASE WHEN has_predicate THEN 'payload IS JSON' ELSE 'payload::json IS NOT NULL' END,
    CASE WHEN has_predicate THEN '' ELSE $sql$
    EXCEPTION WHEN invalid_text_representation OR untranslatable_character THEN
      RETURN outbox.check_event(topic, key, payload, body, content_type, headers, dedup_key,
                                 deliver_after, deliver_before);$sql$ END);
END $do$;

-- The hash slot of an event: of its key where it has one, else spread by id.
CREATE FUNCTION outbox.slot(key text, id bigint) RETURNS int
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$fn$ SELECT CASE WHEN key IS NULL THEN (id & 16383)::int ELSE hashtext(key) & 16383 END $fn$;

-- The log. `xid` must stay the first column: its default is evaluated before that of `id`, which
-- is what lets a mark be closed (docs/protocols.md, "What is closed").
CREATE TABLE outbox.event (
  xid             xid8        NOT NULL DEFAULT pg_current_xact_id(),
  id              bigint      GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME outbox.event_id_seq CACHE 1),
  recorded_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
  bucket          smallint    NOT NULL DEFAULT (floor(extract(epoch FROM now()) / {bucket_period})::bigint % 8)::smallint,
  destination_id  int,        -- for this destination alone; negative: by the backlog, not the log
  topic           text        NOT NULL,
  key             text,
  payload         text,
  body            bytea,
  content_type    text,
  headers         text,
  dedup_key       text,
  duplicate_of    bigint,
  cause_id        bigint,
  deliver_after   timestamptz,
  deliver_before  timestamptz,
  PRIMARY KEY (id, bucket),
  CONSTRAINT is_event CHECK (outbox.is_event(topic, key, payload, body, content_type, headers,
                                             dedup_key, deliver_after, deliver_before))
) PARTITION BY LIST (bucket);
CREATE INDEX event_xid ON outbox.event (xid);

-- One row for each delivery that ended. No foreign keys: rows leave by TRUNCATE of a bucket.
CREATE TABLE outbox.outcome (
  event_id        bigint      NOT NULL,
  finished_at     timestamptz NOT NULL,
  destination_id  int         NOT NULL,
  latency_ms      int         NOT NULL DEFAULT 0,
  bucket          smallint    NOT NULL,
  state           smallint    NOT NULL,  -- 1 delivered, 2 dead, 3 expired, 4 cancelled, 5 discarded
  attempts        smallint    NOT NULL DEFAULT 0,
  http_status     smallint    NOT NULL DEFAULT 0,
  run             smallint    NOT NULL DEFAULT 1,
  class           text,
  error           text,
  answer          text,
  PRIMARY KEY (event_id, destination_id, bucket)
) PARTITION BY LIST (bucket);
CREATE INDEX outcome_finished_at ON outbox.outcome USING brin (finished_at);

-- One row for each request that did not settle its event, or did before it was sent again.
CREATE TABLE outbox.attempt (
  event_id        bigint      NOT NULL,
  started_at      timestamptz NOT NULL,
  epoch           bigint      NOT NULL,
  destination_id  int         NOT NULL,
  n               int         NOT NULL,  -- number of the request within the epoch
  latency_ms      int         NOT NULL DEFAULT 0,
  bucket          smallint    NOT NULL,
  http_status     smallint    NOT NULL DEFAULT 0,
  charged         boolean     NOT NULL,
  result          text        NOT NULL,  -- retry, refused, dead, unknown; delivered: in an earlier run
  class           text,
  error           text,
  PRIMARY KEY (event_id, destination_id, epoch, n, bucket)
) PARTITION BY LIST (bucket);
CREATE INDEX attempt_started_at ON outbox.attempt USING brin (started_at);

DO $do$
BEGIN
  FOR n IN 0..7 LOOP
    EXECUTE format('CREATE TABLE outbox.event_%s PARTITION OF outbox.event FOR VALUES IN (%s)', n, n);
    EXECUTE format('CREATE TABLE outbox.outcome_%s PARTITION OF outbox.outcome FOR VALUES IN (%s)', n, n);
    EXECUTE format('CREATE TABLE outbox.attempt_%s PARTITION OF outbox.attempt FOR VALUES IN (%s)', n, n);
  END LOOP;
END $do$;

-- Deliveries that wait for a time or for a predecessor. The big columns are filled only when the
-- row cannot rely on outbox.event for them (replays, rows that outlived their bucket): `copied`.
CREATE TABLE outbox.backlog (
  event_id          bigint      NOT NULL,
  destination_id    int         NOT NULL,
  slot              int         NOT NULL,
  run               smallint    NOT NULL DEFAULT 1,
  -- 1 schedule, 2 retry, 3 predecessor, 4 replay, 5 the answer to a request that is about to be sent,
  -- 6 what the partner says became of one. 5 and 6 only where a request must not simply be repeated.
  waiting_for       smallint    NOT NULL,
  due_at            timestamptz NOT NULL,  -- 'infinity' while waiting for a predecessor
  predecessor       bigint,
  attempts          int         NOT NULL DEFAULT 0,
  first_attempt_at  timestamptz,
  class             text,
  http_status       smallint    NOT NULL DEFAULT 0,
  error             text,
  new_key           boolean     NOT NULL DEFAULT false,
  xid               xid8        NOT NULL DEFAULT pg_current_xact_id(),
  bucket            smallint    NOT NULL,  -- of the event
  event_xid         xid8        NOT NULL,
  recorded_at       timestamptz NOT NULL,
  topic             text        NOT NULL,
  key               text,
  cause_id          bigint,
  deliver_after     timestamptz,
  deliver_before    timestamptz,
  copied            boolean     NOT NULL DEFAULT false,
  payload           text,
  body              bytea,
  content_type      text,
  headers           text,
  PRIMARY KEY (event_id, destination_id)
);
CREATE INDEX backlog_timed ON outbox.backlog (destination_id, due_at, event_id) WHERE waiting_for IN (1, 5, 6);
CREATE INDEX backlog_retry ON outbox.backlog (destination_id, due_at, event_id) WHERE waiting_for = 2;
CREATE INDEX backlog_put_back ON outbox.backlog (destination_id, due_at, event_id) WHERE waiting_for = 4;
CREATE INDEX backlog_key ON outbox.backlog (destination_id, key, event_id) WHERE key IS NOT NULL;
CREATE INDEX backlog_xid ON outbox.backlog (xid);
ALTER TABLE outbox.backlog SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01,
                                autovacuum_vacuum_threshold = 1000);

-- Deliveries that died, each with its own full copy, kept until a person or the retention ends it.
CREATE TABLE outbox.dead_letter (
  id                bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  event_id          bigint      NOT NULL,
  destination_id    int         NOT NULL,  -- 0: no destination took it
  run               smallint    NOT NULL DEFAULT 1,
  status            text        NOT NULL DEFAULT 'open'
                    CHECK (status IN ('open', 'replayed', 'discarded', 'amended', 'delivered')),
  reason            text        NOT NULL,
  class             text,
  http_status       smallint    NOT NULL DEFAULT 0,
  last_error        text,
  attempts          int         NOT NULL DEFAULT 0,
  first_attempt_at  timestamptz,
  died_at           timestamptz NOT NULL,
  resolved_at       timestamptz,
  request           text,
  answer            text,
  slot              int         NOT NULL,
  bucket            smallint    NOT NULL,  -- of the event
  event_xid         xid8        NOT NULL,
  recorded_at       timestamptz NOT NULL,
  topic             text        NOT NULL,
  key               text,
  cause_id          bigint,
  deliver_before    timestamptz,
  payload           text,
  body              bytea,
  content_type      text,
  headers           text
);
CREATE UNIQUE INDEX dead_letter_delivery ON outbox.dead_letter (event_id, destination_id, run, event_xid);
CREATE INDEX dead_letter_open ON outbox.dead_letter (destination_id, died_at) WHERE status = 'open';
CREATE INDEX dead_letter_open_key ON outbox.dead_letter (destination_id, key) WHERE status = 'open' AND key IS NOT NULL;

CREATE TABLE outbox.dedup (
  topic       text        NOT NULL,
  dedup_key   text        NOT NULL,
  event_id    bigint      NOT NULL,
  expires_at  timestamptz NOT NULL,
  PRIMARY KEY (topic, dedup_key)
);
CREATE INDEX dedup_expires_at ON outbox.dedup (expires_at);

-- Destinations by name; ids are given once and never reused (they are part of idempotency keys).
CREATE TABLE outbox.destination (
  id            int         GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name          text        NOT NULL CHECK (name ~ '^[a-z][a-z0-9_-]{0,62}$'),
  version       int         NOT NULL DEFAULT 1,   -- the current row of outbox.subscription, or none
  created_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
  retired_at    timestamptz,                      -- in no relay's file any more
  dropped_at    timestamptz,                      -- for good: its name may be given again
  paused_at     timestamptz,
  paused_until  timestamptz,                      -- null with paused_at: until resumed
  pause_note    text
);
CREATE UNIQUE INDEX destination_name ON outbox.destination (name) WHERE dropped_at IS NULL;

-- What a destination subscribes to, by version. Pattern i takes events with id > since[i].
CREATE TABLE outbox.subscription (
  destination_id  int         NOT NULL REFERENCES outbox.destination,
  version         int         NOT NULL,
  topics          text[]      NOT NULL,
  since           bigint[]    NOT NULL,
  shards          smallint    NOT NULL CHECK (shards BETWEEN 1 AND 256),
  registered_by   text        NOT NULL,   -- the relay's name
  registered_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (destination_id, version),
  CHECK (cardinality(topics) = cardinality(since))
);

-- How far a lane is closed. Written every few seconds at most, and only when it moved.
CREATE TABLE outbox.lane (
  destination_id  int         NOT NULL,
  shard           smallint    NOT NULL,
  closed_up_to    bigint      NOT NULL,
  mark_high       bigint,               -- the oldest pending mark
  mark_xid        xid8,
  mark_canary     uuid,                 -- the mark counts only while the canary is still this one
  saved_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
  breaker         text,                 -- closed, half_open, open; null: none, or not known
  held            text,                 -- why the owner does not send what is due; null: it does
  cools_until     timestamptz,          -- the partner has asked for it, or is asked whether it is over
  PRIMARY KEY (destination_id, shard)
);
ALTER TABLE outbox.lane SET (fillfactor = 50);

-- Who owns a lane. Rarely written, locked FOR SHARE by every settlement that needs it.
CREATE TABLE outbox.fence (
  destination_id  int         NOT NULL,
  shard           smallint    NOT NULL,
  owner           uuid,
  epoch           bigint      NOT NULL DEFAULT 0,
  -- The last epoch whose owner left with everything recorded that it had sent.
  quiet_epoch     bigint      NOT NULL DEFAULT 0,
  PRIMARY KEY (destination_id, shard)
);

-- One row for each incarnation (process start) of a relay, alive while its heartbeat is fresh.
CREATE TABLE outbox.relay (
  id          uuid        PRIMARY KEY,
  name        text        NOT NULL,
  version     text        NOT NULL,
  host        text        NOT NULL,   -- name, boot id, pid namespace: where `pid` means something
  pid         int         NOT NULL,
  pid_start   bigint      NOT NULL,   -- start time of the process in clock ticks since boot
  lease       interval    NOT NULL,
  started_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  heartbeat   timestamptz NOT NULL DEFAULT clock_timestamp()
);
ALTER TABLE outbox.relay SET (fillfactor = 50);

-- The witness of crashes: emptied by crash recovery and promotion, because it is not logged.
CREATE UNLOGGED TABLE outbox.canary (
  one  boolean PRIMARY KEY DEFAULT true CHECK (one),
  id   uuid    NOT NULL
);

-- Every change made by a person.
CREATE TABLE outbox.operation (
  id           bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind         text        NOT NULL,   -- replay_dead, discard_dead, amend_dead, replay, cancel, pause, ...
  filter       jsonb       NOT NULL DEFAULT '{}',
  note         text,
  matched      bigint      NOT NULL DEFAULT 0,
  done         bigint      NOT NULL DEFAULT 0,
  status       text        NOT NULL DEFAULT 'done' CHECK (status IN ('running', 'done', 'cancelled', 'failed')),
  performed_by text        NOT NULL DEFAULT session_user,
  created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  finished_at  timestamptz,
  place        bigint,                 -- of an operation in batches: the last event id done
  bound        bigint,                 -- and what lies above is not part of it
  error        text                    -- why it failed
);
CREATE INDEX operation_running ON outbox.operation (id) WHERE status = 'running';

-- Requests to cancel, decided by the owner of the lane. `result` is requested, in_flight, or the state
-- in which the delivery has ended. Relays find new requests by their xid.
CREATE TABLE outbox.cancellation (
  event_id        bigint      NOT NULL,
  destination_id  int         NOT NULL,
  operation_id    bigint      NOT NULL REFERENCES outbox.operation,
  result          text        NOT NULL DEFAULT 'requested',
  requested_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
  decided_at      timestamptz,
  xid             xid8        NOT NULL DEFAULT pg_current_xact_id(),
  PRIMARY KEY (event_id, destination_id)
);
CREATE INDEX cancellation_requested ON outbox.cancellation (xid) WHERE result = 'requested';
