#include "relay/backlog_router.h"

#include <map>
#include <utility>

#include "relay/lane_host.h"

namespace postrider {

void BacklogRouter::Reply(LaneId lane, BacklogReply reply) {
  if (const auto owned = lanes_.Find(lane)) owned->host->Reply(lane, std::move(reply));
}

std::optional<LaneId> BacklogRouter::LaneOf(DestinationId destination, std::int32_t slot) const {
  const auto served = served_.find(destination);
  if (served == served_.end()) return std::nullopt;
  return LaneId{destination, static_cast<std::int16_t>(slot % served->second.subscription.shards)};
}

void BacklogRouter::ForeignRows(const std::vector<ForeignRow>& rows) {
  std::map<LaneId, std::vector<DueOrder>> by_lane;
  for (const ForeignRow& row : rows) {
    if (const auto lane = LaneOf(row.destination, row.slot)) by_lane[*lane].push_back(row.due);
  }
  for (auto& [lane, due] : by_lane) {
    if (const auto owned = lanes_.Find(lane)) owned->host->ForeignRows(lane, std::move(due));
  }
}

void BacklogRouter::Cancel(const CancelRequest& request) {
  const auto lane = LaneOf(request.destination, request.event->slot);
  const auto owned = lane ? lanes_.Find(*lane) : std::nullopt;
  if (owned) owned->host->Cancel(*lane, request);
}

int BacklogRouter::Shards(LaneId lane) const {
  return served_.at(lane.destination).subscription.shards;
}

bool BacklogRouter::BlocksAfterDead(LaneId lane) const {
  return served_.at(lane.destination).settings.order.after_dead == AfterDead::kBlock;
}

}  // namespace postrider
