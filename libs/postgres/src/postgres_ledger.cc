#include "postrider/postgres/postgres_ledger.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "delivered_sql.h"
#include "event_rows.h"
#include "settlement_sql.h"

namespace postrider {
namespace {

constexpr std::string_view kUniqueViolation = "23505";
/// Fewer plain settlements than this are not worth a transaction of their own.
constexpr std::size_t kWorthATransaction = 50;

bool InOrder(const Settlement* a, const Settlement* b) {
  return std::pair(a->event->id(), a->lane.destination) <
         std::pair(b->event->id(), b->lane.destination);
}

}  // namespace

RecordResult PostgresLedger::Record(const std::vector<const Settlement*>& batch) {
  if (doubt_ == Doubt::kRepeated) return RecordAny(batch);
  std::vector<const Settlement*> plain, others;
  for (const Settlement* s : batch) (IsPlain(*s) ? plain : others).push_back(s);
  const bool apart = others.empty() || plain.size() >= kWorthATransaction;
  if (apart && RecordPlain(plain)) return RecordAny(others);
  return RecordAny(batch);
}

bool PostgresLedger::RecordPlain(std::vector<const Settlement*> plain) {
  if (plain.empty()) return true;
  std::sort(plain.begin(), plain.end(), InOrder);
  try {
    const Rows rows = connection_.Execute("record", DeliveredSql(plain, owner_), timeout_);
    return rows.affected() == static_cast<long long>(plain.size());
  } catch (const DatabaseFault& fault) {
    // One of them has ended before: another relay reports the same.
    if (fault.connection_lost() || fault.sqlstate() != kUniqueViolation) throw;
    return false;
  }
}

RecordResult PostgresLedger::RecordAny(const std::vector<const Settlement*>& batch) {
  RecordResult result;
  if (batch.empty()) return result;
  const Rows rows = connection_.Execute("record", SettlementSql(batch, owner_), timeout_);
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
