#pragma once

#include <string>

#include "postrider/model/settings.h"

namespace postrider {

/// `host:port`, with brackets around an IPv6 address.
std::string ToText(const ListenAddress& address);

/// Why nothing can listen there and what to do about it, found by trying.
std::string ListenError(const ListenAddress& address, const std::string& setting);

}  // namespace postrider
