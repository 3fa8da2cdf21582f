#pragma once

#include "catalogue.h"

namespace postrider {

/// The settings of a destination that protect its partner: limits, breaker, retries.
void AddLimits(Catalogue<DestinationSettings>& rows);

/// What an answer means: `verdict`.
void AddVerdict(Catalogue<DestinationSettings>& rows);

}  // namespace postrider
