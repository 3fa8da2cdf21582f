#pragma once

#include <memory>
#include <vector>

#include "postrider/http/egress_guard.h"
#include "postrider/message/request_builder.h"
#include "relay/token_source.h"

namespace postrider {

/// One of a destination's endpoints: how its requests are made. Callable from any thread.
struct Endpoint {
  std::unique_ptr<TokenSource> token;  ///< null: none has to be fetched
  std::unique_ptr<const RequestBuilder> requests;
};

/// What all lanes of a destination share. Callable from any thread.
struct Endpoints {
  std::vector<Endpoint> all;  ///< in their order, at least one
  /// What became of a request, asked with the credentials of the first endpoint. Null: never.
  std::unique_ptr<const RequestBuilder> questions;
  EgressGuard guard;
};

/// @param installation  its name, for idempotency keys
std::shared_ptr<const Endpoints> MakeEndpoints(DestinationId destination,
                                               const DestinationSettings& settings,
                                               const SecretResolver& secrets,
                                               const std::string& installation);

}  // namespace postrider
