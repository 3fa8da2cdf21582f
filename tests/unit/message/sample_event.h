#pragma once

#include <chrono>

#include "postrider/model/event.h"

namespace postrider {

/// An event with everything that a request may need.
inline Event SampleEvent() {
  Event event;
  event.identity = {.id = 4711,
                    .bucket = 3,
                    .xid = 99,
                    .recorded_at = Timestamp(std::chrono::microseconds(1'700'000'000'000'000))};
  event.topic = "shipment.requested";
  event.key = "order-42";
  event.body = R"({"order_id": 42})";
  event.body_bytes = event.body.size();
  return event;
}

}  // namespace postrider
