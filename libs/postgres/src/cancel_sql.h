#pragma once

#include <string>
#include <vector>

#include "postrider/model/delivery.h"
#include "postrider/postgres/connection.h"

namespace postrider {

/// The part of a settlement that answers requests to cancel: with the state in which the delivery
/// has ended, by this batch (`outcomes`: it has some) or before. What has not ended is in flight.
/// Refers to `v` and `o` of settlement_sql.cc; empty when the batch answers none.
std::string AnswerCancelsSql(const std::vector<const Settlement*>& batch, bool outcomes);

/// Selects the requests that nobody has decided: destination, null, the canary, whether there is an
/// outcome, and from column 4 on the event without its body (EventColumns).
/// @param condition  on the alias `c` of outbox.cancellation; empty: all
std::string OpenCancelsSql(const std::string& condition);

}  // namespace postrider
