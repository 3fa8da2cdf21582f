#pragma once

#include <mutex>
#include <optional>
#include <set>

#include "postrider/model/lane_id.h"

namespace postrider {

/// Destinations whose lanes have asked to be paused, on their way to the keeper. Thread-safe.
class PauseRequests {
 public:
  void Add(DestinationId destination) {
    const std::lock_guard lock(mutex_);
    waiting_.insert(destination);
  }
  /// One of them; it stays until it is done.
  std::optional<DestinationId> First() const {
    const std::lock_guard lock(mutex_);
    return waiting_.empty() ? std::nullopt : std::optional(*waiting_.begin());
  }
  void Done(DestinationId destination) {
    const std::lock_guard lock(mutex_);
    waiting_.erase(destination);
  }

 private:
  mutable std::mutex mutex_;
  std::set<DestinationId> waiting_;
};

}  // namespace postrider
