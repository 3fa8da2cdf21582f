-- Reloading: relays are asked to read their files again, and answer. Each request is an operation of
-- the kind `reload` for one process, so who asked, when, and what came of it is kept. It has no
-- batches; the relay that it names ends it.

-- Asks the relays of that name that are alive, or all. Then look at outbox.operations: `done`, or
-- `failed` with what is wrong with the file; `note` may say more.
CREATE FUNCTION outbox.reload(relay text DEFAULT NULL)
RETURNS TABLE (operation bigint, name text, host text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fn$
#variable_conflict use_column
BEGIN
  RETURN QUERY
    -- A process that has just reloaded has two rows until the first has finished: the newer counts.
    WITH process AS (
      SELECT DISTINCT ON (r.name, r.host, r.pid) r.id, r.name, r.host FROM outbox.relay r
      WHERE r.heartbeat > clock_timestamp() - r.lease
        AND (reload.relay IS NULL OR r.name = reload.relay)
      ORDER BY r.name, r.host, r.pid, r.started_at DESC
    ), request AS (
      INSERT INTO outbox.operation AS o (kind, filter, matched, status, performed_by)
      SELECT 'reload', jsonb_build_object('relay', p.name, 'relay_id', p.id), 1, 'running',
             outbox.performer()
      FROM process p
      RETURNING o.id, o.filter
    )
    SELECT q.id, p.name, split_part(p.host, '/', 1)
    FROM request q JOIN process p ON p.id = (q.filter ->> 'relay_id')::uuid ORDER BY p.name;
  IF NOT FOUND THEN
    RAISE no_data_found USING
      MESSAGE = CASE WHEN reload.relay IS NULL THEN 'no relay is alive'
                     ELSE format('no relay named ''%s'' is alive', reload.relay) END,
      HINT = 'See them with: SELECT * FROM outbox.relays;';
  END IF;
END $fn$;
REVOKE EXECUTE ON FUNCTION outbox.reload(text) FROM PUBLIC;
