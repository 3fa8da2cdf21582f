#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "postrider/model/lane_id.h"

namespace postrider {

class LaneHost;
class LaneLink;

/// Where a lane of this relay lives. Both are valid as long as the relay's hosts.
struct OwnedLane {
  LaneLink* link = nullptr;
  LaneHost* host = nullptr;
  std::int64_t epoch = 0;
};

/// The lanes that this relay owns. Thread-safe.
class LaneRegistry {
 public:
  void Add(LaneId lane, OwnedLane owned) {
    const std::lock_guard lock(mutex_);
    lanes_[lane] = owned;
  }
  std::optional<OwnedLane> Find(LaneId lane) const {
    const std::lock_guard lock(mutex_);
    const auto found = lanes_.find(lane);
    return found == lanes_.end() ? std::nullopt : std::optional(found->second);
  }
  std::vector<std::pair<LaneId, OwnedLane>> All() const {
    const std::lock_guard lock(mutex_);
    return {lanes_.begin(), lanes_.end()};
  }

 private:
  mutable std::mutex mutex_;
  std::map<LaneId, OwnedLane> lanes_;
};

}  // namespace postrider
