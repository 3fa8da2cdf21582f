#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "partner_time.h"

namespace postrider::partners {

/// A request as the partner saw it.
struct SeenRequest {
  Instant at;
  std::string method;
  std::string path;
  std::string key;      ///< Idempotency-Key
  std::string event;    ///< Postrider-Event
  std::string attempt;  ///< Postrider-Attempt
  std::string outcome;  ///< accepted, replayed, invalid, limited, banned, a fault's mode, ...
  int status = 0;       ///< 0: no answer
};

/// What a partner has seen, for tests to compare with what was sent. The latest requests are kept,
/// the counts of all. For one thread.
class RequestLog {
 public:
  explicit RequestLog(std::size_t kept = 200'000);

  void Add(SeenRequest request);

  /// `{"total": n, "counts": {outcome: n}, "keys": {key: times accepted}, "requests": [...]}`,
  /// oldest first. `keys` counts what was carried out, not what was answered.
  nlohmann::json ToJson() const;

  void Clear();

 private:
  std::size_t kept_;
  std::deque<SeenRequest> requests_;
  std::int64_t total_ = 0;
  std::map<std::string, std::int64_t> counts_;
  std::map<std::string, std::int64_t> keys_;
};

}  // namespace postrider::partners
