#include "relay/sent_before.h"

#include <algorithm>

#include "postrider/policy/rate_windows.h"

namespace postrider {

SentBefore ReadSentBefore(Connection& connection, milliseconds patience,
                          const DestinationSettings& destination, LaneId lane, std::int64_t epoch) {
  if (destination.rate.empty()) return {};
  SentQuery query;
  query.lane = lane;
  query.epoch = epoch;
  query.shards = destination.shards;
  query.within = RateWindows(destination.rate).longest();
  query.call_timeout = destination.http.timeout;
  for (const RateWindow& rate : destination.rate) query.limit = std::max(query.limit, rate.count);
  return PostgresLanePolicies(connection, patience).ReadSent(query);
}

}  // namespace postrider
