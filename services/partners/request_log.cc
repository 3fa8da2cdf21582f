#include "request_log.h"

#include <utility>

namespace postrider::partners {

using nlohmann::json;

RequestLog::RequestLog(std::size_t kept) : kept_(kept) {}

void RequestLog::Add(SeenRequest request) {
  ++total_;
  ++counts_[request.outcome];
  if (request.outcome == "accepted" && !request.key.empty()) ++keys_[request.key];
  requests_.push_back(std::move(request));
  if (requests_.size() > kept_) requests_.pop_front();
}

json RequestLog::ToJson() const {
  json requests = json::array();
  for (const SeenRequest& seen : requests_) {
    requests.push_back({{"at_us", seen.at.time_since_epoch().count()},
                        {"method", seen.method},
                        {"path", seen.path},
                        {"key", seen.key},
                        {"event", seen.event},
                        {"attempt", seen.attempt},
                        {"outcome", seen.outcome},
                        {"status", seen.status}});
  }
  return {{"total", total_}, {"counts", counts_}, {"keys", keys_}, {"requests", requests}};
}

void RequestLog::Clear() {
  requests_.clear();
  counts_.clear();
  keys_.clear();
  total_ = 0;
}

}  // namespace postrider::partners
