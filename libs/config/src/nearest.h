#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postrider {

/// The word that was probably meant: the one with the fewest changed, added, missing or swapped
/// letters, if they are few for its length, or the word that begins so. Upper and lower case count
/// as the same letter.
std::optional<std::string> Nearest(std::string_view word, const std::vector<std::string>& known);

/// `a, b, c`.
std::string Join(const std::vector<std::string>& words);

}  // namespace postrider
