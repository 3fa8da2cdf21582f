#pragma once

#include "postrider/model/http.h"

namespace postrider {

/// What a receiver asks of its sender by the header `webhook-delivery` of an answer: words
/// separated by commas, in any case, of which those that are not known are as though they were not
/// there. See docs/policies.md.
struct DeliveryControl {
  bool disable = false;        ///< send nothing more here
  bool abort_message = false;  ///< do not send this event again

  friend bool operator==(const DeliveryControl&, const DeliveryControl&) = default;
};

/// @param headers  names in lower case
DeliveryControl ReadDeliveryControl(const HttpHeaders& headers);

}  // namespace postrider
