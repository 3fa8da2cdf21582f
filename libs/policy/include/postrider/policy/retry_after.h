#pragma once

#include <optional>

#include "postrider/model/http.h"
#include "postrider/model/time.h"

namespace postrider {

/// How long the partner asks to be left alone by `Retry-After`: seconds, or a date, which is
/// measured against the partner's own `Date` where there is one, so that clocks need not agree.
/// Bounded to 1 s .. 1 h, a date in the past included. Of several the longest; what cannot be read
/// is as though it were not there. nullopt: nothing is asked.
/// @param headers  names in lower case
std::optional<milliseconds> RetryAfter(const HttpHeaders& headers, Timestamp now);

}  // namespace postrider
