#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "relay/fetch_thread.h"
#include "relay/lane_registry.h"
#include "relay/served_destination.h"

namespace postrider {

/// Brings what the fetcher read of the backlog to the lane that it concerns. Borrows both.
class BacklogRouter : public BacklogReceiver {
 public:
  BacklogRouter(const LaneRegistry& lanes, const ServedDestinations& served)
      : lanes_(lanes), served_(served) {}

  void Reply(LaneId lane, BacklogReply reply) override;
  void ForeignRows(const std::vector<ForeignRow>& rows) override;
  void Cancel(const CancelRequest& request) override;
  int Shards(LaneId lane) const override;
  bool BlocksAfterDead(LaneId lane) const override;

 private:
  /// The lane that takes a slot of a destination, if this relay serves it.
  std::optional<LaneId> LaneOf(DestinationId destination, std::int32_t slot) const;

  const LaneRegistry& lanes_;
  const ServedDestinations& served_;
};

}  // namespace postrider
