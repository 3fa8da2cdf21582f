#pragma once

#include <cstdint>

#include "postrider/model/settings.h"
#include "postrider/postgres/postgres_lane_policies.h"

namespace postrider {

/// What counts in the rate windows of a lane that was just taken, though another owner has sent it:
/// nothing, when the destination has no `rate`. Blocks; throws DatabaseFault.
/// @param epoch  under which the lane was taken
SentBefore ReadSentBefore(Connection& connection, milliseconds patience,
                          const DestinationSettings& destination, LaneId lane, std::int64_t epoch);

}  // namespace postrider
