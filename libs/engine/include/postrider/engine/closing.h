#pragma once

#include <algorithm>
#include <cstddef>

#include "postrider/model/event.h"

namespace postrider {

/// How far a lane is closed, and the one place that is being judged: it is closed when the last
/// delivery at or below it has left the lane's memory.
class Closing {
 public:
  EventId closed_up_to() const { return closed_up_to_; }

  void Set(EventId high) {
    closed_up_to_ = high;
    judging_ = 0;
  }
  /// Nothing is known until `Set`: what was closed may have been of another history.
  void Forget() { Set(0); }
  /// @param open  deliveries in memory with `id <= high`
  void Judge(EventId high, std::size_t open) {
    judging_ = high;
    open_ = open;
    Check();
  }
  /// One more has to be waited for, which was not among those counted.
  void Came(EventId id) {
    if (judging_ != 0 && id <= judging_) ++open_;
  }
  /// A delivery has left the memory.
  void Left(EventId id) {
    if (judging_ == 0 || id > judging_) return;
    --open_;
    Check();
  }

 private:
  void Check() {
    if (open_ > 0) return;
    closed_up_to_ = std::max(closed_up_to_, judging_);
    judging_ = 0;
  }

  EventId closed_up_to_ = 0;
  EventId judging_ = 0;  ///< 0: nothing
  std::size_t open_ = 0;
};

}  // namespace postrider
