#pragma once

#include <optional>
#include <string>

#include "postrider/model/time.h"

namespace postrider {

/// A time such as `2026-01-31T09:16:33+08:00` or `2026-01-31 01:16:33.5Z` (RFC 3339), without its
/// fraction of a second. nullopt when it is anything else, also when it has no zone, or when there
/// is no such day.
std::optional<Timestamp> ParseRfc3339(const std::string& text);

}  // namespace postrider
