#pragma once

#include <chrono>
#include <string>

namespace postrider {

/// `250ms`, `90s`, `15m`, `6h`, `3d`: a whole number above 0 and a unit. Throws CommandError (wrong
/// usage) that names the option.
std::chrono::milliseconds ParseDuration(const std::string& option, const std::string& text);

/// A point in time as SQL expression of type timestamptz: from an RFC 3339 time, a date (its
/// beginning in UTC), `now`, or a duration ago. Throws CommandError (wrong usage) that names the
/// option.
std::string TimeExpression(const std::string& option, const std::string& text);

}  // namespace postrider
