-- Reading the tail. A statement over the partitions of outbox.event takes the database ten times
-- longer to plan than to carry out, and a relay polls often; a function keeps its plans. They are
-- made and kept under the settings below, whatever the size of the tables is at that moment, and a
-- pooler cannot separate the two.

-- What became visible since the position (high, seen): kind 1, late rows, id <= high; kind 2, fresh
-- rows, id > high. Both by id, the late ones first; of these one more than `most`, to tell that
-- there are more. With a target: a page of the late rows that are visible in it, with an id above
-- `after`, and no fresh ones. STABLE, so that all of it is read in the snapshot of the statement
-- that calls it. See docs/protocols.md, "Reading the log".
CREATE FUNCTION outbox.read_tail(high bigint, seen pg_snapshot, target pg_snapshot, after bigint, most int)
RETURNS TABLE (kind int, id bigint, xid xid8, bucket smallint, recorded_at timestamptz, topic text,
               key text, payload text, body bytea, content_type text, headers text, cause_id bigint,
               deliver_after timestamptz, deliver_before timestamptz, destination_id int)
LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_generic_plan SET jit = off SET enable_seqscan = off SET enable_sort = off
AS $fn$
DECLARE
  upper     xid8 := pg_snapshot_xmax(coalesce(target, pg_current_snapshot()));
  -- Only what has finished is probed: the rows of a running bulk load would be read and thrown
  -- away at each poll.
  finished  xid8[] := CASE WHEN target IS NULL
    THEN ARRAY(SELECT pg_snapshot_xip(seen) EXCEPT SELECT pg_snapshot_xip(pg_current_snapshot()))
    ELSE ARRAY(SELECT x FROM pg_snapshot_xip(seen) AS x WHERE pg_visible_in_snapshot(x, target)) END;
BEGIN
  IF finished <> '{}' OR upper > pg_snapshot_xmax(seen) THEN
    -- id + 0 keeps the planner away from the primary key; UNION ALL, because one OR would be a
    -- scan of everything.
    RETURN QUERY
      SELECT 1, e.id, e.xid, e.bucket, e.recorded_at, e.topic, e.key, e.payload, e.body,
             e.content_type, e.headers, e.cause_id, e.deliver_after, e.deliver_before,
             e.destination_id
      FROM (SELECT l.* FROM outbox.event l
            WHERE l.xid = ANY (finished) AND l.id + 0 <= high AND l.duplicate_of IS NULL
              AND (target IS NULL OR (pg_visible_in_snapshot(l.xid, target) AND l.id + 0 > after))
            UNION ALL
            SELECT l.* FROM outbox.event l
            WHERE l.xid >= pg_snapshot_xmax(seen) AND l.xid < upper
              AND l.id + 0 <= high AND l.duplicate_of IS NULL
              AND (target IS NULL OR (pg_visible_in_snapshot(l.xid, target) AND l.id + 0 > after))
           ) AS e
      ORDER BY e.id LIMIT most + 1;
  END IF;
  IF target IS NULL THEN
    RETURN QUERY
      SELECT 2, e.id, e.xid, e.bucket, e.recorded_at, e.topic, e.key, e.payload, e.body,
             e.content_type, e.headers, e.cause_id, e.deliver_after, e.deliver_before,
             e.destination_id
      FROM outbox.event AS e
      WHERE e.id > high AND e.duplicate_of IS NULL
      ORDER BY e.id LIMIT most;
  END IF;
END $fn$;
