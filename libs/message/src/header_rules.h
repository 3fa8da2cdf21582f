#pragma once

#include <string>
#include <string_view>

namespace postrider {

/// A token of RFC 9110, section 5.6.2.
bool IsHeaderName(std::string_view name);

/// Throws std::invalid_argument that quotes the name when it is none.
void CheckHeaderName(const std::string& name);

/// One line: no control character but the tab.
bool IsHeaderValue(std::string_view value);

/// Names of headers are compared without regard to the case of ASCII letters.
bool SameHeaderName(std::string_view one, std::string_view other);

}  // namespace postrider
