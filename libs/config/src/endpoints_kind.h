#pragma once

#include <optional>
#include <string>

#include "postrider/model/settings.h"
#include "value.h"

namespace postrider {

/// `endpoints`: a list of URLs or `{url, headers, auth}`, the first of which is the primary one. An
/// entry's headers and auth win over the destination's. A list takes the place of the former one.
struct EndpointsKind {
  void Read(const Value& value, HttpSettings& out) const;
  /// Nothing when `url` says the same.
  std::optional<std::string> Show(const HttpSettings& http) const;
  std::string Allowed() const;
  std::string Schema() const;
};

/// Whether the endpoints are more than one URL.
bool HasEndpoints(const HttpSettings& http);

}  // namespace postrider
