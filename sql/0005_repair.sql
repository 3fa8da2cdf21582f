-- Functions that put dead letters right and send again what was sent. Each is one transaction that
-- leaves a row in outbox.operation. They take locks in the order of the relay's settlements:
-- outcomes first, by event and destination; then dead letters; then the backlog.

-- The open dead letters that a filter names, oldest first. `since` and `until` are times of death;
-- `topic` may be a pattern. A letter that no destination took can be replayed only when one does now.
CREATE FUNCTION outbox.select_dead(
  verb text, ids bigint[], destination text, topic text, key text, reason text, since timestamptz,
  until timestamptz, dry_run boolean, to_replay boolean) RETURNS bigint[]
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $fn$
#variable_conflict use_column
DECLARE
  wanted int := CASE WHEN select_dead.destination IS NOT NULL
                     THEN outbox.destination_id(select_dead.destination) END;
  reasons text[] := '{refused,exhausted,unknown,no_route,loop,template,restored,parked,operator}';
BEGIN
  IF num_nonnulls(select_dead.ids, wanted, select_dead.topic, select_dead.key, select_dead.reason,
                  select_dead.since, select_dead.until) = 0 AND dry_run IS NOT TRUE THEN
    RAISE invalid_parameter_value USING
      MESSAGE = format('without a filter this would %s every dead letter', verb),
      HINT = 'Give ids, destination, topic, key, reason, since or until. '
             'For all of them say since => ''-infinity''. dry_run => true only counts.';
  END IF;
  IF select_dead.reason <> ALL (reasons) THEN
    RAISE invalid_parameter_value USING
      MESSAGE = format('%L is no reason of a dead letter', select_dead.reason),
      HINT = 'Reasons are: ' || array_to_string(reasons, ', ') || '.';
  END IF;
  RETURN (
    SELECT coalesce(array_agg(l.id ORDER BY l.event_id, l.destination_id), '{}')
    FROM outbox.dead_letter l
    WHERE l.status = 'open'
      AND (select_dead.ids IS NULL OR l.id = ANY (select_dead.ids))
      AND (wanted IS NULL OR l.destination_id = wanted)
      AND (select_dead.topic IS NULL OR outbox.topic_matches(select_dead.topic, l.topic))
      AND (select_dead.key IS NULL OR l.key = select_dead.key)
      AND (select_dead.reason IS NULL OR l.reason = select_dead.reason)
      AND (select_dead.since IS NULL OR l.died_at >= select_dead.since)
      AND (select_dead.until IS NULL OR l.died_at < select_dead.until)
      AND (l.destination_id <> 0 OR NOT to_replay
           OR EXISTS (SELECT FROM outbox.takers(l.topic))));
END $fn$;

-- The destinations that take a topic now, each with the id above which it takes events by itself.
CREATE FUNCTION outbox.takers(topic text) RETURNS TABLE (destination_id int, above bigint)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $fn$
  SELECT d.id, min(p.above)
  FROM outbox.destination d
  JOIN outbox.subscription s ON s.destination_id = d.id AND s.version = d.version
  CROSS JOIN unnest(s.topics, s.since) AS p (pattern, above)
  WHERE d.retired_at IS NULL AND outbox.topic_matches(p.pattern, takers.topic)
  GROUP BY d.id
$fn$;

-- Locks the outcomes of dead letters in the order in which a relay settles.
CREATE FUNCTION outbox.lock_outcomes(letters bigint[]) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $fn$
  SELECT FROM outbox.outcome o
  JOIN outbox.dead_letter l ON l.event_id = o.event_id AND l.destination_id = o.destination_id
                           AND l.bucket = o.bucket
  WHERE l.id = ANY (letters)
  ORDER BY o.event_id, o.destination_id
  FOR UPDATE OF o
$fn$;

-- Ends the letters that are still open and whose delivery has not succeeded after all.
CREATE FUNCTION outbox.resolve_dead(letters bigint[], new_status text) RETURNS bigint[]
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $fn$
  WITH resolved AS (
    UPDATE outbox.dead_letter l SET status = new_status, resolved_at = clock_timestamp()
    WHERE l.id = ANY (letters) AND l.status = 'open'
      AND NOT EXISTS (SELECT FROM outbox.outcome o
                      WHERE o.event_id = l.event_id AND o.destination_id = l.destination_id
                        AND o.bucket = l.bucket AND o.state = 1)
    RETURNING l.id)
  SELECT coalesce(array_agg(id), '{}') FROM resolved
$fn$;

-- Marks the outcomes of dead letters as discarded; a delivery that succeeded late stays delivered.
CREATE FUNCTION outbox.discard_outcomes(letters bigint[]) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $fn$
  UPDATE outbox.outcome o SET state = 5
  FROM outbox.dead_letter l
  WHERE l.id = ANY (letters) AND o.event_id = l.event_id AND o.destination_id = l.destination_id
    AND o.bucket = l.bucket AND o.state <> 1
$fn$;

-- Lets the next event of each key go that waits behind one of these dead letters, unless something
-- else of the key goes first. What a row names as its predecessor is what was active when it was
-- blocked, perhaps long before the dead one. The new xid is how the relay notices.
CREATE FUNCTION outbox.release_waiting(letters bigint[]) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $fn$
  UPDATE outbox.backlog b
  SET waiting_for = 4, due_at = clock_timestamp(), predecessor = NULL, xid = pg_current_xact_id()
  FROM (SELECT DISTINCT ON (w.destination_id, w.key) w.destination_id, w.event_id
        FROM outbox.backlog w
        JOIN outbox.dead_letter l ON l.destination_id = w.destination_id AND l.key = w.key
        WHERE l.id = ANY (letters) AND w.waiting_for = 3
          AND NOT EXISTS (SELECT FROM outbox.backlog h
                          WHERE h.destination_id = w.destination_id AND h.key = w.key
                            AND h.waiting_for IN (2, 4))
          AND NOT EXISTS (SELECT FROM outbox.dead_letter d
                          WHERE d.destination_id = w.destination_id AND d.key = w.key
                            AND d.status = 'open' AND d.id <> ALL (letters))
        ORDER BY w.destination_id, w.key, w.event_id) AS first
  WHERE b.event_id = first.event_id AND b.destination_id = first.destination_id
$fn$;

-- Puts dead letters back into the backlog, complete, due now. Those that no destination took go to
-- every destination that takes their topic now and cannot have read them by itself.
CREATE FUNCTION outbox.requeue_dead(letters bigint[], new_key boolean) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $fn$
  INSERT INTO outbox.backlog (event_id, destination_id, slot, run, waiting_for, due_at, new_key, bucket,
                              event_xid, recorded_at, topic, key, cause_id, deliver_before, copied,
                              payload, body, content_type, headers)
  SELECT l.event_id, t.id, l.slot, l.run + 1, 4, clock_timestamp(), requeue_dead.new_key, l.bucket,
         l.event_xid, l.recorded_at, l.topic, l.key, l.cause_id, l.deliver_before, true,
         l.payload, l.body, l.content_type, l.headers
  FROM outbox.dead_letter l
  CROSS JOIN LATERAL (
    SELECT l.destination_id WHERE l.destination_id <> 0
    UNION ALL
    SELECT k.destination_id FROM outbox.takers(l.topic) k
    WHERE l.destination_id = 0
      AND NOT EXISTS (SELECT FROM outbox.outcome o
                      WHERE o.event_id = l.event_id AND o.destination_id = k.destination_id)
      AND NOT (l.event_id > k.above
               AND EXISTS (SELECT FROM outbox.event e WHERE e.id = l.event_id AND e.bucket = l.bucket))
  ) AS t (id)
  WHERE l.id = ANY (letters)
  ORDER BY l.event_id, t.id
  ON CONFLICT (event_id, destination_id) DO NOTHING
$fn$;

CREATE FUNCTION outbox.replay_dead(
  ids bigint[] DEFAULT NULL, destination text DEFAULT NULL, topic text DEFAULT NULL,
  key text DEFAULT NULL, reason text DEFAULT NULL, since timestamptz DEFAULT NULL,
  until timestamptz DEFAULT NULL, new_key boolean DEFAULT false, note text DEFAULT NULL,
  dry_run boolean DEFAULT false) RETURNS TABLE (operation bigint, matched bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off AS $fn$
DECLARE
  letters bigint[] := outbox.select_dead('replay', ids, destination, topic, key, reason, since, until,
                                         dry_run, true);
BEGIN
  IF dry_run IS NOT TRUE AND cardinality(letters) > 0 THEN
    PERFORM outbox.lock_outcomes(letters);
    letters := outbox.resolve_dead(letters, 'replayed');
    DELETE FROM outbox.outcome o USING outbox.dead_letter l
    WHERE l.id = ANY (letters) AND l.destination_id <> 0 AND o.event_id = l.event_id
      AND o.destination_id = l.destination_id AND o.bucket = l.bucket AND o.state <> 1;
    -- That of destination 0 stays, or the event would be found untaken once more.
    UPDATE outbox.outcome o SET state = 5 FROM outbox.dead_letter l
    WHERE l.id = ANY (letters) AND l.destination_id = 0 AND o.event_id = l.event_id
      AND o.destination_id = 0 AND o.bucket = l.bucket;
    PERFORM outbox.requeue_dead(letters, coalesce(new_key, false));
    IF cardinality(letters) > 0 THEN
      operation := outbox.record_operation('replay_dead', jsonb_build_object(
        'ids', ids, 'destination', destination, 'topic', topic, 'key', key, 'reason', reason,
        'since', since, 'until', until, 'new_key', new_key), note, cardinality(letters));
    END IF;
  END IF;
  matched := cardinality(letters);
  RETURN NEXT;
END $fn$;

CREATE FUNCTION outbox.discard_dead(
  ids bigint[] DEFAULT NULL, destination text DEFAULT NULL, topic text DEFAULT NULL,
  key text DEFAULT NULL, reason text DEFAULT NULL, since timestamptz DEFAULT NULL,
  until timestamptz DEFAULT NULL, note text DEFAULT NULL, dry_run boolean DEFAULT false)
RETURNS TABLE (operation bigint, matched bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off AS $fn$
DECLARE
  letters bigint[] := outbox.select_dead('discard', ids, destination, topic, key, reason, since, until,
                                         dry_run, false);
BEGIN
  IF dry_run IS NOT TRUE AND cardinality(letters) > 0 THEN
    PERFORM outbox.lock_outcomes(letters);
    letters := outbox.resolve_dead(letters, 'discarded');
    PERFORM outbox.discard_outcomes(letters);
    PERFORM outbox.release_waiting(letters);
    IF cardinality(letters) > 0 THEN
      operation := outbox.record_operation('discard_dead', jsonb_build_object(
        'ids', ids, 'destination', destination, 'topic', topic, 'key', key, 'reason', reason,
        'since', since, 'until', until), note, cardinality(letters));
    END IF;
  END IF;
  matched := cardinality(letters);
  RETURN NEXT;
END $fn$;

-- A new event with another payload takes the place of a dead letter, for its destination alone. The
-- old delivery counts as discarded, and what waits behind it goes on.
CREATE FUNCTION outbox.amend_dead(id bigint, payload text, note text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off AS $fn$
DECLARE
  letter outbox.dead_letter;
  new_event bigint;
BEGIN
  PERFORM outbox.lock_outcomes(ARRAY[amend_dead.id]);
  IF cardinality(outbox.resolve_dead(ARRAY[amend_dead.id], 'amended')) = 0 THEN
    RAISE no_data_found USING
      MESSAGE = format('there is no open dead letter %s%s', amend_dead.id,
                       (SELECT ', it is ' || l.status FROM outbox.dead_letter l WHERE l.id = amend_dead.id)),
      HINT = 'Open ones are in outbox.dead_letters; give its id, not its event_id.';
  END IF;
  SELECT * INTO letter FROM outbox.dead_letter l WHERE l.id = amend_dead.id;
  INSERT INTO outbox.event AS e (topic, key, payload, headers, cause_id, destination_id)
  VALUES (letter.topic, letter.key, amend_dead.payload, letter.headers, letter.event_id,
          nullif(letter.destination_id, 0))
  RETURNING e.id INTO new_event;
  PERFORM outbox.discard_outcomes(ARRAY[amend_dead.id]);
  PERFORM outbox.release_waiting(ARRAY[amend_dead.id]);
  PERFORM outbox.record_operation('amend_dead', jsonb_build_object(
    'ids', ARRAY[amend_dead.id], 'event_id', letter.event_id, 'new_event_id', new_event), note, 1);
  RETURN new_event;
END $fn$;

-- Sends again what a destination was sent: events recorded from `since` until before `until` that
-- were delivered or died. What was cancelled, discarded or too late stays so.
CREATE FUNCTION outbox.replay(
  destination text, since timestamptz, until timestamptz, topic text DEFAULT NULL,
  new_key boolean DEFAULT false, note text DEFAULT NULL, dry_run boolean DEFAULT false)
RETURNS TABLE (operation bigint, matched bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off AS $fn$
#variable_conflict use_column
DECLARE
  target int := outbox.destination_id(replay.destination);
  first bigint := outbox.first_id_since(replay.since);
  last bigint := outbox.first_id_since(replay.until) + 20000;  -- slack on either side
BEGIN
  IF (replay.since < replay.until) IS NOT TRUE THEN
    RAISE invalid_parameter_value USING
      MESSAGE = format('nothing lies between since %s and until %s',
                       coalesce(replay.since::text, 'null'), coalesce(replay.until::text, 'null')),
      HINT = 'Give both, since before until; until => now() for all up to now.';
  END IF;
  matched := (
    SELECT count(*) FROM (
      SELECT FROM outbox.event e
      JOIN outbox.outcome o ON o.event_id = e.id AND o.bucket = e.bucket AND o.destination_id = target
      WHERE e.id BETWEEN first AND last AND o.state IN (1, 2)
        AND e.recorded_at >= replay.since AND e.recorded_at < replay.until
        AND (replay.topic IS NULL OR outbox.topic_matches(replay.topic, e.topic))) AS counted);
  IF dry_run IS NOT TRUE AND matched > 0 THEN
    matched := outbox.requeue(target, first, last, replay.since, replay.until, replay.topic,
                              coalesce(new_key, false));
    operation := outbox.record_operation('replay', jsonb_build_object(
      'destination', replay.destination, 'since', replay.since, 'until', replay.until,
      'topic', replay.topic, 'new_key', new_key), note, matched);
  END IF;
  RETURN NEXT;
END $fn$;

-- The part of replay that changes: outcomes go, backlog rows come, dead letters are resolved.
CREATE FUNCTION outbox.requeue(target int, first bigint, last bigint, since timestamptz,
                               until timestamptz, topic text, new_key boolean) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $fn$
#variable_conflict use_column
DECLARE
  requeued bigint;
BEGIN
  PERFORM FROM outbox.event e
  JOIN outbox.outcome o ON o.event_id = e.id AND o.bucket = e.bucket AND o.destination_id = target
  WHERE e.id BETWEEN first AND last AND o.state IN (1, 2)
    AND e.recorded_at >= requeue.since AND e.recorded_at < requeue.until
    AND (requeue.topic IS NULL OR outbox.topic_matches(requeue.topic, e.topic))
  ORDER BY o.event_id FOR UPDATE OF o;
  WITH gone AS (
    DELETE FROM outbox.outcome o USING outbox.event e
    WHERE e.id BETWEEN first AND last AND o.state IN (1, 2)
      AND e.recorded_at >= requeue.since AND e.recorded_at < requeue.until
      AND (requeue.topic IS NULL OR outbox.topic_matches(requeue.topic, e.topic))
      AND o.event_id = e.id AND o.bucket = e.bucket AND o.destination_id = target
    RETURNING e.id, e.bucket, o.run, e.xid, e.recorded_at, e.topic, e.key, e.cause_id,
              e.deliver_after, e.deliver_before
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

REVOKE ALL ON FUNCTION
  outbox.select_dead(text, bigint[], text, text, text, text, timestamptz, timestamptz, boolean, boolean),
  outbox.takers(text), outbox.lock_outcomes(bigint[]), outbox.resolve_dead(bigint[], text),
  outbox.discard_outcomes(bigint[]), outbox.release_waiting(bigint[]),
  outbox.requeue_dead(bigint[], boolean),
  outbox.replay_dead(bigint[], text, text, text, text, timestamptz, timestamptz, boolean, text, boolean),
  outbox.discard_dead(bigint[], text, text, text, text, timestamptz, timestamptz, text, boolean),
  outbox.amend_dead(bigint, text, text),
  outbox.replay(text, timestamptz, timestamptz, text, boolean, text, boolean),
  outbox.requeue(int, bigint, bigint, timestamptz, timestamptz, text, boolean)
FROM PUBLIC;
