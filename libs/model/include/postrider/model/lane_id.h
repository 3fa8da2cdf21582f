#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

#include "postrider/model/event.h"

namespace postrider {

/// The lane that takes what no destination takes.
inline constexpr DestinationId kUnrouted = 0;

/// One destination, or one shard of it.
struct LaneId {
  DestinationId destination = 0;
  std::int16_t shard = 0;

  friend auto operator<=>(const LaneId&, const LaneId&) = default;
};

}  // namespace postrider

template <>
struct std::hash<postrider::LaneId> {
  std::size_t operator()(const postrider::LaneId& lane) const noexcept {
    return std::hash<std::int64_t>{}((std::int64_t{lane.destination} << 16) | lane.shard);
  }
};
