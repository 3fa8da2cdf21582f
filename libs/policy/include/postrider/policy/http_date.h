#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace postrider {

/// A date as HTTP writes it (RFC 9110, section 5.6.7), in each of its three forms:
///
///     Sun, 06 Nov 1994 08:49:37 GMT     IMF-fixdate, what is sent today
///     Sunday, 06-Nov-94 08:49:37 GMT    RFC 850
///     Sun Nov  6 08:49:37 1994          asctime
///
/// nullopt when it is anything else, or a day that does not exist. Whether the day of the week is
/// the right one is not looked at; a leap second is taken as the second before it.
/// @param now  a year of two digits is the one nearest to it, at most 50 years ahead
std::optional<std::chrono::sys_seconds> ParseHttpDate(std::string_view text,
                                                      std::chrono::sys_seconds now);

}  // namespace postrider
