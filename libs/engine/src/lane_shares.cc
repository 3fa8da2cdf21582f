#include "postrider/engine/lane_shares.h"

#include <algorithm>
#include <numeric>

namespace postrider {
namespace {

/// Parts of the lane's bounds that each origin in the backlog has.
constexpr std::int64_t kEventsPart = 4;
constexpr std::int64_t kBytesPart = 8;
/// Rows being read at once, as part of what an origin may hold.
constexpr std::int64_t kOpenPart = 8;
/// Keys whose blocked rows are read at once.
constexpr std::int64_t kKeysAtOnce = 4;

}  // namespace

LaneShares::LaneShares(std::int64_t max_events, std::int64_t max_bytes) {
  for (const Origin origin : {Origin::kDue, Origin::kRetry, Origin::kPutBack, Origin::kBlocked}) {
    Of(origin).max_events = std::max<std::int64_t>(1, max_events / kEventsPart);
    Of(origin).max_bytes = max_bytes / kBytesPart;
  }
  Of(Origin::kLog).max_events = max_events;
  Of(Origin::kLog).max_bytes = max_bytes - 4 * (max_bytes / kBytesPart);
}

void LaneShares::Add(Origin origin, std::size_t bytes) {
  ++Of(origin).events;
  Of(origin).bytes += static_cast<std::int64_t>(bytes);
}

void LaneShares::Remove(Origin origin, std::size_t bytes) {
  --Of(origin).events;
  Of(origin).bytes -= static_cast<std::int64_t>(bytes);
}

void LaneShares::ForgetAsked() {
  for (Share& share : shares_) share.asked = 0;
}

std::int64_t LaneShares::room_events(Origin origin) const {
  const Share& share = Of(origin);
  return share.max_events - share.events - share.asked;
}

std::int64_t LaneShares::room_bytes(Origin origin) const {
  return Of(origin).max_bytes - Of(origin).bytes;
}

std::int64_t LaneShares::bytes() const {
  return std::accumulate(shares_.begin(), shares_.end(), std::int64_t{0},
                         [](std::int64_t sum, const Share& share) { return sum + share.bytes; });
}

int LaneShares::page(Origin origin) const {
  const std::int64_t open = Of(origin).max_events / kOpenPart;
  return static_cast<int>(
      std::max<std::int64_t>(1, origin == Origin::kBlocked ? open / kKeysAtOnce : open));
}

bool LaneShares::HasRoomForPage(Origin origin, int spare) const {
  const Share& share = Of(origin);
  const std::int64_t rows = page(origin);
  const std::int64_t wanted = std::min((1 + spare) * rows, share.max_events);
  const std::int64_t open = std::max(rows, share.max_events / kOpenPart);
  return room_events(origin) >= wanted && room_bytes(origin) > 0 && share.asked + rows <= open;
}

}  // namespace postrider
