#include "postrider/policy/delivery_control.h"

#include <algorithm>
#include <string_view>

namespace postrider {
namespace {

constexpr std::string_view kBlanks = " \t";

std::string_view Trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(kBlanks);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

/// @param lower  a word in lower case
bool IsWord(std::string_view text, std::string_view lower) {
  const auto to_lower = [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  };
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(),
                    [&](char a, char b) { return to_lower(a) == b; });
}

}  // namespace

DeliveryControl ReadDeliveryControl(const HttpHeaders& headers) {
  DeliveryControl control;
  for (const auto& [name, value] : headers) {
    if (name != "webhook-delivery") continue;
    for (std::string_view rest = value; !rest.empty();) {
      const std::size_t comma = std::min(rest.find(','), rest.size());
      const std::string_view word = Trimmed(rest.substr(0, comma));
      control.disable = control.disable || IsWord(word, "disable");
      control.abort_message = control.abort_message || IsWord(word, "abort-message");
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
  }
  return control;
}

}  // namespace postrider
