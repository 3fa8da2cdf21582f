#include "relay/cool_downs.h"

#include "relay/lane_host.h"
#include "relay/lane_registry.h"

namespace postrider {

void CoolDowns::Tell(LaneId of, std::optional<Timestamp> until) const {
  for (const auto& [lane, owned] : lanes_.All()) {
    if (lane.destination != of.destination || lane == of) continue;
    owned.host->FollowCoolDown(lane, of.shard, until);
  }
}

}  // namespace postrider
