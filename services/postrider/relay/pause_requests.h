#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include "postrider/engine/lane_effects.h"
#include "postrider/model/lane_id.h"

namespace postrider {

/// Destinations whose lanes have asked to be paused, on their way to the keeper. Thread-safe.
class PauseRequests {
 public:
  using Request = std::pair<DestinationId, PauseCause>;

  /// Of several causes the first is kept.
  void Add(DestinationId destination, const PauseCause& cause) {
    const std::lock_guard lock(mutex_);
    waiting_.emplace(destination, cause);
  }
  /// One of them; it stays until it is done.
  std::optional<Request> First() const {
    const std::lock_guard lock(mutex_);
    return waiting_.empty() ? std::nullopt : std::optional<Request>(*waiting_.begin());
  }
  void Done(DestinationId destination) {
    const std::lock_guard lock(mutex_);
    waiting_.erase(destination);
  }

 private:
  mutable std::mutex mutex_;
  std::map<DestinationId, PauseCause> waiting_;
};

}  // namespace postrider
