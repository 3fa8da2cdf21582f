#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "partner_answer.h"
#include "partner_time.h"

namespace postrider::partners {

/// The messaging partner's business. It always answers 200 and tells success or failure in `code`,
/// and it is *not* idempotent: the same request twice is two messages to the customer. What became
/// of a request can be asked by its Idempotency-Key. For one thread.
class AlimtalkDesk {
 public:
  using Recorder = std::function<void(const nlohmann::json&)>;

  /// @param recorder  is given each message, to be passed to Restore() after a restart
  explicit AlimtalkDesk(Recorder recorder);

  /// Codes: 0000 sent, E101 malformed, E104 invalid phone, E105 invalid template, E106 invalid
  /// variables.
  PartnerAnswer Send(const std::string& idempotency_key, const std::string& body, Instant now);

  /// 200 with the latest message under that key and how many there were, or 404.
  PartnerAnswer Find(const std::string& idempotency_key) const;

  void Restore(const nlohmann::json& record);

 private:
  struct Sent {
    std::string message_id;
    int count = 0;
  };

  void Remember(const nlohmann::json& record);

  Recorder recorder_;
  std::map<std::string, Sent> sent_;  ///< by idempotency key
  std::int64_t last_number_ = 0;
};

}  // namespace postrider::partners
