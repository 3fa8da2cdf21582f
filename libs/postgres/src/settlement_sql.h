#pragma once

#include <string>
#include <vector>

#include "postrider/model/delivery.h"
#include "postrider/model/time.h"

namespace postrider {

/// The statements that record a batch: locks the fences, then writes all in one statement of which
/// the outcome goes first and everything else hangs on what it returns. The last result has rows
/// (kind, destination_id, shard, n): kind `fence` for each lane whose fence is held, `history` with
/// the settlements whose event exists in this history, `valid` with those accepted.
std::string SettlementSql(const std::vector<const Settlement*>& batch, const std::string& owner);

}  // namespace postrider
