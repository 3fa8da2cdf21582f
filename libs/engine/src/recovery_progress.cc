#include "postrider/engine/recovery_progress.h"

#include <algorithm>
#include <utility>

namespace postrider {

void RecoveryProgress::Begin() {
  ended_ = false;
  reached_ = 0;
  waiting_.clear();
}

void RecoveryProgress::Reach(EventId id) { reached_ = std::max(reached_, id); }

std::vector<std::string> RecoveryProgress::TakeReached() {
  std::vector<std::string> keys;
  while (!waiting_.empty() && has_reached(waiting_.begin()->first)) {
    keys.push_back(std::move(waiting_.extract(waiting_.begin()).value().second));
  }
  return keys;
}

}  // namespace postrider
