-- Functions to produce, to look and to steer. Those that repair are in the next file.
-- Those that read the log turn JIT off: over 8 partitions it compiles for seconds what runs for
-- milliseconds.

-- The same as an INSERT, with the caller's own rights: no rule of the table can be passed by.
CREATE FUNCTION outbox.emit(
  topic text, payload text, key text DEFAULT NULL, headers text DEFAULT NULL,
  dedup_key text DEFAULT NULL, deliver_after timestamptz DEFAULT NULL,
  deliver_before timestamptz DEFAULT NULL, cause_id bigint DEFAULT NULL,
  body bytea DEFAULT NULL, content_type text DEFAULT NULL) RETURNS bigint
LANGUAGE sql AS $fn$
  INSERT INTO outbox.event (topic, payload, key, headers, dedup_key, deliver_after, deliver_before,
                            cause_id, body, content_type)
  VALUES (emit.topic, emit.payload, emit.key, emit.headers, emit.dedup_key, emit.deliver_after,
          emit.deliver_before, emit.cause_id, emit.body, emit.content_type)
  RETURNING id
$fn$;

CREATE FUNCTION outbox.emit(
  topic text, payload json, key text DEFAULT NULL, headers text DEFAULT NULL,
  dedup_key text DEFAULT NULL, deliver_after timestamptz DEFAULT NULL,
  deliver_before timestamptz DEFAULT NULL, cause_id bigint DEFAULT NULL) RETURNS bigint
LANGUAGE sql AS $fn$
  SELECT outbox.emit(topic, payload::text, key, headers, dedup_key, deliver_after, deliver_before,
                     cause_id)
$fn$;

CREATE FUNCTION outbox.emit(
  topic text, payload jsonb, key text DEFAULT NULL, headers text DEFAULT NULL,
  dedup_key text DEFAULT NULL, deliver_after timestamptz DEFAULT NULL,
  deliver_before timestamptz DEFAULT NULL, cause_id bigint DEFAULT NULL) RETURNS bigint
LANGUAGE sql AS $fn$
  SELECT outbox.emit(topic, payload::text, key, headers, dedup_key, deliver_after, deliver_before,
                     cause_id)
$fn$;

-- The id from which on events recorded at or after a time are found: by bisection over the primary
-- key, because ids and times run side by side (and a little out of step: hence the slack).
CREATE FUNCTION outbox.first_id_since(since timestamptz) RETURNS bigint
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE
  low bigint;
  high bigint;
  probe record;
BEGIN
  SELECT e.id INTO low FROM outbox.event e ORDER BY e.id LIMIT 1;
  SELECT e.id + 1 INTO high FROM outbox.event e ORDER BY e.id DESC LIMIT 1;
  WHILE low < high LOOP
    SELECT e.id, e.recorded_at INTO probe
    FROM outbox.event e WHERE e.id >= low + (high - low) / 2 ORDER BY e.id LIMIT 1;
    IF probe.recorded_at >= since THEN
      high := low + (high - low) / 2;
    ELSE
      low := probe.id + 1;
    END IF;
  END LOOP;
  RETURN coalesce(low, 0) - 10000;
END $fn$;

-- The deliveries of a key, oldest first.
CREATE FUNCTION outbox.find(key text, since interval DEFAULT '24h') RETURNS SETOF outbox.delivery
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off AS $fn$
  SELECT v.*
  FROM (SELECT e.id FROM outbox.event e
        WHERE e.key = find.key AND e.recorded_at >= now() - find.since
          AND e.id >= outbox.first_id_since(now() - find.since)
        UNION
        SELECT b.event_id FROM outbox.backlog b
        WHERE b.key = find.key AND b.recorded_at >= now() - find.since
        UNION
        SELECT l.event_id FROM outbox.dead_letter l
        WHERE l.key = find.key AND l.recorded_at >= now() - find.since) AS k (id)
  CROSS JOIN LATERAL (SELECT * FROM outbox.delivery d WHERE d.event_id = k.id OFFSET 0) AS v
  ORDER BY v.event_id, v.destination
$fn$;

-- The family of an event: from its first cause down to everything that followed. An event that is a
-- duplicate or that no destination takes has one row with a null destination.
CREATE FUNCTION outbox.trace(event_id bigint)
RETURNS TABLE (depth int, event_id bigint, topic text, destination text, state text, attempts int,
               http_status int, last_error text, recorded_at timestamptz, finished_at timestamptz,
               cause_id bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off AS $fn$
  WITH RECURSIVE ancestor AS (
    SELECT e.id, e.cause_id FROM outbox.event e WHERE e.id = $1
    UNION ALL
    SELECT e.id, e.cause_id
    FROM ancestor a JOIN outbox.event e ON e.id = a.cause_id AND e.id < a.id
  ), family AS (
    SELECT coalesce((SELECT min(a.id) FROM ancestor a), $1) AS id, 0 AS depth
    UNION ALL
    SELECT e.id, f.depth + 1
    FROM family f JOIN outbox.event e ON e.cause_id = f.id AND e.id > f.id
  )
  SELECT f.depth, f.id, coalesce(d.topic, e.topic), d.destination,
         coalesce(d.state, CASE WHEN e.duplicate_of IS NULL THEN 'unrouted' ELSE 'duplicate' END),
         coalesce(d.attempts, 0), d.http_status::int, d.last_error,
         coalesce(d.recorded_at, e.recorded_at), d.finished_at, coalesce(d.cause_id, e.cause_id)
  FROM family f
  LEFT JOIN outbox.event e ON e.id = f.id
  LEFT JOIN LATERAL (SELECT * FROM outbox.delivery v WHERE v.event_id = f.id OFFSET 0) AS d ON true
  WHERE e.id IS NOT NULL OR d.event_id IS NOT NULL
  ORDER BY f.depth, f.id, d.destination
$fn$;

-- Who does it: the session's user and, where a program acts for somebody, the name it has put into
-- the setting postrider.acting_for.
CREATE FUNCTION outbox.performer() RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $fn$
  SELECT concat(session_user, ' for ' || nullif(current_setting('postrider.acting_for', true), ''))
$fn$;

CREATE FUNCTION outbox.record_operation(kind text, filter jsonb, note text, matched bigint)
RETURNS bigint
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $fn$
  INSERT INTO outbox.operation (kind, filter, note, matched, done, performed_by, finished_at)
  VALUES (kind, jsonb_strip_nulls(filter), note, matched, matched, outbox.performer(),
          clock_timestamp())
  RETURNING id
$fn$;

CREATE FUNCTION outbox.destination_id(name text) RETURNS int
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE
  found_id int;
BEGIN
  SELECT d.id INTO found_id FROM outbox.destination d
  WHERE d.name = destination_id.name AND d.dropped_at IS NULL;
  IF NOT FOUND THEN
    RAISE undefined_object USING
      MESSAGE = format('there is no destination %L', name),
      HINT = coalesce((SELECT 'Known are: ' || string_agg(d.name, ', ' ORDER BY d.name) || '.'
                       FROM outbox.destination d WHERE d.dropped_at IS NULL),
                      'None is known yet: a relay registers them when it starts.');
  END IF;
  RETURN found_id;
END $fn$;

CREATE FUNCTION outbox.request_cancel(event bigint, target text, reason text)
RETURNS TABLE (destination text, result text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $fn$
#variable_conflict use_column
DECLARE
  wanted int := CASE WHEN target IS NOT NULL THEN outbox.destination_id(target) END;
  waiting int[];
  request bigint;
BEGIN
  IF NOT EXISTS (SELECT FROM outbox.delivery d
                 WHERE d.event_id = event AND d.destination_id = coalesce(wanted, d.destination_id))
     AND (wanted IS NOT NULL OR NOT EXISTS (SELECT FROM outbox.event e WHERE e.id = event)) THEN
    RAISE no_data_found USING MESSAGE =
      format('there is no event %s%s', event, ' for destination ' || quote_literal(target)),
      HINT = 'Look with: SELECT * FROM outbox.trace(' || event || ');';
  END IF;
  SELECT array_agg(d.destination_id) INTO waiting FROM outbox.delivery d
  WHERE d.event_id = event AND d.destination_id = coalesce(wanted, d.destination_id)
    AND d.state NOT IN ('delivered', 'dead', 'expired', 'cancelled', 'discarded');
  IF cardinality(waiting) > 0 THEN
    request := outbox.record_operation(
      'cancel', jsonb_build_object('event_id', event, 'destination', target), reason,
      cardinality(waiting));
    INSERT INTO outbox.cancellation AS c (event_id, destination_id, operation_id)
    SELECT event, w.id, request FROM unnest(waiting) AS w (id) ORDER BY w.id
    ON CONFLICT (event_id, destination_id) DO UPDATE
      SET operation_id = excluded.operation_id, result = 'requested', decided_at = NULL,
          requested_at = clock_timestamp(), xid = excluded.xid
      WHERE c.result <> 'requested';
  END IF;
  RETURN QUERY
    SELECT d.destination,
           CASE WHEN d.destination_id = ANY (waiting) THEN 'requested' ELSE d.state END
    FROM outbox.delivery d
    WHERE d.event_id = event AND d.destination_id = coalesce(wanted, d.destination_id)
    ORDER BY d.destination;
END $fn$;

-- Asks the relay not to send what it has not sent yet. `result` is `requested`, or the state that
-- the delivery has reached already. (PL/pgSQL allows no result column with a parameter's name.)
CREATE FUNCTION outbox.cancel(event_id bigint, destination text DEFAULT NULL, note text DEFAULT NULL)
RETURNS TABLE (destination text, result text)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off AS $fn$
  SELECT * FROM outbox.request_cancel($1, $2, $3)
$fn$;

-- Holds on all relays within a second; what is in flight finishes. Without `until`: until resumed.
CREATE FUNCTION outbox.pause(destination text, until timestamptz DEFAULT NULL, note text DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off AS $fn$
DECLARE
  target int := outbox.destination_id(destination);
BEGIN
  IF until <= clock_timestamp() THEN
    RAISE invalid_parameter_value USING
      MESSAGE = format('the pause would end at %s, which is past', until),
      HINT = 'Give a later time, or none: then it lasts until outbox.resume.';
  END IF;
  UPDATE outbox.destination
  SET paused_at = clock_timestamp(), paused_until = until, pause_note = note WHERE id = target;
  PERFORM outbox.record_operation(
    'pause', jsonb_build_object('destination', destination, 'until', until), note, 1);
END $fn$;

CREATE FUNCTION outbox.resume(destination text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off AS $fn$
DECLARE
  target int := outbox.destination_id(destination);
BEGIN
  UPDATE outbox.destination
  SET paused_at = NULL, paused_until = NULL, pause_note = NULL WHERE id = target;
  PERFORM outbox.record_operation('resume', jsonb_build_object('destination', destination), NULL, 1);
END $fn$;

REVOKE ALL ON FUNCTION
  outbox.emit(text, text, text, text, text, timestamptz, timestamptz, bigint, bytea, text),
  outbox.emit(text, json, text, text, text, timestamptz, timestamptz, bigint),
  outbox.emit(text, jsonb, text, text, text, timestamptz, timestamptz, bigint),
  outbox.first_id_since(timestamptz), outbox.find(text, interval), outbox.trace(bigint),
  outbox.performer(), outbox.record_operation(text, jsonb, text, bigint), outbox.destination_id(text),
  outbox.request_cancel(bigint, text, text), outbox.cancel(bigint, text, text),
  outbox.pause(text, timestamptz, text), outbox.resume(text)
FROM PUBLIC;
