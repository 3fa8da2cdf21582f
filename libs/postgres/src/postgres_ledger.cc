#include "postrider/postgres/postgres_ledger.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "event_rows.h"
#include "settlement_sql.h"

namespace postrider {

RecordResult PostgresLedger::Record(const std::vector<const Settlement*>& batch) {
  RecordResult result;
  if (batch.empty()) return result;
  const Rows rows = connection_.Execute("record", SettlementSql(batch, owner_, timeout_));
  std::set<std::tuple<DestinationId, std::int64_t, std::int64_t>> fences;
  std::set<std::pair<EventId, DestinationId>> dropped;
  std::int64_t known = 0;
  std::int64_t valid = 0;
  for (int row = 0; row < rows.size(); ++row) {
    const std::string_view kind = rows.Text(row, 0);
    if (kind == "fence") {
      fences.emplace(static_cast<DestinationId>(ReadInt(rows, row, 1)), ReadInt(rows, row, 2),
                     ReadInt(rows, row, 3));
    }
    if (kind == "dropped") {
      dropped.emplace(ReadInt(rows, row, 3), static_cast<DestinationId>(ReadInt(rows, row, 1)));
    }
    if (kind == "history") known = ReadInt(rows, row, 3);
    if (kind == "valid") valid = ReadInt(rows, row, 3);
  }
  std::set<LaneId> lost;
  for (const Settlement* s : batch) {
    if (!fences.contains({s->lane.destination, s->lane.shard, s->epoch})) lost.insert(s->lane);
    if (dropped.contains({s->event->id(), s->lane.destination})) result.dropped.push_back(s);
  }
  result.lost_lanes.assign(lost.begin(), lost.end());
  result.strangers = static_cast<int>(static_cast<std::int64_t>(batch.size()) - known);
  result.refused = static_cast<int>(known - valid);
  return result;
}

}  // namespace postrider
