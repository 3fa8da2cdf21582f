-- Duplicates: a second event with the same topic and dedup_key, before the first one's key has
-- expired, is kept and shown with `duplicate_of`, but never sent. This is the only trigger on
-- outbox.event, and it does not fire for events without a dedup_key.

ALTER TABLE outbox.installation ADD COLUMN dedup_retention interval NOT NULL DEFAULT '7 days'
  CONSTRAINT dedup_retention_is_positive CHECK (dedup_retention > interval '0');

-- Runs as its owner, so that a producer needs no rights on outbox.dedup. A value that a constraint
-- of outbox.event is going to refuse is left alone, or the error would name the wrong table.
CREATE FUNCTION outbox.mark_duplicate() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fn$
BEGIN
  IF new.topic IS NULL OR length(new.topic) > 200
     OR length(new.dedup_key) NOT BETWEEN 1 AND 500 THEN
    RETURN new;
  END IF;
  -- An expired key that nobody has swept yet must not swallow an event. Another transaction with
  -- the same key is waited for; afterwards the row is locked, whether it is taken over or not.
  INSERT INTO outbox.dedup AS d (topic, dedup_key, event_id, expires_at)
  SELECT new.topic, new.dedup_key, new.id, clock_timestamp() + i.dedup_retention
  FROM outbox.installation i
  ON CONFLICT (topic, dedup_key) DO UPDATE
    SET event_id = excluded.event_id, expires_at = excluded.expires_at
    WHERE d.expires_at <= now();
  IF NOT FOUND THEN
    SELECT d.event_id INTO STRICT new.duplicate_of
    FROM outbox.dedup d
    WHERE d.topic = new.topic AND d.dedup_key = new.dedup_key;
  END IF;
  RETURN new;
END $fn$;
REVOKE ALL ON FUNCTION outbox.mark_duplicate() FROM PUBLIC;

CREATE TRIGGER mark_duplicate BEFORE INSERT ON outbox.event
  FOR EACH ROW WHEN (new.dedup_key IS NOT NULL)
  EXECUTE FUNCTION outbox.mark_duplicate();
