#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postrider {

/// The steps of a JSON pointer, with ~1 and ~0 replaced.
using JsonSteps = std::vector<std::string>;

/// What stands at a pointer.
struct JsonValue {
  enum class Kind { kNothing, kNull, kScalar, kStructured };

  Kind kind = Kind::kNothing;
  /// Of a scalar: a string's characters, or a number, true or false as JSON writes them.
  std::string text;
};

/// Reads through a JSON text once and keeps what stands at the pointers; nothing else of it is held
/// in memory, however large it is. Of a name that comes twice the last one counts.
/// @return  one value for each pointer; nullopt when the text is not JSON in UTF-8
std::optional<std::vector<JsonValue>> ReadJsonValues(std::string_view text,
                                                     const std::vector<JsonSteps>& pointers);

}  // namespace postrider
