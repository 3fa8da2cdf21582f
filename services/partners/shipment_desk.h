#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "partner_answer.h"
#include "partner_time.h"

namespace postrider::partners {

/// The fulfilment partner's business: takes shipments, gives tracking numbers, and answers the same
/// Idempotency-Key the same way for as long as it remembers. Without a key every request is a new
/// shipment, as in life. For one thread.
class ShipmentDesk {
 public:
  using Recorder = std::function<void(const nlohmann::json&)>;

  /// @param keep      how long a key is remembered
  /// @param recorder  is given each new shipment, to be passed to Restore() after a restart
  ShipmentDesk(Duration keep, Recorder recorder);

  /// 201 with a tracking number; 200 with `replayed` for a known key; 409 when the key came with
  /// another body; 400 and 422 with an `error` and a `message`.
  PartnerAnswer Create(const std::string& idempotency_key, const std::string& body, Instant now);

  /// 200 with the latest shipment of the order and how many there are, or 404.
  PartnerAnswer Find(const std::string& order_id) const;

  /// Takes back a shipment that was recorded earlier.
  void Restore(const nlohmann::json& record);

 private:
  struct Known {
    std::string body;
    std::string tracking_number;
    Instant created;
  };

  nlohmann::json Describe(const std::string& order_id, const std::string& tracking_number) const;
  void Remember(const nlohmann::json& record);

  Duration keep_;
  Recorder recorder_;
  std::map<std::string, Known> known_;                      ///< by idempotency key
  std::map<std::string, std::vector<std::string>> orders_;  ///< tracking numbers by order
  std::int64_t last_number_ = 0;
};

}  // namespace postrider::partners
