#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace postrider {

/// A time as PostgreSQL puts it into JSON (in UTC), to the second: `2026-01-31T12:00:00Z`. Other
/// texts, such as `infinity`, stay as they are.
std::string TimeText(std::string_view json_time);

/// The two largest units: `3m 12s`, `2d`, `850ms`; negative ones count as 0.
std::string DurationText(std::chrono::milliseconds duration);

/// Text that cannot steer a terminal: control characters are shown as `\n` or `\x1b`.
std::string Printable(std::string_view text);

/// Columns that UTF-8 text takes on a terminal: two for East Asian wide characters and emoji, none
/// for combining marks.
std::size_t DisplayWidth(std::string_view text);

/// At most `width` columns of the text, the last of them an ellipsis where something is left out.
std::string Shortened(std::string_view text, std::size_t width);

}  // namespace postrider
