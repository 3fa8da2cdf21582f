-- Operations: changes that may be large. They are made in batches, each in a transaction of its own,
-- so that none holds the locks of thousands of rows. The first batch is made by the function that
-- begins the operation; the rest by whoever calls outbox.continue_operation (the command line does,
-- and shows the progress) and by the relays, one batch at a time. What an operation is about is fixed
-- when it begins; `place` is how far it is, so nothing is done twice. See docs/commands.md, "Operations".

-- The letters of one more batch.
CREATE FUNCTION outbox.dead_batch(op outbox.operation, batch int, OUT changed bigint,
                                  OUT place bigint, OUT finished boolean)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE
  replays boolean := op.kind = 'replay_dead';
  letters bigint[];
BEGIN
  SELECT coalesce(array_agg(m.id), '{}'), coalesce(max(m.event_id), op.place)
  INTO letters, place
  FROM outbox.matching_dead(op.filter, replays, op.place, op.bound, batch) m;
  finished := cardinality(letters) < batch OR NOT EXISTS (
    SELECT FROM outbox.matching_dead(op.filter, replays, dead_batch.place, op.bound, 1));
  IF replays THEN
    changed := outbox.replay_letters(letters, (op.filter ->> 'new_key')::boolean);
  ELSE
    changed := outbox.discard_letters(letters);
  END IF;
END $fn$;

-- A range of ids that holds the next events of an operation, not too wide for one look.
CREATE FUNCTION outbox.next_ids(op outbox.operation, OUT low bigint, OUT high bigint)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $fn$
BEGIN
  SELECT e.id INTO low FROM outbox.event e
  WHERE e.id > op.place AND e.id <= op.bound ORDER BY e.id LIMIT 1;
  high := least(op.bound, low + 50000);
END $fn$;

-- Events that a destination was sent before a time: delivered or dead, recorded from `since` until
-- before `until`, ids within `low` and `high`. What was cancelled, discarded or too late stays so.
CREATE FUNCTION outbox.sent_events(filter jsonb, low bigint, high bigint, finished_before timestamptz)
RETURNS TABLE (id bigint)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $fn$
  SELECT e.id FROM outbox.event e
  WHERE e.id >= low AND e.id <= high
    AND e.recorded_at >= (filter ->> 'since')::timestamptz
    AND e.recorded_at < (filter ->> 'until')::timestamptz
    AND (filter -> 'topic' IS NULL OR outbox.topic_matches(filter ->> 'topic', e.topic))
    AND (SELECT o.state IN (1, 2) AND o.finished_at < finished_before FROM outbox.outcome o
         WHERE o.event_id = e.id AND o.bucket = e.bucket
           AND o.destination_id = (filter ->> 'destination_id')::int)
$fn$;

-- Sends events again: outcomes go, backlog rows come, dead letters are resolved. What had been
-- delivered stays known as an attempt: it was a request, and counts as one.
CREATE FUNCTION outbox.requeue(target int, events bigint[], new_key boolean) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE
  requeued bigint;
BEGIN
  PERFORM FROM outbox.outcome o
  WHERE o.event_id = ANY (events) AND o.destination_id = target AND o.state IN (1, 2)
  ORDER BY o.event_id FOR UPDATE;
  WITH gone AS (
    DELETE FROM outbox.outcome o USING outbox.event e
    WHERE e.id = ANY (events) AND o.event_id = e.id AND o.bucket = e.bucket
      AND o.destination_id = target AND o.state IN (1, 2)
    RETURNING o.state, o.run, o.finished_at, o.latency_ms, o.http_status, e.id, e.bucket, e.xid,
              e.recorded_at, e.topic, e.key, e.cause_id, e.deliver_after, e.deliver_before
  ), delivered AS (
    INSERT INTO outbox.attempt (event_id, destination_id, bucket, epoch, n, started_at, latency_ms,
                                http_status, charged, result)
    SELECT g.id, target, g.bucket, 0, g.run, g.finished_at - g.latency_ms * interval '1 ms',
           g.latency_ms, g.http_status, true, 'delivered'
    FROM gone g WHERE g.state = 1
    ON CONFLICT DO NOTHING
  ), letters AS (
    UPDATE outbox.dead_letter l SET status = 'replayed', resolved_at = clock_timestamp()
    FROM gone g
    WHERE l.event_id = g.id AND l.destination_id = target AND l.bucket = g.bucket AND l.status = 'open'
  )
  INSERT INTO outbox.backlog (event_id, destination_id, slot, run, waiting_for, due_at, new_key, bucket,
                              event_xid, recorded_at, topic, key, cause_id, deliver_after,
                              deliver_before)
  SELECT g.id, target, outbox.slot(g.key, g.id), g.run + 1, 4, clock_timestamp(), requeue.new_key,
         g.bucket, g.xid, g.recorded_at, g.topic, g.key, g.cause_id, g.deliver_after, g.deliver_before
  FROM gone g ORDER BY g.id
  ON CONFLICT (event_id, destination_id) DO NOTHING;
  GET DIAGNOSTICS requeued = ROW_COUNT;
  RETURN requeued;
END $fn$;

CREATE FUNCTION outbox.replay_batch(op outbox.operation, batch int, OUT changed bigint,
                                    OUT place bigint, OUT finished boolean)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE
  low bigint;
  high bigint;
  events bigint[];
BEGIN
  SELECT n.low, n.high INTO low, high FROM outbox.next_ids(op) n;
  -- What is delivered from now on is not sent again. The second allows for the relay's clock.
  events := ARRAY(SELECT s.id
                  FROM outbox.sent_events(op.filter, low, high, op.created_at + interval '1s') s
                  ORDER BY s.id LIMIT batch);
  place := CASE WHEN cardinality(events) < batch THEN coalesce(high, op.bound) ELSE events[batch] END;
  finished := place >= op.bound;
  changed := outbox.requeue((op.filter ->> 'destination_id')::int, events,
                            (op.filter ->> 'new_key')::boolean);
END $fn$;

-- One batch of an operation whose row is locked.
CREATE FUNCTION outbox.advance_operation(op outbox.operation, batch int) RETURNS outbox.operation
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE
  step record;
BEGIN
  IF op.kind IN ('replay_dead', 'discard_dead') THEN
    SELECT * INTO step FROM outbox.dead_batch(op, batch);
  ELSIF op.kind = 'replay' THEN
    SELECT * INTO step FROM outbox.replay_batch(op, batch);
  ELSE
    SELECT * INTO step FROM outbox.retired_batch(op, batch);
  END IF;
  UPDATE outbox.operation o
  SET done = o.done + step.changed, place = step.place,
      status = CASE WHEN step.finished THEN 'done' ELSE 'running' END,
      finished_at = CASE WHEN step.finished THEN clock_timestamp() END
  WHERE o.id = op.id RETURNING o.* INTO op;
  RETURN op;
END $fn$;

-- The same, where a batch that cannot be made ends the operation. What another moment may cure does
-- not: the batch is made again later.
CREATE FUNCTION outbox.try_to_advance(op outbox.operation, batch int) RETURNS outbox.operation
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $fn$
BEGIN
  RETURN outbox.advance_operation(op, batch);
EXCEPTION
  WHEN lock_not_available OR deadlock_detected OR serialization_failure OR operator_intervention
       OR insufficient_resources THEN
    RAISE;
  WHEN OTHERS THEN
    UPDATE outbox.operation o SET status = 'failed', error = SQLERRM, finished_at = clock_timestamp()
    WHERE o.id = op.id RETURNING o.* INTO op;
    RETURN op;
END $fn$;

-- Begins an operation and makes about one batch of it: fewer rows when they are hard to find. One
-- that is over by then, with nothing, leaves no trace unless `always`.
CREATE FUNCTION outbox.begin_operation(kind text, filter jsonb, note text, counted bigint,
                                       place bigint, bound bigint, always boolean DEFAULT false)
RETURNS TABLE (operation bigint, matched bigint)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE
  op outbox.operation;
BEGIN
  INSERT INTO outbox.operation AS o (kind, filter, note, matched, status, performed_by, place, bound)
  VALUES (begin_operation.kind, jsonb_strip_nulls(begin_operation.filter), begin_operation.note,
          counted, 'running', outbox.performer(), begin_operation.place,
          begin_operation.bound)
  RETURNING o.* INTO op;
  WHILE op.status = 'running' AND op.done < 1000
        AND clock_timestamp() < op.created_at + interval '2s' LOOP
    op := outbox.advance_operation(op, 1000);
  END LOOP;
  IF op.status = 'done' THEN
    IF op.done = 0 AND NOT always THEN
      DELETE FROM outbox.operation o WHERE o.id = op.id;
      op.id := NULL;
    ELSE
      -- Settled by others between the count and the change: they were none of it.
      UPDATE outbox.operation o SET matched = o.done WHERE o.id = op.id;
    END IF;
    op.matched := op.done;
  END IF;
  RETURN QUERY SELECT op.id, op.matched;
END $fn$;

CREATE FUNCTION outbox.begin_dead(kind text, filter jsonb, note text, dry_run boolean)
RETURNS TABLE (operation bigint, matched bigint)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE
  counted bigint;
  newest bigint;
BEGIN
  SELECT count(*), max(m.id) INTO counted, newest
  FROM outbox.matching_dead(begin_dead.filter, begin_dead.kind = 'replay_dead') m;
  IF dry_run IS TRUE OR counted = 0 THEN
    RETURN QUERY SELECT NULL::bigint, counted;
  ELSE
    RETURN QUERY SELECT * FROM outbox.begin_operation(begin_dead.kind, begin_dead.filter,
                                                      begin_dead.note, counted, NULL, newest);
  END IF;
END $fn$;

-- Sends again what a destination was sent: events recorded from `since` until before `until` that
-- were delivered or died.
CREATE FUNCTION outbox.replay(
  destination text, since timestamptz, until timestamptz, topic text DEFAULT NULL,
  new_key boolean DEFAULT false, note text DEFAULT NULL, dry_run boolean DEFAULT false)
RETURNS TABLE (operation bigint, matched bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off AS $fn$
DECLARE
  filter jsonb := jsonb_build_object(
    'destination', destination, 'destination_id', outbox.destination_id(destination),
    'since', since, 'until', until, 'topic', topic, 'new_key', coalesce(new_key, false));
  low bigint := outbox.first_id_since(since);
  high bigint := outbox.first_id_since(until) + 20000;  -- slack on either side
  counted bigint;
BEGIN
  IF (since < until) IS NOT TRUE THEN
    RAISE invalid_parameter_value USING
      MESSAGE = format('nothing lies between since %s and until %s',
                       coalesce(since::text, 'null'), coalesce(until::text, 'null')),
      HINT = 'Give both, since before until; until => now() for all up to now.';
  END IF;
  filter := jsonb_strip_nulls(filter);
  counted := (SELECT count(*) FROM outbox.sent_events(filter, low, high, 'infinity'));
  IF dry_run IS TRUE OR counted = 0 THEN
    RETURN QUERY SELECT NULL::bigint, counted;
  ELSE
    RETURN QUERY SELECT * FROM outbox.begin_operation('replay', filter, note, counted, low - 1, high);
  END IF;
END $fn$;

-- Makes one more batch of an operation and says how far it is. For who waits for its end: call it
-- until `status` is not running any more. Each call is to be a transaction of its own.
CREATE FUNCTION outbox.continue_operation(operation bigint, batch int DEFAULT 1000)
RETURNS TABLE (status text, matched bigint, done bigint, error text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off AS $fn$
DECLARE
  op outbox.operation;
BEGIN
  SELECT * INTO op FROM outbox.operation o WHERE o.id = continue_operation.operation FOR UPDATE;
  IF NOT FOUND THEN
    RAISE no_data_found USING MESSAGE = format('there is no operation %s', operation),
      HINT = 'Look with: SELECT * FROM outbox.operations;';
  END IF;
  -- A reload is ended by the relay that it is for.
  IF op.status = 'running' AND op.kind <> 'reload' THEN
    op := outbox.try_to_advance(op, least(greatest(batch, 1), 10000));
  END IF;
  RETURN QUERY SELECT op.status, op.matched, op.done, op.error;
END $fn$;

-- What relays call again and again: a batch of the oldest operation that nobody is at. Returns its
-- id, or null when there is none.
CREATE FUNCTION outbox.continue_operations() RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off AS $fn$
DECLARE
  op outbox.operation;
BEGIN
  SELECT * INTO op FROM outbox.operation o
  WHERE o.status = 'running' AND o.kind <> 'reload'
  ORDER BY o.id LIMIT 1 FOR UPDATE SKIP LOCKED;
  IF NOT FOUND THEN RETURN NULL; END IF;
  PERFORM outbox.try_to_advance(op, 1000);
  RETURN op.id;
END $fn$;

-- Ends an operation between two batches; what it has done stays done. Returns its status: `cancelled`,
-- or what it has ended as before.
CREATE FUNCTION outbox.cancel_operation(operation bigint) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE
  found_status text;
BEGIN
  UPDATE outbox.operation o SET status = 'cancelled', finished_at = clock_timestamp()
  WHERE o.id = cancel_operation.operation AND o.status = 'running';
  SELECT o.status INTO found_status FROM outbox.operation o WHERE o.id = cancel_operation.operation;
  IF NOT FOUND THEN
    RAISE no_data_found USING MESSAGE = format('there is no operation %s', operation),
      HINT = 'Look with: SELECT * FROM outbox.operations;';
  END IF;
  RETURN found_status;
END $fn$;

REVOKE ALL ON FUNCTION
  outbox.dead_batch(outbox.operation, int), outbox.next_ids(outbox.operation),
  outbox.sent_events(jsonb, bigint, bigint, timestamptz), outbox.requeue(int, bigint[], boolean),
  outbox.replay_batch(outbox.operation, int), outbox.advance_operation(outbox.operation, int),
  outbox.try_to_advance(outbox.operation, int),
  outbox.begin_operation(text, jsonb, text, bigint, bigint, bigint, boolean),
  outbox.begin_dead(text, jsonb, text, boolean),
  outbox.replay(text, timestamptz, timestamptz, text, boolean, text, boolean),
  outbox.continue_operation(bigint, int), outbox.continue_operations(),
  outbox.cancel_operation(bigint)
FROM PUBLIC;
