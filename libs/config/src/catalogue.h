#pragma once

#include "postrider/model/settings.h"
#include "setting.h"

namespace postrider {

/// Every setting outside the destinations. `defaults` and `destinations` are in it by name; what
/// is inside them stands in the catalogue of destinations.
const Catalogue<Settings>& RelayCatalogue();

/// Every setting of a destination, by its path inside the destination.
const Catalogue<DestinationSettings>& DestinationCatalogue();

}  // namespace postrider
