#pragma once

#include <map>
#include <memory>

#include "postrider/engine/subscription.h"
#include "postrider/model/settings.h"
#include "relay/endpoints.h"

namespace postrider {

/// A destination of the file in the version that this relay serves, with what its lanes share.
struct ServedDestination {
  DestinationSettings settings;
  Subscription subscription;
  std::shared_ptr<const Endpoints> endpoints;
};

/// Fixed before the threads start.
using ServedDestinations = std::map<DestinationId, ServedDestination>;

}  // namespace postrider
