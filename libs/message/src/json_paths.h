#pragma once

#include <optional>
#include <string>
#include <vector>

namespace postrider {

/// Names of members, and numbers of array elements from 0, from the root down.
using JsonPath = std::vector<std::string>;

/// What stands at a path.
struct JsonFound {
  enum class Kind { kNothing, kText, kContainer };
  Kind kind = Kind::kNothing;  ///< null counts as nothing
  /// For kText: a string's content, true or false, or a number exactly as it was written.
  std::string text;
};

/// Looks up scalar values in one pass over a JSON text, without building it in memory. Of members
/// with the same name the last holds. The result has one entry for each path; nullopt when the text
/// is not JSON.
std::optional<std::vector<JsonFound>> FindInJson(const std::string& json,
                                                 const std::vector<JsonPath>& paths);

}  // namespace postrider
