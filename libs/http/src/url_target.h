#pragma once

#include <optional>
#include <string_view>

namespace postrider {

/// The part of a URL that may be shown to people: neither its user, its path nor its query.
struct UrlTarget {
  bool https = false;
  std::string_view host;  ///< with the port, when the URL names one
};

/// nullopt for anything but `http://host...` and `https://host...`. Points into `url`.
std::optional<UrlTarget> TargetOf(std::string_view url);

}  // namespace postrider
