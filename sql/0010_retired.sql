-- How a destination ends that has left the relays' files: park dead-letters what waits for it, drop
-- gives everything up and frees the name. Both are operations, see 0009_operations.sql.

-- Events of the log that wait for a destination: taken by it, without outcome and without a row in the
-- backlog, ids within `low` and `high`.
CREATE FUNCTION outbox.waiting_in_log(target int, low bigint, high bigint) RETURNS TABLE (id bigint)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $fn$
  SELECT e.id FROM outbox.event e
  JOIN outbox.destination d ON d.id = target
  JOIN outbox.subscription s ON s.destination_id = d.id AND s.version = d.version
  WHERE e.id >= low AND e.id <= high AND e.duplicate_of IS NULL
    AND (e.destination_id IS NULL OR e.destination_id = target)
    AND outbox.takes(s.topics, s.since, e.topic, e.id)
    AND (SELECT o.state FROM outbox.outcome o
         WHERE o.event_id = e.id AND o.bucket = e.bucket AND o.destination_id = target) IS NULL
    AND (SELECT b.run FROM outbox.backlog b
         WHERE b.event_id = e.id AND b.destination_id = target) IS NULL
$fn$;

-- Ends waiting deliveries: as dead letters, reason parked, or as discarded.
CREATE FUNCTION outbox.end_waiting(target int, events bigint[], parks boolean) RETURNS bigint
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $fn$
  WITH source AS (
    SELECT b.event_id, b.bucket, b.run, b.attempts, b.first_attempt_at, b.class, b.http_status,
           b.error, b.slot, b.event_xid, b.recorded_at, b.topic, b.key, b.cause_id, b.deliver_before,
           CASE WHEN b.copied THEN b.payload ELSE e.payload END AS payload,
           CASE WHEN b.copied THEN b.body ELSE e.body END AS body,
           CASE WHEN b.copied THEN b.content_type ELSE e.content_type END AS content_type,
           CASE WHEN b.copied THEN b.headers ELSE e.headers END AS headers
    FROM outbox.backlog b
    LEFT JOIN outbox.event e ON NOT b.copied AND e.id = b.event_id AND e.bucket = b.bucket
    WHERE b.destination_id = target AND b.event_id = ANY (events)
    UNION ALL
    SELECT e.id, e.bucket, 1, 0, NULL, NULL, 0, NULL, outbox.slot(e.key, e.id), e.xid, e.recorded_at,
           e.topic, e.key, e.cause_id, e.deliver_before, e.payload, e.body, e.content_type, e.headers
    FROM outbox.event e
    WHERE e.id = ANY (events)
      AND (SELECT b.run FROM outbox.backlog b
           WHERE b.event_id = e.id AND b.destination_id = target) IS NULL
  ), ended AS (
    INSERT INTO outbox.outcome (event_id, finished_at, destination_id, bucket, state, attempts,
                                http_status, run, class, error)
    SELECT event_id, clock_timestamp(), target, bucket, CASE WHEN parks THEN 2 ELSE 5 END,
           least(attempts, 32767), http_status, run, class, error
    FROM source ORDER BY event_id
    ON CONFLICT (event_id, destination_id, bucket) DO NOTHING
    RETURNING event_id
  ), letters AS (
    INSERT INTO outbox.dead_letter (
      event_id, destination_id, run, reason, class, http_status, last_error, attempts,
      first_attempt_at, died_at, slot, bucket, event_xid, recorded_at, topic, key, cause_id,
      deliver_before, payload, body, content_type, headers)
    SELECT event_id, target, run, 'parked', class, http_status, error, attempts, first_attempt_at,
           clock_timestamp(), slot, bucket, event_xid, recorded_at, topic, key, cause_id,
           deliver_before, payload, body, content_type, headers
    FROM source JOIN ended USING (event_id) WHERE parks ORDER BY event_id
  ), gone AS (
    DELETE FROM outbox.backlog b WHERE b.destination_id = target AND b.event_id = ANY (events)
  )
  SELECT count(*) FROM ended
$fn$;

-- The last step of drop: its dead letters are discarded, it takes nothing any more, and its name is
-- free. Returns the number of letters.
CREATE FUNCTION outbox.forget_destination(target int) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE
  letters bigint[] := ARRAY(SELECT l.id FROM outbox.dead_letter l
                            WHERE l.destination_id = target AND l.status = 'open' ORDER BY l.event_id);
BEGIN
  UPDATE outbox.destination
  SET dropped_at = clock_timestamp(), version = 0, paused_at = NULL, paused_until = NULL,
      pause_note = NULL
  WHERE id = target;
  DELETE FROM outbox.lane WHERE destination_id = target;
  DELETE FROM outbox.fence WHERE destination_id = target;
  RETURN outbox.discard_letters(letters);
END $fn$;

-- One batch: first of the backlog, then of the log.
CREATE FUNCTION outbox.retired_batch(op outbox.operation, batch int, OUT changed bigint,
                                     OUT place bigint, OUT finished boolean)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE
  target int := (op.filter ->> 'destination_id')::int;
  stored bigint[];
  logged bigint[];
  low bigint;
  high bigint;
BEGIN
  PERFORM FROM outbox.destination d
  WHERE d.id = target AND d.retired_at IS NOT NULL AND d.dropped_at IS NULL FOR UPDATE;
  IF NOT FOUND THEN
    RAISE object_in_use USING
      MESSAGE = format('destination %s is in a relay''s file again', op.filter ->> 'destination');
  END IF;
  place := op.place;
  stored := ARRAY(SELECT b.event_id FROM outbox.backlog b WHERE b.destination_id = target
                  ORDER BY b.event_id LIMIT batch);
  changed := outbox.end_waiting(target, stored, op.kind = 'park');
  finished := false;
  IF cardinality(stored) = batch THEN RETURN; END IF;
  SELECT n.low, n.high INTO low, high FROM outbox.next_ids(op) n;
  logged := ARRAY(SELECT w.id FROM outbox.waiting_in_log(target, low, high) w
                  ORDER BY w.id LIMIT batch);
  changed := changed + outbox.end_waiting(target, logged, op.kind = 'park');
  place := CASE WHEN cardinality(logged) < batch THEN coalesce(high, op.bound) ELSE logged[batch] END;
  finished := place >= op.bound;
  IF finished AND op.kind = 'drop' THEN
    changed := changed + outbox.forget_destination(target);
  END IF;
END $fn$;

-- Whether a destination may end: out of every relay's file, and owned by none that lives.
CREATE FUNCTION outbox.require_retired(target int, name text) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE
  server text := (SELECT min(r.name) FROM outbox.fence f JOIN outbox.relay r ON r.id = f.owner
                  WHERE f.destination_id = target AND r.heartbeat > clock_timestamp() - r.lease);
BEGIN
  IF server IS NULL AND EXISTS (SELECT FROM outbox.destination d
                                WHERE d.id = target AND d.retired_at IS NOT NULL) THEN
    RETURN;
  END IF;
  RAISE object_in_use USING
    MESSAGE = format('destination %s is not retired: %s', name,
                     coalesce('relay ' || server || ' serves it', 'it is in a relay''s file')),
    HINT = 'Take it out of the file of every relay and start them anew. To stop it only: pause it.';
END $fn$;

CREATE FUNCTION outbox.end_destination(kind text, destination text, note text, dry_run boolean)
RETURNS TABLE (operation bigint, matched bigint)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE
  target int := outbox.destination_id(destination);
  closed bigint;
  newest bigint;
  counted bigint;
BEGIN
  PERFORM outbox.require_retired(target, destination);
  SELECT coalesce(min(l.closed_up_to), 0) INTO closed FROM outbox.lane l WHERE l.destination_id = target;
  SELECT coalesce(max(e.id), 0) INTO newest FROM outbox.event e;
  counted := (SELECT count(*) FROM outbox.backlog b WHERE b.destination_id = target)
    + (SELECT count(*) FROM outbox.waiting_in_log(target, closed + 1, newest))
    + (SELECT count(*) FROM outbox.dead_letter l
       WHERE l.destination_id = target AND l.status = 'open' AND end_destination.kind = 'drop');
  IF dry_run IS TRUE OR (counted = 0 AND end_destination.kind = 'park') THEN
    RETURN QUERY SELECT NULL::bigint, counted;
    RETURN;
  END IF;
  -- What a relay that has lost it still reports is dropped, unless it is `delivered`.
  UPDATE outbox.fence f SET owner = NULL, epoch = f.epoch + 1 WHERE f.destination_id = target;
  RETURN QUERY SELECT * FROM outbox.begin_operation(
    end_destination.kind,
    jsonb_build_object('destination', end_destination.destination, 'destination_id', target),
    end_destination.note, counted, closed, newest, end_destination.kind = 'drop');
END $fn$;

-- Dead-letters all that waits for a retired destination, reason `parked`. What is recorded afterwards
-- waits again.
CREATE FUNCTION outbox.park(destination text, note text DEFAULT NULL, dry_run boolean DEFAULT false)
RETURNS TABLE (operation bigint, matched bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off AS $fn$
BEGIN
  RETURN QUERY SELECT * FROM outbox.end_destination('park', destination, note, dry_run);
END $fn$;

-- Ends a retired destination for good: what waits for it and its dead letters are discarded. Should
-- its name come back, it is a new destination.
CREATE FUNCTION outbox.drop(destination text, note text DEFAULT NULL, dry_run boolean DEFAULT false)
RETURNS TABLE (operation bigint, matched bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off AS $fn$
BEGIN
  RETURN QUERY SELECT * FROM outbox.end_destination('drop', destination, note, dry_run);
END $fn$;

REVOKE ALL ON FUNCTION
  outbox.waiting_in_log(int, bigint, bigint), outbox.end_waiting(int, bigint[], boolean),
  outbox.forget_destination(int), outbox.retired_batch(outbox.operation, int),
  outbox.require_retired(int, text), outbox.end_destination(text, text, text, boolean),
  outbox.park(text, text, boolean), outbox.drop(text, text, boolean)
FROM PUBLIC;
