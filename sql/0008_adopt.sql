-- Going on with an outbox whose history is not the one that its records are of: rows that were
-- restored or moved, a sequence that went backwards, another installation (docs/operations.md,
-- "Moving"). Until then relays send nothing.

-- When a relay saw the sequence stand too low. Producers may bring it up again, and then nothing else
-- tells that ids were given out twice.
ALTER TABLE outbox.installation ADD COLUMN rewound_at timestamptz;

-- The highest event id that anything here is about. The sequence must not stand below it.
CREATE FUNCTION outbox.highest_known_id() RETURNS bigint
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET jit = off AS $fn$
  SELECT greatest(
    0,
    (SELECT max(e.id) FROM outbox.event e),
    (SELECT max(o.event_id) FROM outbox.outcome o),
    (SELECT max(a.event_id) FROM outbox.attempt a),
    (SELECT max(l.event_id) FROM outbox.dead_letter l),
    (SELECT max(b.event_id) FROM outbox.backlog b),
    (SELECT max(d.event_id) FROM outbox.dedup d),
    (SELECT max(greatest(l.closed_up_to, l.mark_high)) FROM outbox.lane l),
    (SELECT max(p.above) FROM outbox.subscription s CROSS JOIN unnest(s.since) AS p (above)))
$fn$;

-- Eight characters drawn from the random bytes of a uuid (two bytes are not random).
CREATE FUNCTION outbox.new_installation_name() RETURNS text
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $fn$
  SELECT string_agg(substr('abcdefghijklmnopqrstuvwxyz0123456789', get_byte(u.bytes, n) % 36 + 1, 1), '')
  FROM (SELECT decode(replace(gen_random_uuid()::text, '-', ''), 'hex') AS bytes) AS u
  CROSS JOIN unnest('{0,1,2,3,4,5,10,11}'::int[]) AS n
$fn$;

-- Deliveries that are not over and are in the log alone.
CREATE VIEW outbox.pending_in_log AS
SELECT e.id AS event_id, d.id AS destination_id
FROM outbox.destination d
JOIN outbox.subscription s ON s.destination_id = d.id AND s.version = d.version
JOIN outbox.event e ON e.duplicate_of IS NULL AND (e.destination_id IS NULL OR e.destination_id = d.id)
                   AND outbox.takes(s.topics, s.since, e.topic, e.id)
WHERE NOT EXISTS (SELECT FROM outbox.outcome o
                  WHERE o.event_id = e.id AND o.destination_id = d.id AND o.bucket = e.bucket)
  AND NOT EXISTS (SELECT FROM outbox.backlog b WHERE b.event_id = e.id AND b.destination_id = d.id);

-- A transaction of another server means nothing here: with the number of one that runs, its row
-- would be found by every poll. It gets a number that has long passed.
CREATE FUNCTION outbox.make_transactions_past() RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $fn$
  UPDATE outbox.event SET xid = '3'
  WHERE NOT pg_visible_in_snapshot(xid, (SELECT pg_current_snapshot()));
  UPDATE outbox.backlog SET xid = '3'
  WHERE NOT pg_visible_in_snapshot(xid, (SELECT pg_current_snapshot()));
  UPDATE outbox.backlog SET event_xid = '3'
  WHERE NOT pg_visible_in_snapshot(event_xid, (SELECT pg_current_snapshot()));
$fn$;

-- After ids were given out a second time: takes away what speaks of the first event of an id, so
-- that the second one is delivered, and lets every lane look at everything again.
CREATE FUNCTION outbox.part_histories() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $fn$
BEGIN
  DELETE FROM outbox.outcome o USING outbox.event e
  WHERE o.event_id = e.id AND o.bucket = e.bucket AND o.finished_at < e.recorded_at;
  DELETE FROM outbox.attempt a USING outbox.event e
  WHERE a.event_id = e.id AND a.bucket = e.bucket AND a.started_at < e.recorded_at;
  -- A waiting delivery with its own copy would have to share its id with another event.
  INSERT INTO outbox.dead_letter (event_id, destination_id, run, reason, last_error, attempts,
    first_attempt_at, died_at, slot, bucket, event_xid, recorded_at, topic, key, cause_id,
    deliver_before, payload, body, content_type, headers)
  SELECT b.event_id, b.destination_id, b.run, 'restored', 'its id belongs to another event now',
    b.attempts, b.first_attempt_at, clock_timestamp(), b.slot, b.bucket, b.event_xid, b.recorded_at,
    b.topic, b.key, b.cause_id, b.deliver_before, b.payload, b.body, b.content_type, b.headers
  FROM outbox.backlog b
  WHERE b.copied AND EXISTS (SELECT FROM outbox.event e
                             WHERE e.id = b.event_id AND e.recorded_at <> b.recorded_at)
  ON CONFLICT DO NOTHING;
  DELETE FROM outbox.backlog b
  WHERE (b.copied AND EXISTS (SELECT FROM outbox.event e
                              WHERE e.id = b.event_id AND e.recorded_at <> b.recorded_at))
     OR (NOT b.copied AND NOT EXISTS (SELECT FROM outbox.event e
                                      WHERE e.id = b.event_id AND e.bucket = b.bucket
                                        AND e.recorded_at = b.recorded_at));
  -- Subscribed to before they were recorded, though their ids say otherwise.
  INSERT INTO outbox.backlog (event_id, destination_id, slot, waiting_for, due_at, bucket, event_xid,
    recorded_at, topic, key, cause_id, deliver_after, deliver_before)
  SELECT DISTINCT ON (e.id, d.id) e.id, d.id, outbox.slot(e.key, e.id),
    CASE WHEN e.deliver_after > now() THEN 1 ELSE 4 END, greatest(now(), e.deliver_after), e.bucket,
    e.xid, e.recorded_at, e.topic, e.key, e.cause_id, e.deliver_after, e.deliver_before
  FROM outbox.destination d
  JOIN outbox.subscription s ON s.destination_id = d.id AND s.version = d.version
  CROSS JOIN unnest(s.topics, s.since) AS p (pattern, above)
  JOIN outbox.event e ON e.id <= p.above AND outbox.topic_matches(p.pattern, e.topic)
  WHERE e.duplicate_of IS NULL AND (e.destination_id IS NULL OR e.destination_id = d.id)
    AND NOT outbox.takes(s.topics, s.since, e.topic, e.id)
    AND e.recorded_at > (SELECT min(v.registered_at) FROM outbox.subscription v
                         WHERE v.destination_id = d.id AND p.pattern = ANY (v.topics))
    AND NOT EXISTS (SELECT FROM outbox.outcome o
                    WHERE o.event_id = e.id AND o.destination_id = d.id AND o.bucket = e.bucket)
  ORDER BY e.id, d.id
  ON CONFLICT DO NOTHING;
  UPDATE outbox.lane SET closed_up_to = 0 WHERE destination_id <> 0;
  UPDATE outbox.lane l SET closed_up_to = least(l.closed_up_to, coalesce((
    SELECT min(e.id) - 1 FROM outbox.event e
    WHERE NOT EXISTS (SELECT FROM outbox.outcome o WHERE o.event_id = e.id AND o.bucket = e.bucket)
      AND NOT EXISTS (SELECT FROM outbox.backlog b WHERE b.event_id = e.id)), l.closed_up_to))
  WHERE l.destination_id = 0;
END $fn$;

-- Ends every delivery that is not over, without sending it: as dead letters (state 2, reason
-- restored), or as discarded (state 5). Returns how many.
CREATE FUNCTION outbox.end_pending(p_state int) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE
  ended bigint;
BEGIN
  -- First all of them are in one place. Those of the log look like any that waits there.
  INSERT INTO outbox.backlog (event_id, destination_id, slot, waiting_for, due_at, bucket, event_xid,
    recorded_at, topic, key, cause_id, deliver_after, deliver_before)
  SELECT e.id, p.destination_id, outbox.slot(e.key, e.id), 1, now(), e.bucket, e.xid, e.recorded_at,
         e.topic, e.key, e.cause_id, e.deliver_after, e.deliver_before
  FROM outbox.pending_in_log p JOIN outbox.event e ON e.id = p.event_id
  ON CONFLICT DO NOTHING;
  INSERT INTO outbox.outcome (event_id, finished_at, destination_id, bucket, state, attempts, http_status,
                              run, class, error)
  SELECT b.event_id, clock_timestamp(), b.destination_id, b.bucket, p_state, least(b.attempts, 32767),
         b.http_status, b.run, b.class, 'ended by adopt'
  FROM outbox.backlog b ORDER BY b.event_id, b.destination_id
  ON CONFLICT DO NOTHING;
  IF p_state = 2 THEN
    INSERT INTO outbox.dead_letter (event_id, destination_id, run, reason, class, http_status, last_error,
      attempts, first_attempt_at, died_at, slot, bucket, event_xid, recorded_at, topic, key, cause_id,
      deliver_before, payload, body, content_type, headers)
    SELECT b.event_id, b.destination_id, b.run, 'restored', b.class, b.http_status, b.error, b.attempts,
      b.first_attempt_at, clock_timestamp(), b.slot, b.bucket, b.event_xid, b.recorded_at, b.topic,
      b.key, b.cause_id, b.deliver_before,
      CASE WHEN b.copied THEN b.payload ELSE e.payload END,
      CASE WHEN b.copied THEN b.body ELSE e.body END,
      CASE WHEN b.copied THEN b.content_type ELSE e.content_type END,
      CASE WHEN b.copied THEN b.headers ELSE e.headers END
    FROM outbox.backlog b
    LEFT JOIN outbox.event e ON e.id = b.event_id AND e.bucket = b.bucket
    ORDER BY b.event_id, b.destination_id
    ON CONFLICT DO NOTHING;
  END IF;
  DELETE FROM outbox.backlog;
  GET DIAGNOSTICS ended = ROW_COUNT;
  RETURN ended;
END $fn$;

-- The other sequences do not come along with a logical move either. What they number is never
-- removed before its successors, so the highest number there is says enough.
CREATE FUNCTION outbox.raise_sequences() RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $fn$
  SELECT setval('outbox.destination_id_seq', greatest(s.last_value, (SELECT max(d.id) FROM outbox.destination d)), true)
  FROM outbox.destination_id_seq s WHERE EXISTS (SELECT FROM outbox.destination);
  SELECT setval('outbox.dead_letter_id_seq', greatest(s.last_value, (SELECT max(l.id) FROM outbox.dead_letter l)), true)
  FROM outbox.dead_letter_id_seq s WHERE EXISTS (SELECT FROM outbox.dead_letter);
  SELECT setval('outbox.operation_id_seq', greatest(s.last_value, (SELECT max(o.id) FROM outbox.operation o)), true)
  FROM outbox.operation_id_seq s WHERE EXISTS (SELECT FROM outbox.operation);
$fn$;

-- Says that this outbox is to be served as it is. `resume` goes on from the records, `dead` ends what
-- is pending as dead letters, `new` discards it and begins another installation. The installation is
-- named `name`; without one a new installation gets a name and another keeps its own. One transaction;
-- no migration runs meanwhile, relays that still serve lose their lanes, and producers wait for the end.
CREATE FUNCTION outbox.adopt(mode text, name text DEFAULT NULL, note text DEFAULT NULL,
                             dry_run boolean DEFAULT false)
RETURNS TABLE (operation bigint, installation text, former_installation text, pending bigint,
               moved boolean, rewound boolean, sequence_from bigint, sequence_to bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off AS $fn$
DECLARE
  server bigint := (SELECT c.system_identifier FROM pg_control_system() c);
  origin bigint;
BEGIN
  IF (mode IN ('resume', 'dead', 'new')) IS NOT TRUE THEN
    RAISE invalid_parameter_value USING MESSAGE = format('%L is no way to adopt', mode),
      HINT = 'Say resume, dead or new.';
  END IF;
  PERFORM pg_advisory_xact_lock(8101821198635721829);  -- that of migrations
  SELECT i.name, i.system_identifier INTO STRICT former_installation, origin FROM outbox.installation i;
  installation := coalesce(nullif(name, CASE WHEN mode = 'new' THEN former_installation END),
                           CASE WHEN mode = 'new' THEN outbox.new_installation_name()
                                ELSE former_installation END);
  moved := coalesce(origin <> server, false);
  SELECT s.last_value - (NOT s.is_called)::int INTO sequence_from FROM outbox.event_id_seq s;
  sequence_to := greatest(sequence_from, outbox.highest_known_id());
  rewound := sequence_from < sequence_to
             OR EXISTS (SELECT FROM outbox.installation i WHERE i.rewound_at IS NOT NULL);
  pending := (SELECT count(*) FROM outbox.backlog) + (SELECT count(*) FROM outbox.pending_in_log);
  IF dry_run THEN RETURN NEXT; RETURN; END IF;

  -- Nobody serves it any more. The fences go first: who settles holds one, and may need the log.
  UPDATE outbox.fence f SET owner = NULL, epoch = f.epoch + 1;
  DELETE FROM outbox.relay;
  DELETE FROM outbox.canary;
  UPDATE outbox.lane SET mark_high = NULL, mark_xid = NULL, mark_canary = NULL;
  PERFORM outbox.make_transactions_past();
  PERFORM outbox.raise_sequences();
  -- From here on no row of the log is open: what is pending is known to the last one.
  LOCK TABLE outbox.event IN SHARE ROW EXCLUSIVE MODE;
  sequence_to := greatest(sequence_from, outbox.highest_known_id());
  IF rewound THEN
    PERFORM outbox.part_histories();
    PERFORM setval('outbox.event_id_seq', greatest(sequence_to, nextval('outbox.event_id_seq')));
  END IF;
  IF mode = 'resume' THEN
    pending := (SELECT count(*) FROM outbox.backlog) + (SELECT count(*) FROM outbox.pending_in_log);
  ELSE
    pending := outbox.end_pending(CASE mode WHEN 'dead' THEN 2 ELSE 5 END);
    UPDATE outbox.lane l SET closed_up_to = sequence_to WHERE l.destination_id <> 0 OR mode = 'new';
  END IF;
  UPDATE outbox.installation i
  SET name = installation, system_identifier = server, rewound_at = NULL,
      unrouted_since = CASE WHEN mode = 'new' THEN sequence_to ELSE i.unrouted_since END;
  operation := outbox.record_operation('adopt', jsonb_build_object(
    'mode', mode, 'installation', installation, 'former_installation', former_installation,
    'moved', moved, 'rewound', rewound, 'sequence_from', sequence_from, 'sequence_to', sequence_to),
    note, pending);
  RETURN NEXT;
END $fn$;

REVOKE ALL ON outbox.pending_in_log FROM PUBLIC;
REVOKE ALL ON FUNCTION
  outbox.highest_known_id(), outbox.new_installation_name(), outbox.make_transactions_past(),
  outbox.part_histories(), outbox.raise_sequences(), outbox.end_pending(int), outbox.adopt(text, text, text, boolean)
FROM PUBLIC;
