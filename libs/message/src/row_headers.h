#pragma once

#include <optional>
#include <string>

#include "postrider/model/http.h"

namespace postrider {

/// The headers of an event, from the JSON object of its row, in its order; of names that differ
/// only in case the last holds. Empty text gives none; nullopt when it is anything but an object of
/// strings whose names and values may stand in a request.
std::optional<HttpHeaders> ParseRowHeaders(const std::string& json);

}  // namespace postrider
