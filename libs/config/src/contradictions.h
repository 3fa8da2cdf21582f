#pragma once

#include <optional>

#include "postrider/model/settings.h"
#include "value.h"

namespace postrider {

/// Reports what does not go together outside the destinations. `document` is a map.
void CheckRelay(const Value& document, const Settings& settings);

/// Reports what a destination lacks, and what does not go together in it. A setting that already
/// has an error of its own is left out.
/// @param defaults  the map `defaults` of the file, if there is one: what stands there is reported
///                  there
/// @param kept      how long it is known what was sent
void CheckDestination(const Value& destination, const std::optional<Value>& defaults,
                      const DestinationSettings& settings, seconds kept);

}  // namespace postrider
