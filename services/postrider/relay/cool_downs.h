#pragma once

#include <optional>

#include "postrider/model/lane_id.h"
#include "postrider/model/time.h"

namespace postrider {

class LaneRegistry;

/// Tells the lanes of a destination that live in this relay when one of them cools down, at once.
/// Those of other relays, and later owners, learn it from the database (Housekeeper). Any thread.
class CoolDowns {
 public:
  /// @param lanes  of this relay; must outlive this
  explicit CoolDowns(const LaneRegistry& lanes) : lanes_(lanes) {}

  /// @param until  see CoolDown::until()
  void Tell(LaneId of, std::optional<Timestamp> until) const;

 private:
  const LaneRegistry& lanes_;
};

}  // namespace postrider
