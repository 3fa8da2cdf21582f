-- Functions that put dead letters right. What may be many is an operation, see 0009_operations.sql.
-- Locks are taken in the order of the relay's settlements: outcomes first, by event and destination;
-- then dead letters; then the backlog.

-- The filter of an operation on dead letters, checked. `since` and `until` are times of death; `topic`
-- may be a pattern.
CREATE FUNCTION outbox.dead_filter(
  verb text, ids bigint[], destination text, topic text, key text, reason text, since timestamptz,
  until timestamptz, dry_run boolean) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE
  wanted int := CASE WHEN destination IS NOT NULL THEN outbox.destination_id(destination) END;
  reasons text[] := '{refused,exhausted,unknown,no_route,loop,template,restored,parked,operator}';
BEGIN
  IF num_nonnulls(ids, wanted, topic, key, reason, since, until) = 0 AND dry_run IS NOT TRUE THEN
    RAISE invalid_parameter_value USING
      MESSAGE = format('without a filter this would %s every dead letter', verb),
      HINT = 'Give ids, destination, topic, key, reason, since or until. '
             'For all of them say since => ''-infinity''. dry_run => true only counts.';
  END IF;
  IF reason <> ALL (reasons) THEN
    RAISE invalid_parameter_value USING
      MESSAGE = format('%L is no reason of a dead letter', reason),
      HINT = 'Reasons are: ' || array_to_string(reasons, ', ') || '.';
  END IF;
  RETURN jsonb_strip_nulls(jsonb_build_object(
    'ids', ids, 'destination', destination, 'destination_id', wanted, 'topic', topic, 'key', key,
    'reason', reason, 'since', since, 'until', until));
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

-- The open dead letters that a filter names, by event: those of the first `most` events above `after`,
-- and not those that died after letter `up_to`. One that no destination took can be replayed only
-- when one does now.
CREATE FUNCTION outbox.matching_dead(filter jsonb, to_replay boolean, after bigint DEFAULT NULL,
                                     up_to bigint DEFAULT NULL, most int DEFAULT 2147483647)
RETURNS TABLE (id bigint, event_id bigint)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $fn$
  SELECT l.id, l.event_id
  FROM outbox.dead_letter l
  WHERE l.status = 'open'
    AND (after IS NULL OR l.event_id > after)
    AND (up_to IS NULL OR l.id <= up_to)
    AND (filter -> 'ids' IS NULL
         OR l.id IN (SELECT i::bigint FROM jsonb_array_elements_text(filter -> 'ids') AS i))
    AND (filter -> 'destination_id' IS NULL
         OR l.destination_id = (filter ->> 'destination_id')::int)
    AND (filter -> 'topic' IS NULL OR outbox.topic_matches(filter ->> 'topic', l.topic))
    AND (filter -> 'key' IS NULL OR l.key = filter ->> 'key')
    AND (filter -> 'reason' IS NULL OR l.reason = filter ->> 'reason')
    AND (filter -> 'since' IS NULL OR l.died_at >= (filter ->> 'since')::timestamptz)
    AND (filter -> 'until' IS NULL OR l.died_at < (filter ->> 'until')::timestamptz)
    AND (l.destination_id <> 0 OR NOT to_replay OR EXISTS (SELECT FROM outbox.takers(l.topic)))
  ORDER BY l.event_id
  FETCH FIRST (most) ROWS WITH TIES
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
                            AND h.waiting_for IN (2, 4, 5, 6))
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

-- Puts open dead letters back on their way; returns how many were still open.
CREATE FUNCTION outbox.replay_letters(letters bigint[], new_key boolean) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $fn$
BEGIN
  PERFORM outbox.lock_outcomes(letters);
  letters := outbox.resolve_dead(letters, 'replayed');
  DELETE FROM outbox.outcome o USING outbox.dead_letter l
  WHERE l.id = ANY (letters) AND l.destination_id <> 0 AND o.event_id = l.event_id
    AND o.destination_id = l.destination_id AND o.bucket = l.bucket AND o.state <> 1;
  -- That of destination 0 stays, or the event would be found untaken once more.
  UPDATE outbox.outcome o SET state = 5 FROM outbox.dead_letter l
  WHERE l.id = ANY (letters) AND l.destination_id = 0 AND o.event_id = l.event_id
    AND o.destination_id = 0 AND o.bucket = l.bucket;
  PERFORM outbox.requeue_dead(letters, new_key);
  RETURN cardinality(letters);
END $fn$;

CREATE FUNCTION outbox.discard_letters(letters bigint[]) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $fn$
BEGIN
  PERFORM outbox.lock_outcomes(letters);
  letters := outbox.resolve_dead(letters, 'discarded');
  PERFORM outbox.discard_outcomes(letters);
  PERFORM outbox.release_waiting(letters);
  RETURN cardinality(letters);
END $fn$;

CREATE FUNCTION outbox.replay_dead(
  ids bigint[] DEFAULT NULL, destination text DEFAULT NULL, topic text DEFAULT NULL,
  key text DEFAULT NULL, reason text DEFAULT NULL, since timestamptz DEFAULT NULL,
  until timestamptz DEFAULT NULL, new_key boolean DEFAULT false, note text DEFAULT NULL,
  dry_run boolean DEFAULT false) RETURNS TABLE (operation bigint, matched bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off AS $fn$
BEGIN
  RETURN QUERY SELECT * FROM outbox.begin_dead(
    'replay_dead',
    outbox.dead_filter('replay', ids, destination, topic, key, reason, since, until, dry_run)
      || jsonb_build_object('new_key', coalesce(new_key, false)),
    note, dry_run);
END $fn$;

CREATE FUNCTION outbox.discard_dead(
  ids bigint[] DEFAULT NULL, destination text DEFAULT NULL, topic text DEFAULT NULL,
  key text DEFAULT NULL, reason text DEFAULT NULL, since timestamptz DEFAULT NULL,
  until timestamptz DEFAULT NULL, note text DEFAULT NULL, dry_run boolean DEFAULT false)
RETURNS TABLE (operation bigint, matched bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off AS $fn$
BEGIN
  RETURN QUERY SELECT * FROM outbox.begin_dead(
    'discard_dead',
    outbox.dead_filter('discard', ids, destination, topic, key, reason, since, until, dry_run),
    note, dry_run);
END $fn$;

-- The event that takes the place of a dead letter. One for a single destination goes by the backlog
-- alone, as the head of its key: by the log it could be overtaken by what waits behind the letter.
CREATE FUNCTION outbox.replace_letter(letter outbox.dead_letter, payload text, body bytea,
                                      content_type text) RETURNS bigint
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $fn$
  WITH replacing AS (
    INSERT INTO outbox.event AS e (topic, key, payload, body, content_type, headers, cause_id,
                                   deliver_before, destination_id)
    VALUES (letter.topic, letter.key, replace_letter.payload, replace_letter.body,
            replace_letter.content_type, letter.headers, letter.event_id, letter.deliver_before,
            nullif(-letter.destination_id, 0))
    RETURNING e.*
  ), placed AS (
    INSERT INTO outbox.backlog (event_id, destination_id, slot, waiting_for, due_at, bucket,
                                event_xid, recorded_at, topic, key, cause_id, deliver_before)
    SELECT r.id, -r.destination_id, outbox.slot(r.key, r.id), 4, clock_timestamp(), r.bucket, r.xid,
           r.recorded_at, r.topic, r.key, r.cause_id, r.deliver_before
    FROM replacing r WHERE r.destination_id < 0
  )
  SELECT r.id FROM replacing r
$fn$;

-- A new event with another payload, or another body, takes the place of a dead letter, for its
-- destination alone. The old delivery counts as discarded; what waits behind it goes on after the new
-- one. A body without content_type keeps that of the letter.
CREATE FUNCTION outbox.amend_dead(id bigint, payload text, note text, body bytea DEFAULT NULL,
                                  content_type text DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off AS $fn$
DECLARE
  letter outbox.dead_letter;
  new_event bigint;
BEGIN
  IF num_nonnulls(payload, body) <> 1 THEN
    RAISE invalid_parameter_value USING
      MESSAGE = 'an amended event has either a payload or a body',
      HINT = 'payload => NULL, body => ''...'' for one that is not JSON; body => '''' for none.';
  END IF;
  PERFORM outbox.lock_outcomes(ARRAY[amend_dead.id]);
  IF cardinality(outbox.resolve_dead(ARRAY[amend_dead.id], 'amended')) = 0 THEN
    RAISE no_data_found USING
      MESSAGE = format('there is no open dead letter %s%s', amend_dead.id,
                       (SELECT ', it is ' || l.status FROM outbox.dead_letter l WHERE l.id = amend_dead.id)),
      HINT = 'Open ones are in outbox.dead_letters; give its id, not its event_id.';
  END IF;
  SELECT * INTO letter FROM outbox.dead_letter l WHERE l.id = amend_dead.id;
  PERFORM outbox.discard_outcomes(ARRAY[amend_dead.id]);
  new_event := outbox.replace_letter(
    letter, amend_dead.payload, amend_dead.body,
    CASE WHEN amend_dead.body IS NULL THEN amend_dead.content_type
         ELSE coalesce(amend_dead.content_type, letter.content_type) END);
  PERFORM outbox.record_operation('amend_dead', jsonb_build_object(
    'ids', ARRAY[amend_dead.id], 'event_id', letter.event_id, 'new_event_id', new_event), note, 1);
  RETURN new_event;
END $fn$;

REVOKE ALL ON FUNCTION
  outbox.dead_filter(text, bigint[], text, text, text, text, timestamptz, timestamptz, boolean),
  outbox.matching_dead(jsonb, boolean, bigint, bigint, int),
  outbox.takers(text), outbox.lock_outcomes(bigint[]), outbox.resolve_dead(bigint[], text),
  outbox.discard_outcomes(bigint[]), outbox.release_waiting(bigint[]),
  outbox.requeue_dead(bigint[], boolean), outbox.replay_letters(bigint[], boolean),
  outbox.discard_letters(bigint[]),
  outbox.replay_dead(bigint[], text, text, text, text, timestamptz, timestamptz, boolean, text, boolean),
  outbox.discard_dead(bigint[], text, text, text, text, timestamptz, timestamptz, text, boolean),
  outbox.replace_letter(outbox.dead_letter, text, bytea, text),
  outbox.amend_dead(bigint, text, text, bytea, text)
FROM PUBLIC;
