#pragma once

#include <string_view>

namespace postrider {

/// Whether a pattern of a subscription takes a topic: equal, or a prefix followed by `.*` of any
/// depth (`shipment.*` takes `shipment.eu.requested`, not `shipment`), or `*`.
bool TopicMatches(std::string_view pattern, std::string_view topic);

}  // namespace postrider
