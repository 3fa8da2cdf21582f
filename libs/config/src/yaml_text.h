#pragma once

#include <string>
#include <string_view>

namespace postrider {

/// A text as a YAML scalar that reads as this very text, also after variables are replaced: as it
/// is where that is safe, else in double quotes.
std::string YamlText(std::string_view text);

/// A text as a JSON string.
std::string JsonText(std::string_view text);

}  // namespace postrider
