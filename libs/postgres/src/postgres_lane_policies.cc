#include "postrider/postgres/postgres_lane_policies.h"

#include "event_rows.h"
#include "sql_text.h"

namespace postrider {
namespace {

using sql_text::Quote;

std::string Microseconds(microseconds time) {
  return "interval '" + std::to_string(time.count()) + " us'";
}

/// Every request has one row: of the outcome when it delivered, else of the attempt. What is known
/// is when it was over; it was not written later.
std::string RequestsSql(const SentQuery& query) {
  const std::string destination = std::to_string(query.lane.destination);
  const std::string since = "now() - " + Microseconds(query.within);
  return "SELECT o.finished_at AS at, o.event_id, o.bucket FROM outbox.outcome o WHERE "
         "o.destination_id = " +
         destination + " AND o.state = 1 AND o.finished_at > " + since +
         " UNION ALL SELECT a.started_at + a.latency_ms * interval '1 ms', a.event_id, a.bucket "
         "FROM outbox.attempt a WHERE a.destination_id = " +
         destination + " AND a.started_at > " + since + " - " + Microseconds(query.call_timeout);
}

/// An event that is gone may have been of this shard.
std::string OfShardSql(const SentQuery& query) {
  if (query.shards <= 1) return "";
  return " LEFT JOIN outbox.event e ON e.id = r.event_id AND e.bucket = r.bucket WHERE e.id IS "
         "NULL "
         "OR outbox.slot(e.key, e.id) % " +
         std::to_string(query.shards) + " = " + std::to_string(query.lane.shard);
}

}  // namespace

SentBefore PostgresLanePolicies::ReadSent(const SentQuery& query) {
  const std::string lane = "destination_id = " + std::to_string(query.lane.destination) +
                           " AND shard = " + std::to_string(query.lane.shard);
  const Rows rows = connection_.Execute(
      "keeper",
      sql_text::ReadSettings() + "SELECT quiet_epoch, 0 AS age FROM outbox.fence WHERE " + lane +
          " UNION ALL (SELECT NULL, (extract(epoch FROM clock_timestamp() - r.at) * 1e6)::bigint "
          "AS age FROM (" +
          RequestsSql(query) + ") r" + OfShardSql(query) + " ORDER BY age LIMIT " +
          std::to_string(query.limit) + ")",
      timeout_);
  SentBefore sent;
  for (int row = 0; row < rows.size(); ++row) {
    if (!rows.IsNull(row, 0)) {
      sent.complete = ReadInt(rows, row, 0) == query.epoch - 1;
    } else {
      sent.ages.push_back(microseconds(ReadInt(rows, row, 1)));
    }
  }
  return sent;
}

std::vector<CoolingLane> PostgresLanePolicies::ReadCooling() {
  const Rows rows =
      connection_.Execute("keeper",
                          sql_text::ReadSettings() +
                              "SELECT destination_id, shard, cools_until FROM outbox.lane WHERE "
                              "cools_until > clock_timestamp() - interval '1 min'",
                          timeout_);
  std::vector<CoolingLane> cooling;
  for (int row = 0; row < rows.size(); ++row) {
    cooling.push_back({{static_cast<DestinationId>(ReadInt(rows, row, 0)),
                        static_cast<std::int16_t>(ReadInt(rows, row, 1))},
                       sql_text::ParseTimestamp(rows.Text(row, 2))});
  }
  return cooling;
}

void PostgresLanePolicies::Pause(const std::string& destination, const std::string& acting_for,
                                 const std::string& note) {
  connection_.Execute("keeper",
                      "SET LOCAL synchronous_commit = on; SELECT "
                      "set_config('postrider.acting_for', " +
                          Quote(acting_for) + ", true); SELECT outbox.pause(" + Quote(destination) +
                          ", NULL, " + Quote(note) + ")",
                      timeout_);
}

void PostgresLanePolicies::SaveStates(const std::string& incarnation,
                                      const std::vector<PolicyState>& states) {
  if (states.empty()) return;
  sql_text::ArrayLiteral destination, shard, epoch, breaker, held, cools_until;
  for (const PolicyState& state : states) {
    destination.Add(std::int64_t{state.lane.destination});
    shard.Add(std::int64_t{state.lane.shard});
    epoch.Add(state.epoch);
    breaker.AddTextOrNull(state.breaker);
    held.AddTextOrNull(state.held);
    cools_until.Add(state.cools_until);
  }
  connection_.Execute(
      "keeper",
      "UPDATE outbox.lane l SET breaker = t.breaker, held = t.held, cools_until = t.cools_until "
      "FROM unnest(" +
          destination.As("int4") + ", " + shard.As("int2") + ", " + epoch.As("int8") + ", " +
          breaker.As("text") + ", " + held.As("text") + ", " + cools_until.As("timestamptz") +
          ") AS t (destination_id, shard, epoch, breaker, held, cools_until) JOIN outbox.fence f "
          "ON "
          "f.destination_id = t.destination_id AND f.shard = t.shard AND f.epoch = "
          "t.epoch AND f.owner = " +
          Quote(incarnation) +
          "::uuid WHERE l.destination_id = t.destination_id AND l.shard = t.shard",
      timeout_);
}

}  // namespace postrider
