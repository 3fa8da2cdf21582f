#pragma once

#include <chrono>
#include <map>
#include <vector>

#include "postrider/postgres/postgres_lane_policies.h"

namespace postrider {

/// Which states of lanes are saved, so that `outbox.status` shows them: soon, and without a row
/// version for every moment. One that lasts from one look to the next is worth it, if that of its
/// lane is not younger than two seconds; so a breaker that opens is seen within half a second, and
/// a rate that holds a lane a hundred times a second costs one row version in two seconds. A
/// cool-down that begins, moves or ends is saved at once.
class ShownStates {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// The state of a lane as it is now: whether it is to be saved.
  bool Look(const PolicyState& state, Time now);
  /// They have been.
  void NoteSaved(const std::vector<PolicyState>& states, Time now);

 private:
  struct Known {
    PolicyState seen;
    PolicyState saved;
    Time saved_at = Time::min();
  };
  std::map<LaneId, Known> lanes_;
};

}  // namespace postrider
