#include "delivered_sql.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "sql_text.h"
#include "unnest.h"

namespace postrider {
namespace {

using Batch = std::vector<const Settlement*>;

constexpr std::size_t kIdColumn = 0;
constexpr std::size_t kBucketColumn = 2;

std::chrono::sys_seconds FirstFinished(const Batch& batch) {
  const auto earlier = [](const Settlement* a, const Settlement* b) {
    return a->outcome->finished_at < b->outcome->finished_at;
  };
  return std::chrono::floor<seconds>(
      (*std::min_element(batch.begin(), batch.end(), earlier))->outcome->finished_at);
}

/// Times travel as microseconds since `first`: text of a time is slow to read, and so is arithmetic
/// with intervals or numerics.
Unnest<8> DeliveredRows(const Batch& batch, std::chrono::sys_seconds first) {
  Unnest<8> rows("s", {{{"event_id", "int8"},
                        {"destination_id", "int4"},
                        {"bucket", "int2"},
                        {"attempts", "int2"},
                        {"http_status", "int2"},
                        {"latency_ms", "int4"},
                        {"finished_us", "int8"},
                        {"answer", "text"}}});
  for (const Settlement* s : batch) {
    const Outcome& o = *s->outcome;
    rows.Row(s->event->id(), s->lane.destination, s->event->identity.bucket,
             std::min(o.attempts, 32767), o.http_status, o.latency_ms,
             static_cast<std::int64_t>(microseconds(o.finished_at - first).count()),
             TextOrNull{o.answer});
  }
  return rows;
}

/// Whether all lanes of the batch are ours.
std::string FencesSql(const Batch& batch, const std::string& owner) {
  std::set<std::tuple<DestinationId, std::int16_t, std::int64_t>> fences;
  for (const Settlement* s : batch) {
    fences.emplace(s->lane.destination, s->lane.shard, s->epoch);
  }
  std::string list;
  for (const auto& [destination, shard, epoch] : fences) {
    if (!list.empty()) list += ", ";
    list += "(" + std::to_string(destination) + ", " + std::to_string(shard) + ", " +
            std::to_string(epoch) + ")";
  }
  return "(SELECT count(*) FROM outbox.fence WHERE owner = " + sql_text::Quote(owner) +
         "::uuid AND (destination_id, shard, epoch) IN (" + list +
         ")) = " + std::to_string(fences.size());
}

/// Whether none of the events has a row there. Usually a single look at their range of ids tells.
std::string NoneSql(const Batch& batch, const std::string& table) {
  const std::string look = "(SELECT EXISTS (SELECT FROM outbox." + table + " x WHERE x.event_id ";
  return "CASE WHEN " + look + ">= " + std::to_string(batch.front()->event->id()) +
         " AND x.event_id <= " + std::to_string(batch.back()->event->id()) + ")) THEN NOT " + look +
         "= ANY ((SELECT i.ids FROM i)::int8[]))) ELSE true END";
}

}  // namespace

bool IsPlain(const Settlement& s) {
  return s.outcome && s.outcome->state == OutcomeState::kDelivered && s.run == 1 &&
         s.outcome->attempts <= 1 && !s.outcome->failure && s.outcome->error.empty() &&
         !s.backlog && s.attempts.empty() && !s.emitted && !s.answers_cancel && s.canary &&
         !s.canary->empty();
}

std::string DeliveredSql(const Batch& batch, const std::string& owner) {
  const auto first = FirstFinished(batch);
  const Unnest<8> rows = DeliveredRows(batch, first);
  // Straight into the partition: finding it for each row costs as much as any other step.
  const std::string partition = rows.Uniform(kBucketColumn)
                                    ? "_" + std::to_string(batch.front()->event->identity.bucket)
                                    : "";
  return "SET LOCAL jit = off; SET LOCAL enable_seqscan = off; SET LOCAL synchronous_commit = on; "
         "WITH i AS MATERIALIZED (SELECT " +
         rows.ArrayOf(kIdColumn) + " AS ids) INSERT INTO outbox.outcome" + partition +
         R"( (event_id, destination_id, bucket, state, attempts, http_status,
  latency_ms, finished_at, answer)
SELECT event_id, destination_id, bucket, 1, attempts, http_status, latency_ms, )" +
         "to_timestamp(" + std::to_string(first.time_since_epoch().count()) +
         "::float8 + finished_us * 1e-6::float8), answer FROM (SELECT unnest(i.ids) AS event_id, " +
         rows.Columns(kIdColumn + 1) +
         R"( FROM i) AS s
WHERE EXISTS (SELECT FROM outbox.canary WHERE id = )" +
         sql_text::Quote(*batch.front()->canary) + "::uuid) AND " + FencesSql(batch, owner) +
         " AND " + NoneSql(batch, "backlog") + " AND " + NoneSql(batch, "dead_letter");
}

}  // namespace postrider
