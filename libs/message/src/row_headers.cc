#include "row_headers.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "header_rules.h"

namespace postrider {

std::optional<HttpHeaders> ParseRowHeaders(const std::string& json) {
  HttpHeaders headers;
  if (json.empty()) return headers;
  const auto object = nlohmann::ordered_json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) return std::nullopt;
  for (const auto& [name, content] : object.items()) {
    if (!content.is_string() || !IsHeaderName(name)) return std::nullopt;
    const auto& value = content.get_ref<const std::string&>();
    if (!IsHeaderValue(value)) return std::nullopt;
    const auto same = [&name = name](const auto& header) {
      return SameHeaderName(header.first, name);
    };
    headers.erase(std::remove_if(headers.begin(), headers.end(), same), headers.end());
    headers.emplace_back(name, value);
  }
  return headers;
}

}  // namespace postrider
