#include "yaml_text.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "quantities.h"

namespace postrider {
namespace {

bool IsSafe(unsigned char letter) {
  return letter < 0x80 && (std::isalnum(letter) != 0 || letter == '_' || letter == '.' ||
                           letter == '/' || letter == '-' || letter == '%');
}

bool IsPlain(std::string_view text) {
  if (text.empty() ||
      !(std::isalnum(static_cast<unsigned char>(text.front())) != 0 || text.front() == '/')) {
    return false;
  }
  std::string lower(text);
  for (char& letter : lower) letter = static_cast<char>(std::tolower(letter));
  return lower != "null" && !ParseBoolean(text) && std::all_of(text.begin(), text.end(), IsSafe);
}

}  // namespace

std::string YamlText(std::string_view text) {
  if (IsPlain(text)) return std::string(text);
  std::string literal;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text.substr(at).starts_with("${")) literal += '$';
    literal += text[at];
  }
  return JsonText(literal);
}

std::string JsonText(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string quoted = "\"";
  for (const char letter : text) {
    const auto byte = static_cast<unsigned char>(letter);
    if (letter == '"' || letter == '\\') {
      quoted += '\\';
      quoted += letter;
    } else if (byte < 0x20 || byte == 0x7F) {
      quoted += "\\u00";
      quoted += kHex[byte >> 4];
      quoted += kHex[byte & 0xF];
    } else {
      quoted += letter;
    }
  }
  return quoted + '"';
}

}  // namespace postrider
