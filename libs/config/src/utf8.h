#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace postrider {

/// Where a text stops being UTF-8 or holds a control character other than tab and line breaks.
std::optional<std::size_t> FirstBadByte(std::string_view text);

}  // namespace postrider
