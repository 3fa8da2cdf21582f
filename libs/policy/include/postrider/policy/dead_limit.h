#pragma once

#include <cstddef>
#include <deque>

#include "postrider/model/settings.h"
#include "postrider/model/time.h"

namespace postrider {

/// Notices that too much dies: more dead letters than `count` in some interval of that length. The
/// destination then should pause itself, because what refuses one event after the other is more
/// likely a fault of ours than of so many events.
///
/// Exact for every interval, with as many times in memory as `count`. For one thread.
class DeadLimit {
 public:
  explicit DeadLimit(const RateWindow& limit);

  /// A delivery has died. True when it is one too many; all are then forgotten, so that a
  /// destination that is resumed starts from nothing. A count below 1 is taken as 0.
  [[nodiscard]] bool Note(Timestamp died);

 private:
  const std::size_t count_;
  const microseconds length_;
  std::deque<Timestamp> deaths_;  ///< the last `count_` of them, sorted
};

}  // namespace postrider
