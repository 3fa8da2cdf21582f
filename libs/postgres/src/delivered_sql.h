#pragma once

#include <string>
#include <vector>

#include "postrider/model/delivery.h"
#include "postrider/model/time.h"

namespace postrider {

/// A delivery at the first attempt of which nothing but the outcome is to be written, as nearly all
/// are.
bool IsPlain(const Settlement& settlement);

/// The statement that records plain settlements at the least cost, written for the case in which
/// nothing stands in the way: the canary is the same, all fences are ours, and none of the events
/// has an outcome, a backlog row or a dead letter. It writes all of them (Rows::affected is their
/// number), or nothing, or fails with a unique violation; then SettlementSql has to decide about
/// each. No fence is locked, because `delivered` needs none.
/// @param batch  not empty, read under the same canary, sorted by event and destination
std::string DeliveredSql(const std::vector<const Settlement*>& batch, const std::string& owner);

}  // namespace postrider
