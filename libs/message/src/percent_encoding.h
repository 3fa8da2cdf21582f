#pragma once

#include <string>
#include <string_view>

namespace postrider {

/// Appends the value with every byte but letters, digits and -._~ as %XX (RFC 3986, section 2.1).
void AppendPercentEncoded(std::string_view value, std::string& text);

inline std::string PercentEncoded(std::string_view value) {
  std::string text;
  AppendPercentEncoded(value, text);
  return text;
}

}  // namespace postrider
