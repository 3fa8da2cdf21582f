#pragma once

#include <string>
#include <string_view>

#include "postrider/model/delivery.h"
#include "postrider/model/event.h"
#include "postrider/model/http.h"

namespace postrider {

/// The payload of the event that a destination emits when a delivery ends: JSON with `event`,
/// `destination`, `response`, `attempts`, `reason` and `class`. PostgreSQL accepts it as json and
/// as jsonb, whatever the partner answered.
///
/// The payload of the cause stands in it byte for byte; a body that is not JSON as a string. The
/// body of the answer is JSON when it was an object, an array, or any JSON that was declared as
/// such, else a string; bytes that are not UTF-8 are replaced.
/// @param answer  of the last request; nullptr, or a status of 0: `response` is null
std::string FollowUpPayload(const Event& event, std::string_view destination,
                            const Outcome& outcome, const HttpAnswer* answer);

}  // namespace postrider
