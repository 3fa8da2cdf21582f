#include "cancel_sql.h"

#include "event_rows.h"
#include "unnest.h"

namespace postrider {

std::string AnswerCancelsSql(const std::vector<const Settlement*>& batch, bool outcomes) {
  Unnest<2> rows("cd", {{{"event_id", "int8"}, {"destination_id", "int4"}}});
  for (const Settlement* s : batch) {
    if (s->answers_cancel) rows.Row(s->event->id(), s->lane.destination);
  }
  if (rows.empty()) return "";
  const std::string written =
      outcomes ? "(SELECT o.state FROM o WHERE o.event_id = v.event_id AND o.destination_id = "
                 "v.destination_id), "
               : "";
  return ", " + rows.Sql() + R"(
, cs AS MATERIALIZED (
  SELECT event_id, destination_id, coalesce()" +
         written + R"((SELECT x.state FROM outbox.outcome x
      WHERE x.event_id = v.event_id AND x.destination_id = v.destination_id
        AND x.bucket = v.bucket)) AS state
  FROM v JOIN cd USING (event_id, destination_id))
, cu AS (
  UPDATE outbox.cancellation c
  SET decided_at = clock_timestamp(), result = coalesce(
    (ARRAY['delivered', 'dead', 'expired', 'cancelled', 'discarded'])[cs.state], 'in_flight')
  FROM cs
  WHERE c.event_id = ANY (ARRAY(SELECT cs.event_id FROM cs)) AND c.event_id = cs.event_id
    AND c.destination_id = cs.destination_id AND c.result = 'requested'))";
}

std::string OpenCancelsSql(const std::string& condition) {
  // The event is in the log, or in a copy that has outlived its bucket.
  return R"(SELECT c.destination_id, NULL, (SELECT i.id::text FROM outbox.canary i),
  (SELECT o.state FROM outbox.outcome o
   WHERE o.event_id = c.event_id AND o.destination_id = c.destination_id
     AND o.bucket = x.bucket) IS NOT NULL, )" +
         EventColumns("x", 0, "NULL::int") + R"(
FROM outbox.cancellation c CROSS JOIN LATERAL (
  SELECT id, xid, bucket, recorded_at, topic, key, payload, body, content_type, headers, cause_id,
         deliver_after, deliver_before
  FROM outbox.event WHERE id = c.event_id
  UNION ALL
  SELECT event_id, event_xid, bucket, recorded_at, topic, key, payload, body, content_type,
         headers, cause_id, deliver_after, deliver_before
  FROM outbox.backlog
  WHERE copied AND event_id = c.event_id AND destination_id = c.destination_id
  LIMIT 1) x
WHERE c.result = 'requested')" +
         (condition.empty() ? "" : " AND " + condition);
}

}  // namespace postrider
