#pragma once

#include <condition_variable>
#include <mutex>

#include "postrider/model/time.h"

namespace postrider {

/// Between an incarnation that leaves and the one of the same process that follows it: the first
/// stays listed until the second is, so that whoever looks for the relay finds one of them.
/// Thread-safe.
class Handover {
 public:
  /// The second is listed, or will never be.
  void Complete() {
    {
      const std::lock_guard lock(mutex_);
      complete_ = true;
    }
    completed_.notify_all();
  }
  bool complete() const {
    const std::lock_guard lock(mutex_);
    return complete_;
  }
  /// Returns when it is complete, or after `patience`.
  void Await(milliseconds patience) {
    std::unique_lock lock(mutex_);
    completed_.wait_for(lock, patience, [this] { return complete_; });
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable completed_;
  bool complete_ = false;  ///< guarded by mutex_
};

}  // namespace postrider
