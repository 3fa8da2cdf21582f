#include "postrider/postgres/postgres_backlog_store.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "cancel_sql.h"
#include "event_rows.h"
#include "sql_text.h"

namespace postrider {
namespace {

using sql_text::Quote;

std::string LaneCondition(LaneId lane, int shards) {
  return "b.destination_id = " + std::to_string(lane.destination) +
         (shards > 1
              ? " AND b.slot % " + std::to_string(shards) + " = " + std::to_string(lane.shard)
              : "");
}

/// As the partial indexes have it.
std::string OfLine(DueLine line) {
  switch (line) {
    case DueLine::kPutBack:
      return " AND b.waiting_for = 4";
    case DueLine::kRetry:
      return " AND b.waiting_for = 2";
    case DueLine::kTimed:
      break;
  }
  return " AND b.waiting_for IN (1, 5, 6)";
}

/// A backlog row as an event: its big columns come from the row itself where it has a copy, else
/// from the log.
std::string SourceSql() {
  return "(SELECT b.*, b.event_id AS id, NULL::int AS only_destination, "
         "CASE WHEN b.copied THEN b.payload ELSE e.payload END AS source_payload, "
         "CASE WHEN b.copied THEN b.body ELSE e.body END AS source_body, "
         "CASE WHEN b.copied THEN b.content_type ELSE e.content_type END AS source_content_type, "
         "CASE WHEN b.copied THEN b.headers ELSE e.headers END AS source_headers, "
         "e.id IS NOT NULL AS in_log "
         "FROM outbox.backlog b LEFT JOIN outbox.event e "
         "ON NOT b.copied AND e.id = b.event_id AND e.bucket = b.bucket)";
}

std::string StoredColumns() {
  return "s.run, s.new_key, s.waiting_for, s.due_at, s.attempts, s.first_attempt_at, "
         "s.http_status, s.error, (SELECT c.id::text FROM outbox.canary c), ";
}

/// The row's event in the shape of outbox.event.
std::string AsEvent() {
  return "(SELECT s.event_id AS id, s.event_xid AS xid, s.bucket, s.recorded_at, s.topic, s.key, "
         "s.source_payload AS payload, s.source_body AS body, s.source_content_type AS "
         "content_type, s.source_headers AS headers, s.cause_id, s.deliver_after, "
         "s.deliver_before)";
}

/// Ids with commas between them.
std::vector<EventId> ReadIds(std::string_view text) {
  std::vector<EventId> ids;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(','), text.size());
    std::from_chars(text.data(), text.data() + end, ids.emplace_back());
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return ids;
}

/// Rows of `alias` whose transactions became visible since a snapshot, as two conditions of which
/// each uses the index on xid; for a list joined by UNION ALL.
std::array<std::string, 2> BecameVisible(const std::string& alias, const Snapshot& seen) {
  return {alias + ".xid = ANY (ARRAY(SELECT pg_snapshot_xip(" + sql_text::Quote(seen) +
              ") EXCEPT SELECT pg_snapshot_xip(pg_current_snapshot())))",
          alias + ".xid >= " + sql_text::QuoteXid(seen.xmax)};
}

StoredDelivery ReadStored(const Rows& rows, int row,
                          const std::shared_ptr<const std::string>& canary) {
  StoredDelivery stored;
  stored.run = static_cast<std::int16_t>(ReadInt(rows, row, 0));
  stored.new_key = rows.Text(row, 1) == "t";
  stored.entry.waiting_for = static_cast<WaitingFor>(ReadInt(rows, row, 2));
  stored.entry.due_at = sql_text::ParseTimestamp(rows.Text(row, 3));
  stored.entry.attempts = static_cast<std::int32_t>(ReadInt(rows, row, 4));
  stored.entry.first_attempt_at = ReadOptionalTime(rows, row, 5);
  stored.entry.http_status = static_cast<int>(ReadInt(rows, row, 6));
  stored.entry.error = rows.Text(row, 7);
  stored.canary = canary;
  stored.event = ReadEvent(rows, row, 9);
  return stored;
}

}  // namespace

Rows PostgresBacklogStore::Read(const std::string& sql) {
  return connection_.Execute("backlog", sql_text::ReadSettings() + sql, limit_);
}

std::vector<DueOrder> PostgresBacklogStore::ReadDue(LaneId lane, int shards, DueLine line,
                                                    DueOrder after, int limit) {
  const Rows rows = Read(
      "SELECT b.due_at, b.event_id FROM outbox.backlog b WHERE " + LaneCondition(lane, shards) +
      OfLine(line) + " AND (b.due_at, b.event_id) > (" + Quote(after.due_at) + ", " +
      std::to_string(after.id) + ") ORDER BY b.due_at, b.event_id LIMIT " + std::to_string(limit));
  std::vector<DueOrder> due;
  for (int row = 0; row < rows.size(); ++row) {
    due.push_back({sql_text::ParseTimestamp(rows.Text(row, 0)), ReadInt(rows, row, 1)});
  }
  return due;
}

std::vector<StoredDelivery> PostgresBacklogStore::LoadWhere(const std::string& conditions) {
  const Rows rows = Read("SELECT " + StoredColumns() + EventColumns("x", kInlineBody, "NULL::int") +
                         " FROM " + SourceSql() + " s CROSS JOIN LATERAL " + AsEvent() +
                         " x WHERE (s.copied OR s.in_log) AND " + conditions);
  std::vector<StoredDelivery> deliveries;
  if (rows.empty()) return deliveries;
  const auto canary = std::make_shared<const std::string>(rows.Text(0, 8));
  for (int row = 0; row < rows.size(); ++row) deliveries.push_back(ReadStored(rows, row, canary));
  return deliveries;
}

std::vector<StoredDelivery> PostgresBacklogStore::Load(LaneId lane,
                                                       const std::vector<EventId>& ids) {
  sql_text::ArrayLiteral array;
  for (const EventId id : ids) array.Add(id);
  return LoadWhere("s.destination_id = " + std::to_string(lane.destination) +
                   " AND s.event_id = ANY (" + array.As("int8") +
                   ") ORDER BY s.due_at, s.event_id");
}

std::vector<StoredDelivery> PostgresBacklogStore::LoadKey(LaneId lane, const std::string& key,
                                                          int limit, bool unless_dead) {
  const std::string destination = std::to_string(lane.destination);
  std::string conditions =
      "s.destination_id = " + destination + " AND s.key = " + Quote(key) + " AND s.waiting_for = 3";
  if (unless_dead) {
    conditions += " AND NOT EXISTS (SELECT FROM outbox.dead_letter d WHERE d.destination_id = " +
                  destination + " AND d.key = " + Quote(key) +
                  " AND d.status = 'open') AND NOT EXISTS (SELECT FROM outbox.backlog h WHERE "
                  "h.destination_id = " +
                  destination + " AND h.key = " + Quote(key) +
                  " AND h.waiting_for IN (2, 4, 5, 6))";
  }
  return LoadWhere(conditions + " ORDER BY s.event_id LIMIT " + std::to_string(limit));
}

std::vector<StoredKey> PostgresBacklogStore::ReadKeys(LaneId lane, int shards, bool with_dead) {
  std::string sql =
      "SELECT b.key, count(*) FILTER (WHERE b.waiting_for = 3), string_agg(b.event_id::text, ',') "
      "FILTER (WHERE b.waiting_for IN (2, 4, 5, 6)), NULL FROM outbox.backlog b WHERE " +
      LaneCondition(lane, shards) + " AND b.key IS NOT NULL GROUP BY b.key";
  if (with_dead) {
    sql +=
        " UNION ALL SELECT b.key, 0, NULL, string_agg(b.event_id::text, ',') FROM "
        "outbox.dead_letter b WHERE " +
        LaneCondition(lane, shards) + " AND b.status = 'open' AND b.key IS NOT NULL GROUP BY b.key";
  }
  const Rows rows = Read(sql);
  std::vector<StoredKey> keys;
  for (int row = 0; row < rows.size(); ++row) {
    keys.push_back({std::string(rows.Text(row, 0)), ReadInt(rows, row, 1),
                    ReadIds(rows.Text(row, 2)), ReadIds(rows.Text(row, 3))});
  }
  return keys;
}

std::vector<ForeignRow> PostgresBacklogStore::ReadForeign() {
  std::string sql = "SELECT NULL::int, pg_current_snapshot()::text, 0, now(), false";
  if (seen_) {
    const std::string rows =
        "SELECT b.destination_id, b.event_id::text, b.slot, b.due_at, b.waiting_for <> 4 FROM "
        "outbox.backlog b WHERE (b.waiting_for = 4 OR (b.copied AND b.waiting_for IN (1, 3))) AND ";
    for (const std::string& condition : BecameVisible("b", *seen_)) {
      sql += " UNION ALL " + rows + condition;
    }
  }
  const Rows result = Read(sql);
  std::vector<ForeignRow> foreign;
  for (int row = 0; row < result.size(); ++row) {
    if (result.IsNull(row, 0)) {
      seen_ = Snapshot::FromText(result.Text(row, 1));
      continue;
    }
    foreign.push_back({static_cast<DestinationId>(ReadInt(result, row, 0)),
                       static_cast<std::int32_t>(ReadInt(result, row, 2)),
                       {sql_text::ParseTimestamp(result.Text(row, 3)), ReadInt(result, row, 1)},
                       result.Text(row, 4) == "t"});
  }
  return foreign;
}

EventRef PostgresBacklogStore::LoadBody(LaneId lane, const EventIdentity& event) {
  constexpr std::size_t kNoLimit = std::size_t{1} << 31;
  const std::string id = std::to_string(event.id);
  const std::string identity = ".recorded_at = " + Quote(event.recorded_at);
  const Rows rows =
      Read("SELECT " + EventColumns("e", kNoLimit, "e.destination_id") +
           " FROM outbox.event e WHERE e.id = " + id + " AND e.bucket = " +
           std::to_string(event.bucket) + " AND e" + identity + " UNION ALL SELECT " +
           EventColumns("b", kNoLimit, "NULL::int", "event_id", "event_xid") +
           " FROM outbox.backlog b WHERE b.copied AND b.event_id = " + id +
           " AND b.destination_id = " + std::to_string(lane.destination) + " AND b" + identity);
  return rows.empty() ? nullptr : EventRef(ReadEvent(rows, 0, 0));
}

std::vector<CancelRequest> PostgresBacklogStore::ReadCancels(bool all) {
  if (!CancelsAreOpen()) return {};
  std::string sql = "SELECT NULL::int, pg_current_snapshot()::text, NULL::text, false";
  for (int column = 0; column < kEventColumns; ++column) sql += ", NULL";
  if (all || !cancels_seen_) {
    sql += " UNION ALL " + OpenCancelsSql("");
  } else {
    for (const std::string& condition : BecameVisible("c", *cancels_seen_)) {
      sql += " UNION ALL " + OpenCancelsSql(condition);
    }
  }
  return ReadCancelRows(Read(sql));
}

/// What says that there are none also says until when. The reading itself takes far longer to plan.
bool PostgresBacklogStore::CancelsAreOpen() {
  const Rows rows = connection_.Execute(
      "backlog",
      "SET LOCAL enable_seqscan = off; SELECT pg_current_snapshot()::text, EXISTS (SELECT FROM "
      "outbox.cancellation WHERE result = 'requested')",
      limit_);
  if (rows.Text(0, 1) == "t") return true;
  cancels_seen_ = Snapshot::FromText(rows.Text(0, 0));
  return false;
}

std::vector<CancelRequest> PostgresBacklogStore::ReadCancelRows(const Rows& rows) {
  std::vector<CancelRequest> requests;
  for (int row = 0; row < rows.size(); ++row) {
    if (rows.IsNull(row, 0)) {
      cancels_seen_ = Snapshot::FromText(rows.Text(row, 1));
      continue;
    }
    CancelRequest request;
    request.destination = static_cast<DestinationId>(ReadInt(rows, row, 0));
    request.canary = std::make_shared<const std::string>(rows.Text(row, 2));
    request.ended = rows.Text(row, 3) == "t";
    request.event = ReadEvent(rows, row, 4);
    requests.push_back(std::move(request));
  }
  return requests;
}

}  // namespace postrider
