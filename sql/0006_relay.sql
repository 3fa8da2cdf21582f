-- What relays call to register what they do. Run with the caller's rights.

-- Registers what a destination subscribes to, unless that would take back a version that another
-- relay registered since this relay's name did. A pattern keeps the place from which it takes
-- events; a new one begins at the newest event, or at the oldest with p_beginning.
CREATE FUNCTION outbox.register_destination(p_name text, p_topics text[], p_shards int,
                                            p_beginning boolean, p_relay text)
RETURNS TABLE (destination_id int, version int, is_current boolean)
LANGUAGE plpgsql AS $fn$
DECLARE
  v_destination outbox.destination;
  v_current     outbox.subscription;
  v_mine        outbox.subscription;
  v_newest      bigint;
  v_since       bigint[];
  v_closed      bigint;
  v_had         bigint;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('outbox.register_destination'));
  SELECT coalesce(max(e.id), 0) INTO v_newest FROM outbox.event e;
  SELECT * INTO v_destination FROM outbox.destination d
    WHERE d.name = p_name AND d.dropped_at IS NULL;
  IF FOUND THEN
    SELECT * INTO v_current FROM outbox.subscription s
      WHERE s.destination_id = v_destination.id AND s.version = v_destination.version;
    SELECT * INTO v_mine FROM outbox.subscription s
      WHERE s.destination_id = v_destination.id AND s.registered_by = p_relay
      ORDER BY s.version DESC LIMIT 1;
    IF v_current.topics = p_topics AND v_current.shards = p_shards THEN
      UPDATE outbox.destination d SET retired_at = NULL
        WHERE d.id = v_destination.id AND d.retired_at IS NOT NULL;
      RETURN QUERY SELECT v_destination.id, v_current.version, true;
      RETURN;
    END IF;
    IF v_mine.topics = p_topics AND v_mine.shards = p_shards THEN
      -- An old process that merely restarts does not take the newer version back.
      RETURN QUERY SELECT v_destination.id, v_current.version, false;
      RETURN;
    END IF;
  ELSE
    INSERT INTO outbox.destination (name, version) VALUES (p_name, 0) RETURNING * INTO v_destination;
  END IF;

  SELECT array_agg(coalesce(old.since, CASE WHEN p_beginning THEN 0 ELSE v_newest END) ORDER BY t.n)
    INTO v_since
    FROM unnest(p_topics) WITH ORDINALITY AS t (pattern, n)
    LEFT JOIN unnest(v_current.topics, v_current.since) AS old (pattern, since) USING (pattern);
  SELECT min(l.closed_up_to) INTO v_closed FROM outbox.lane l
    WHERE l.destination_id = v_destination.id;
  v_had := v_closed;
  SELECT least(coalesce(v_closed, min(s)),
               min(s) FILTER (WHERE s = 0 AND NOT coalesce(0 = ANY (v_current.since), false)))
    INTO v_closed FROM unnest(v_since) AS s;

  INSERT INTO outbox.subscription (destination_id, version, topics, since, shards, registered_by)
    VALUES (v_destination.id, v_destination.version + 1, p_topics, v_since, p_shards, p_relay);
  UPDATE outbox.destination d SET version = v_destination.version + 1, retired_at = NULL
    WHERE d.id = v_destination.id;
  DELETE FROM outbox.lane l WHERE l.destination_id = v_destination.id;
  INSERT INTO outbox.lane (destination_id, shard, closed_up_to)
    SELECT v_destination.id, n, v_closed FROM generate_series(0, p_shards - 1) AS n;
  -- Whoever owned these lanes owns them no more.
  UPDATE outbox.fence f SET owner = NULL, epoch = f.epoch + 1
    WHERE f.destination_id = v_destination.id;
  -- A shard that is new may get events that another one is sending: not quiet.
  INSERT INTO outbox.fence (destination_id, shard, epoch)
    SELECT v_destination.id, n, CASE WHEN v_current.version IS NULL THEN 0 ELSE 1 END
    FROM generate_series(0, p_shards - 1) AS n ON CONFLICT DO NOTHING;
  -- What a pattern that is gone left unsent is still owed to this destination: it goes into the
  -- backlog, which is delivered whatever the patterns say. With the fences raised nobody settles
  -- these deliveries meanwhile.
  IF v_had IS NOT NULL THEN
    INSERT INTO outbox.backlog (event_id, destination_id, slot, waiting_for, due_at, bucket,
      event_xid, recorded_at, topic, key, cause_id, deliver_after, deliver_before)
    SELECT e.id, v_destination.id, outbox.slot(e.key, e.id), 1,
           greatest(now(), e.deliver_after), e.bucket, e.xid, e.recorded_at, e.topic, e.key,
           e.cause_id, e.deliver_after, e.deliver_before
      FROM outbox.event e
      WHERE e.id > v_had AND e.duplicate_of IS NULL
        AND (e.destination_id IS NULL OR e.destination_id = v_destination.id)
        AND EXISTS (SELECT FROM unnest(v_current.topics, v_current.since) AS t (pattern, since)
                    WHERE e.id > t.since AND outbox.topic_matches(t.pattern, e.topic))
        AND NOT EXISTS (SELECT FROM unnest(p_topics, v_since) AS t (pattern, since)
                        WHERE e.id > t.since AND outbox.topic_matches(t.pattern, e.topic))
        AND NOT EXISTS (SELECT FROM outbox.outcome o WHERE o.event_id = e.id
                          AND o.destination_id = v_destination.id AND o.bucket = e.bucket)
      ORDER BY e.id
    ON CONFLICT DO NOTHING;
  END IF;
  RETURN QUERY SELECT v_destination.id, v_destination.version + 1, true;
END $fn$;

-- Destinations that this relay's name registered and that are not in its file any more: not sent,
-- their events kept.
CREATE FUNCTION outbox.retire_destinations(p_relay text, p_keep text[]) RETURNS SETOF text
LANGUAGE sql AS $fn$
  UPDATE outbox.destination d SET retired_at = clock_timestamp()
  FROM outbox.subscription s
  WHERE s.destination_id = d.id AND s.version = d.version AND s.registered_by = p_relay
    AND d.retired_at IS NULL AND d.name <> ALL (p_keep)
  RETURNING d.name
$fn$;

-- The lane of events that no destination takes. It begins with the first event.
INSERT INTO outbox.lane (destination_id, shard, closed_up_to) VALUES (0, 0, 0);
INSERT INTO outbox.fence (destination_id, shard) VALUES (0, 0);
