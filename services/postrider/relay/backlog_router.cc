#include "relay/backlog_router.h"

#include <utility>

#include "relay/lane_host.h"

namespace postrider {

void BacklogRouter::Reply(LaneId lane, BacklogReply reply) {
  if (const auto owned = lanes_.Find(lane)) owned->host->Reply(lane, std::move(reply));
}

void BacklogRouter::ForeignRow(const postrider::ForeignRow& row) {
  const auto served = served_.find(row.destination);
  if (served == served_.end()) return;
  const int shards = served->second.subscription.shards;
  const LaneId lane{row.destination, static_cast<std::int16_t>(row.slot % shards)};
  if (const auto owned = lanes_.Find(lane)) owned->host->ForeignRow(lane, row.due);
}

int BacklogRouter::Shards(LaneId lane) const {
  return served_.at(lane.destination).subscription.shards;
}

bool BacklogRouter::BlocksAfterDead(LaneId lane) const {
  return served_.at(lane.destination).settings.order.after_dead == AfterDead::kBlock;
}

}  // namespace postrider
