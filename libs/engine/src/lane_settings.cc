#include "postrider/engine/lane_settings.h"

#include <algorithm>

#include "postrider/policy/rate_windows.h"

namespace postrider {
namespace {

/// An event costs about as much memory beside its body. Pages are the longer the more may be held,
/// and the cheaper for the database.
constexpr std::int64_t kBytesPerEvent = 1024;
constexpr std::int64_t kLeastEvents = 4096;
constexpr std::int64_t kMostEvents = 16384;

/// Part `shard` of `total` divided by `shards`; at least 1.
int Part(int total, int shards, int shard) {
  return std::max(1, total / shards + (shard < total % shards ? 1 : 0));
}

}  // namespace

LaneSettings MakeLaneSettings(const DestinationSettings& destination, LaneId id, seconds lease,
                              std::int64_t memory) {
  LaneSettings lane;
  lane.id = id;
  lane.name = destination.name;
  lane.shards = destination.shards;
  const auto part = [&](int total) { return Part(total, destination.shards, id.shard); };
  lane.concurrency = part(destination.concurrency);
  if (destination.http.pool.size > 0) lane.pool = part(destination.http.pool.size);
  lane.rate = DivideRates(destination.rate, destination.shards, id.shard).value();
  lane.endpoints = 1 + destination.http.fallbacks.size();
  lane.breaker = destination.breaker;
  lane.dead_limit = destination.dead_limit;
  if (lane.dead_limit) lane.dead_limit->count = part(lane.dead_limit->count);
  lane.call_timeout = destination.http.timeout;
  lane.max_unsettled = destination.max_unsettled > 0 ? destination.max_unsettled
                                                     : std::max(64, 2 * lane.concurrency);
  lane.order = destination.order;
  lane.retries = destination.retries;
  lane.verdict = destination.verdict;
  lane.after_unknown = destination.after_unknown;
  lane.verify = destination.verify;
  lane.answer_limit = lease + destination.http.timeout;
  if (destination.verify) lane.answer_limit += destination.verify->after;
  lane.keep_response = destination.keep_response;
  lane.max_bytes = memory;
  lane.max_events = std::clamp(memory / kBytesPerEvent, kLeastEvents, kMostEvents);
  return lane;
}

}  // namespace postrider
