#include "postrider/engine/recovery_place.h"

#include <algorithm>
#include <utility>

namespace postrider {

void RecoveryPlace::Begin() {
  ended_ = false;
  reached_ = 0;
  waiting_.clear();
}

void RecoveryPlace::Reach(EventId id) { reached_ = std::max(reached_, id); }

std::vector<std::string> RecoveryPlace::TakeReached() {
  std::vector<std::string> keys;
  while (!waiting_.empty() && has_reached(waiting_.begin()->first)) {
    keys.push_back(std::move(waiting_.extract(waiting_.begin()).mapped()));
  }
  return keys;
}

}  // namespace postrider
