-- Roles and grants. Without a number, because it runs at every migration: so new tables are covered
-- and lost grants come back. `{prefix}` is the prefix of the role names, `{create}` is true when
-- roles that are missing are created; else only roles that exist are given grants.

DO $do$
DECLARE
  role text;
BEGIN
  FOREACH role IN ARRAY ARRAY['{prefix}producer', '{prefix}viewer', '{prefix}operator', '{prefix}relay'] LOOP
    CONTINUE WHEN NOT {create} OR EXISTS (SELECT FROM pg_roles WHERE rolname = role);
    BEGIN
      EXECUTE format('CREATE ROLE %I NOLOGIN', role);
    EXCEPTION
      WHEN duplicate_object OR unique_violation THEN
        NULL;  -- a migration of another database of this server was faster
      WHEN insufficient_privilege THEN
        RAISE insufficient_privilege USING
          MESSAGE = format('role %s may not create the role %s', current_user, role),
          HINT = 'Migrate as a role with CREATEROLE; or have the roles created and say '
                 '--roles existing; or do without them: --roles none.';
    END;
  END LOOP;
END $do$;

-- Producers write events and learn their ids; nothing else.
DO $do$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{prefix}producer') THEN RETURN; END IF;
  GRANT USAGE ON SCHEMA outbox TO {prefix}producer;
  GRANT INSERT (id, topic, key, payload, body, content_type, headers, dedup_key, deliver_after,
                deliver_before, cause_id) ON outbox.event TO {prefix}producer;
  GRANT SELECT (id, duplicate_of) ON outbox.event TO {prefix}producer;
  GRANT EXECUTE ON FUNCTION
    outbox.emit(text, text, text, text, text, timestamptz, timestamptz, bigint, bytea, text),
    outbox.emit(text, json, text, text, text, timestamptz, timestamptz, bigint),
    outbox.emit(text, jsonb, text, text, text, timestamptz, timestamptz, bigint)
    TO {prefix}producer;
END $do$;

-- Viewers see all but what was sent.
DO $do$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{prefix}viewer') THEN RETURN; END IF;
  GRANT USAGE ON SCHEMA outbox TO {prefix}viewer;
  GRANT SELECT ON outbox.delivery, outbox.status, outbox.operations, outbox.relays,
                  outbox.attempts, outbox.cancellations TO {prefix}viewer;
  GRANT SELECT (id, topic, key, recorded_at, deliver_after, deliver_before, dedup_key, duplicate_of,
                cause_id, destination, content_type) ON outbox.events TO {prefix}viewer;
  GRANT SELECT (id, event_id, destination, topic, key, reason, class, http_status, last_error,
                attempts, recorded_at, first_attempt_at, died_at, request, answer, content_type,
                run, cause_id) ON outbox.dead_letters TO {prefix}viewer;
  GRANT EXECUTE ON FUNCTION outbox.find(text, interval), outbox.trace(bigint) TO {prefix}viewer;
END $do$;

-- Operators see everything the views show, and may call what changes it.
DO $do$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{prefix}operator') THEN RETURN; END IF;
  GRANT USAGE ON SCHEMA outbox TO {prefix}operator;
  GRANT SELECT ON outbox.delivery, outbox.dead_letters, outbox.status, outbox.operations,
                  outbox.relays, outbox.events, outbox.attempts, outbox.cancellations
    TO {prefix}operator;
  GRANT EXECUTE ON FUNCTION
    outbox.find(text, interval),
    outbox.trace(bigint),
    outbox.replay_dead(bigint[], text, text, text, text, timestamptz, timestamptz, boolean, text, boolean),
    outbox.discard_dead(bigint[], text, text, text, text, timestamptz, timestamptz, text, boolean),
    outbox.amend_dead(bigint, text, text, bytea, text),
    outbox.replay(text, timestamptz, timestamptz, text, boolean, text, boolean),
    outbox.continue_operation(bigint, int),
    outbox.cancel_operation(bigint),
    outbox.park(text, text, boolean),
    outbox.drop(text, text, boolean),
    outbox.cancel(bigint, text, text),
    outbox.pause(text, timestamptz, text),
    outbox.resume(text),
    outbox.reload(text)
    TO {prefix}operator;
END $do$;

-- The relay works on every table, but never changes an event: these leave by TRUNCATE of a bucket.
DO $do$
DECLARE
  part text;
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{prefix}relay') THEN RETURN; END IF;
  GRANT USAGE ON SCHEMA outbox TO {prefix}relay;
  GRANT SELECT ON ALL TABLES IN SCHEMA outbox TO {prefix}relay;
  GRANT SELECT ON SEQUENCE outbox.event_id_seq TO {prefix}relay;
  GRANT INSERT (xid, recorded_at, bucket, destination_id, topic, key, payload, body, content_type,
                headers, dedup_key, duplicate_of, cause_id, deliver_after, deliver_before)
    ON outbox.event TO {prefix}relay;
  FOR part IN
    SELECT format('outbox.%I', c.relname)
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'outbox'
    WHERE c.relkind IN ('r', 'p') AND c.relname NOT IN ('event', 'migration') AND c.relname !~ '^event_[0-9]+$'
  LOOP
    EXECUTE format('GRANT INSERT, UPDATE, DELETE ON %s TO {prefix}relay', part);
  END LOOP;
  FOR part IN
    SELECT i.inhrelid::regclass::text
    FROM pg_inherits i
    WHERE i.inhparent IN ('outbox.event'::regclass, 'outbox.outcome'::regclass, 'outbox.attempt'::regclass)
  LOOP
    EXECUTE format('GRANT TRUNCATE ON %s TO {prefix}relay', part);
  END LOOP;
  GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA outbox TO {prefix}relay;
  -- Not ours to give, often: then one metric is absent and `postrider doctor` prints the GRANT.
  BEGIN
    IF NOT pg_has_role('{prefix}relay', 'pg_read_all_stats', 'MEMBER') THEN
      GRANT pg_read_all_stats TO {prefix}relay;
    END IF;
  EXCEPTION WHEN insufficient_privilege THEN
    NULL;
  END;
END $do$;
