#pragma once

#include "catalogue.h"

namespace postrider {

/// What becomes of a request whose outcome nobody knows: `after_unknown` and `verify`.
void AddUnknown(Catalogue<DestinationSettings>& rows);

}  // namespace postrider
