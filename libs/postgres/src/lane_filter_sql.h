#pragma once

#include <string>

#include "postrider/engine/subscription.h"

namespace postrider {

/// LaneFilter::Takes as a condition on columns of outbox.event called `e`.
std::string LaneFilterSql(const LaneFilter& filter);

}  // namespace postrider
