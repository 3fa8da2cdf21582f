#pragma once

#include <map>
#include <memory>

#include "postrider/engine/subscription.h"
#include "postrider/http/egress_guard.h"
#include "postrider/message/request_builder.h"
#include "postrider/model/settings.h"

namespace postrider {

/// A destination of the file in the version that this relay serves, with what its lanes share.
struct ServedDestination {
  DestinationSettings settings;
  Subscription subscription;
  std::shared_ptr<const RequestBuilder> builder;
  std::shared_ptr<const EgressGuard> guard;
};

/// Fixed before the threads start.
using ServedDestinations = std::map<DestinationId, ServedDestination>;

}  // namespace postrider
