#pragma once

namespace postrider {

/// Partitions of `event`, `outcome` and `attempt`, called `event_0` and so on.
inline constexpr int kBuckets = 8;

}  // namespace postrider
