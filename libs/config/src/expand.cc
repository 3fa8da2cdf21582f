#include "expand.h"

#include <algorithm>
#include <cctype>
#include <optional>

namespace postrider {
namespace {

// `inside` is what stands between the braces.
void ExpandOne(std::string_view inside, const Environment& environment, Expanded& expanded) {
  const std::size_t colon = inside.find(":-");
  const std::string name(inside.substr(0, colon));
  if (!IsVariableName(name) || inside.find("${") != inside.npos) {
    expanded.faults.push_back(
        "found \"${" + std::string(inside) +
        "}\", allowed: ${NAME} or ${NAME:-default}, and $${ for a literal ${");
    return;
  }
  expanded.changed = true;
  std::optional<std::string> value = environment(name);
  if (colon != inside.npos && value.value_or("").empty()) value = inside.substr(colon + 2);
  if (value) {
    expanded.text += *value;
  } else {
    expanded.faults.push_back("the environment variable " + name +
                              " is not set; set it, or write ${" + name + ":-default}");
  }
}

}  // namespace

Expanded Expand(std::string_view text, const Environment& environment) {
  Expanded expanded;
  while (!text.empty()) {
    if (text.starts_with("$${")) {
      expanded.text += "${";
      text.remove_prefix(3);
    } else if (text.starts_with("${")) {
      const std::size_t end = text.find('}');
      if (end == text.npos) {
        expanded.faults.push_back(
            "found \"${\" without \"}\", allowed: ${NAME} or "
            "${NAME:-default}, and $${ for a literal ${");
        return expanded;
      }
      ExpandOne(text.substr(2, end - 2), environment, expanded);
      text.remove_prefix(end + 1);
    } else {
      expanded.text += text.front();
      text.remove_prefix(1);
    }
  }
  return expanded;
}

bool IsVariableName(std::string_view name) {
  if (name.empty() || std::isdigit(static_cast<unsigned char>(name.front())) != 0) return false;
  return std::all_of(name.begin(), name.end(), [](unsigned char letter) {
    return letter < 0x80 && (std::isalnum(letter) != 0 || letter == '_');
  });
}

}  // namespace postrider
