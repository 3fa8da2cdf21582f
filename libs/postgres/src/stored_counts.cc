#include "event_rows.h"
#include "postrider/postgres/postgres_roster.h"

namespace postrider {
namespace {

/// Rows that are counted exactly; beyond them a count is a lower bound.
constexpr char kCountsSql[] = R"(
SELECT 'backlog', destination_id, waiting_for::text, count(*)
FROM (SELECT destination_id, waiting_for FROM outbox.backlog LIMIT 100000) b GROUP BY 2, 3
UNION ALL
SELECT 'dead', destination_id, reason, count(*)
FROM (SELECT destination_id, reason FROM outbox.dead_letter WHERE status = 'open' LIMIT 100000) d
GROUP BY 2, 3
UNION ALL
SELECT 'bytes', 0, t.name, coalesce((SELECT sum(pg_total_relation_size(i.relid))
                                     FROM pg_partition_tree(t.relation) i),
                                    pg_total_relation_size(t.relation))::bigint
FROM (VALUES ('event', 'outbox.event'::regclass), ('outcome', 'outbox.outcome'),
             ('attempt', 'outbox.attempt'), ('backlog', 'outbox.backlog'),
             ('dead_letter', 'outbox.dead_letter'), ('dedup', 'outbox.dedup')) AS t (name, relation)
UNION ALL
SELECT 'lanes', 0, l.state, count(*)
FROM (SELECT CASE WHEN d.retired_at IS NOT NULL THEN 'retired'
                  WHEN r.heartbeat > clock_timestamp() - r.lease THEN 'owned' ELSE 'free' END AS state
      FROM outbox.fence f JOIN outbox.lane n USING (destination_id, shard)
      LEFT JOIN outbox.destination d ON d.id = f.destination_id
      LEFT JOIN outbox.relay r ON r.id = f.owner) AS l GROUP BY 3
UNION ALL
SELECT 'snapshot', 0, '', (extract(epoch FROM clock_timestamp() - min(began)) * 1000000)::bigint
FROM (SELECT xact_start AS began FROM pg_stat_activity
      WHERE datname = current_database() AND backend_xmin IS NOT NULL
      UNION ALL
      SELECT prepared FROM pg_prepared_xacts WHERE database = current_database()) AS held
WHERE pg_has_role('pg_read_all_stats', 'USAGE'))";

}  // namespace

StoredCounts PostgresRoster::ReadCounts() {
  const Rows rows = Run("gauges", kCountsSql);
  StoredCounts counts;
  for (int row = 0; row < rows.size(); ++row) {
    const std::string_view kind = rows.Text(row, 0);
    const auto destination = static_cast<DestinationId>(ReadInt(rows, row, 1));
    const std::int64_t count = ReadInt(rows, row, 3);
    if (kind == "backlog") {
      counts.backlog[{destination, static_cast<WaitingFor>(ReadInt(rows, row, 2))}] = count;
    } else if (kind == "dead") {
      counts.dead_letters[{destination, std::string(rows.Text(row, 2))}] = count;
    } else if (kind == "bytes") {
      counts.table_bytes[std::string(rows.Text(row, 2))] = count;
    } else if (kind == "lanes") {
      const std::string_view state = rows.Text(row, 2);
      (state == "owned"  ? counts.owned_lanes
       : state == "free" ? counts.free_lanes
                         : counts.retired_lanes) = count;
    } else if (!rows.IsNull(row, 3)) {
      counts.oldest_snapshot = microseconds(count);
    }
  }
  return counts;
}

}  // namespace postrider
