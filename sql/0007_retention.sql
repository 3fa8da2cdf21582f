-- How old rows leave (docs/protocols.md, "Retention"): whole buckets by TRUNCATE, the rest by sweeps.
-- Run by the relay that keeps house, with its own rights.

-- Whether the deliveries of a key go one after the other: what the retention puts into the backlog
-- for such a destination has to keep its place in its key. Noted by relays that serve it.
ALTER TABLE outbox.destination ADD COLUMN ordered boolean NOT NULL DEFAULT false;

-- Which events nobody has to take, as the last relay's file said it, and the newest event when that
-- changed: older ones may have been ignored then.
ALTER TABLE outbox.installation
  ADD COLUMN unrouted_rules  text   NOT NULL DEFAULT '',
  ADD COLUMN unrouted_since  bigint NOT NULL DEFAULT 0;

-- What the registrations are, as one text: whether they are still the same is one comparison.
CREATE FUNCTION outbox.registered_versions() RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $fn$
  SELECT coalesce(string_agg(d.id || '.' || d.version, ' ' ORDER BY d.id), '')
  FROM outbox.destination d
$fn$;

-- Notes the order of a destination. Without order nothing waits for a predecessor any more.
CREATE FUNCTION outbox.note_order(p_destination text, p_ordered boolean) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $fn$
BEGIN
  UPDATE outbox.destination d SET ordered = p_ordered
  WHERE d.name = p_destination AND d.ordered <> p_ordered;
  IF NOT p_ordered THEN
    UPDATE outbox.backlog b
    SET waiting_for = 4, due_at = clock_timestamp(), predecessor = NULL, xid = pg_current_xact_id()
    FROM outbox.destination d
    WHERE d.name = p_destination AND b.destination_id = d.id AND b.waiting_for = 3
      AND b.due_at = 'infinity';
  END IF;
END $fn$;

-- Takes over what a relay's file says about retention and unrouted events.
CREATE FUNCTION outbox.note_house_rules(p_dedup interval, p_unrouted text) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $fn$
  UPDATE outbox.installation i SET dedup_retention = p_dedup WHERE i.dedup_retention <> p_dedup;
  UPDATE outbox.installation i
  SET unrouted_rules = p_unrouted,
      unrouted_since = (SELECT coalesce(max(e.id), 0) FROM outbox.event e)
  WHERE i.unrouted_rules <> p_unrouted;
$fn$;

-- Empties a bucket after its audit in the snapshot `audited`. Returns `truncated`, or why not:
-- `locked`, `history` (crash or failover since), `registration` (somebody else takes events now),
-- `event` or `backlog` (a row that the audit could not see). Nothing is waited for: a lock that is
-- waited for stalls every reader behind it. An open or prepared transaction that has written to
-- the bucket holds a lock on it.
CREATE FUNCTION outbox.truncate_bucket(number int, audited pg_snapshot, witness uuid, registered text)
RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off AS $fn$
DECLARE
  found boolean;
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE invalid_transaction_state USING
      MESSAGE = 'a bucket can only be emptied in READ COMMITTED: elsewhere its newest rows are not seen';
  END IF;
  BEGIN
    EXECUTE format('LOCK TABLE outbox.event_%1$s, outbox.outcome_%1$s, outbox.attempt_%1$s '
                   'IN ACCESS EXCLUSIVE MODE NOWAIT', number);
  EXCEPTION WHEN lock_not_available THEN
    RETURN 'locked';
  END;
  -- Every statement from here on has a snapshot of its own, later than the locks.
  IF NOT EXISTS (SELECT FROM outbox.canary c WHERE c.id = witness) THEN RETURN 'history'; END IF;
  IF outbox.registered_versions() <> registered THEN RETURN 'registration'; END IF;
  EXECUTE format(
    'SELECT EXISTS (SELECT FROM outbox.event_%1$s e WHERE e.xid = ANY (ARRAY(SELECT pg_snapshot_xip($1))) '
    'UNION ALL SELECT FROM outbox.event_%1$s e WHERE e.xid >= pg_snapshot_xmax($1))', number)
    INTO found USING audited;
  IF found THEN RETURN 'event'; END IF;
  EXECUTE format(
    'SELECT EXISTS (SELECT FROM (SELECT * FROM outbox.backlog b WHERE b.xid = ANY (ARRAY(SELECT pg_snapshot_xip($1))) '
    'UNION ALL SELECT * FROM outbox.backlog b WHERE b.xid >= pg_snapshot_xmax($1)) AS b '
    'JOIN outbox.event_%1$s e ON e.id = b.event_id WHERE b.bucket = $2 AND NOT b.copied)', number)
    INTO found USING audited, number;
  IF found THEN RETURN 'backlog'; END IF;
  EXECUTE format('TRUNCATE outbox.event_%1$s, outbox.outcome_%1$s, outbox.attempt_%1$s', number);
  RETURN 'truncated';
END $fn$;

-- Who holds a lock on a bucket: one text for people, null when nobody does any more.
CREATE FUNCTION outbox.bucket_holder(number int) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $fn$
  SELECT CASE WHEN p.gid IS NOT NULL THEN format('prepared transaction %s of %s', p.gid, p.prepared)
              ELSE format('process %s (%s, %s), transaction since %s', l.pid, a.usename,
                          nullif(a.application_name, ''), a.xact_start) END
  FROM pg_locks l
  LEFT JOIN pg_stat_activity a ON a.pid = l.pid
  LEFT JOIN pg_locks t ON l.pid IS NULL AND t.pid IS NULL AND t.locktype = 'transactionid'
                      AND t.virtualtransaction = l.virtualtransaction
  LEFT JOIN pg_prepared_xacts p ON p.transaction = t.transactionid
  WHERE l.granted AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
    AND l.relation = ANY (ARRAY[to_regclass('outbox.event_' || number)::oid,
                                to_regclass('outbox.outcome_' || number)::oid,
                                to_regclass('outbox.attempt_' || number)::oid])
    AND l.pid IS DISTINCT FROM pg_backend_pid()
  ORDER BY coalesce(p.prepared, a.xact_start) LIMIT 1
$fn$;

-- Ends dead letters that nobody has decided on for so long, oldest first, at most `most`: as if
-- they had been discarded, so what waits behind them in the order of a key goes on.
CREATE FUNCTION outbox.expire_dead(p_keep interval, p_most int) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off AS $fn$
DECLARE
  letters bigint[];
BEGIN
  SELECT array_agg(old.id ORDER BY old.event_id, old.destination_id) INTO letters
  FROM (SELECT l.id, l.event_id, l.destination_id FROM outbox.dead_letter l
        WHERE l.status = 'open' AND l.died_at < clock_timestamp() - p_keep
        ORDER BY l.died_at, l.id LIMIT p_most) AS old;
  IF letters IS NULL THEN RETURN 0; END IF;
  PERFORM outbox.lock_outcomes(letters);
  letters := outbox.resolve_dead(letters, 'discarded');
  PERFORM outbox.discard_outcomes(letters);
  PERFORM outbox.release_waiting(letters);
  IF cardinality(letters) > 0 THEN
    PERFORM outbox.record_operation('expire_dead', jsonb_build_object('older_than', p_keep), NULL,
                                    cardinality(letters));
  END IF;
  DELETE FROM outbox.dead_letter l WHERE l.id = ANY (letters);
  RETURN cardinality(letters);
END $fn$;

-- Removes up to `most` rows of each kind that serve nobody any more: dead letters resolved, and
-- operations finished, so long ago; keys of deduplication that have expired. Rows in use are left
-- for the next time, so that nobody waits for a sweep. Returns how many rows went.
CREATE FUNCTION outbox.sweep(p_keep interval, p_most int) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off AS $fn$
DECLARE
  gone bigint;
  total bigint := 0;
BEGIN
  DELETE FROM outbox.dedup d USING (
    SELECT x.topic, x.dedup_key FROM outbox.dedup x WHERE x.expires_at <= now()
    ORDER BY x.expires_at LIMIT p_most FOR UPDATE SKIP LOCKED) AS old
  WHERE d.topic = old.topic AND d.dedup_key = old.dedup_key;
  GET DIAGNOSTICS gone = ROW_COUNT;
  total := total + gone;
  DELETE FROM outbox.dead_letter l USING (
    SELECT x.id FROM outbox.dead_letter x
    WHERE x.status <> 'open' AND x.resolved_at < now() - p_keep
    LIMIT p_most FOR UPDATE SKIP LOCKED) AS old
  WHERE l.id = old.id;
  GET DIAGNOSTICS gone = ROW_COUNT;
  total := total + gone;
  DELETE FROM outbox.cancellation c USING outbox.operation o
  WHERE o.id = c.operation_id AND o.status <> 'running' AND o.created_at < now() - p_keep;
  DELETE FROM outbox.operation o USING (
    SELECT x.id FROM outbox.operation x
    WHERE x.status <> 'running' AND x.created_at < now() - p_keep
      AND NOT EXISTS (SELECT FROM outbox.cancellation c WHERE c.operation_id = x.id)
    LIMIT p_most FOR UPDATE SKIP LOCKED) AS old
  WHERE o.id = old.id;
  GET DIAGNOSTICS gone = ROW_COUNT;
  RETURN total + gone;
END $fn$;

REVOKE ALL ON FUNCTION
  outbox.registered_versions(), outbox.note_order(text, boolean),
  outbox.note_house_rules(interval, text), outbox.truncate_bucket(int, pg_snapshot, uuid, text),
  outbox.bucket_holder(int), outbox.expire_dead(interval, int), outbox.sweep(interval, int)
FROM PUBLIC;
