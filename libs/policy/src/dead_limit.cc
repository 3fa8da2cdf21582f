#include "postrider/policy/dead_limit.h"

#include <algorithm>

namespace postrider {

DeadLimit::DeadLimit(const RateWindow& limit)
    : count_(static_cast<std::size_t>(std::max(limit.count, 0))), length_(limit.length) {}

bool DeadLimit::Note(Timestamp died) {
  if (!deaths_.empty()) died = std::max(died, deaths_.back());
  while (!deaths_.empty() && died - deaths_.front() >= length_) deaths_.pop_front();
  if (deaths_.size() >= count_) {
    deaths_.clear();
    return true;
  }
  deaths_.push_back(died);
  return false;
}

}  // namespace postrider
