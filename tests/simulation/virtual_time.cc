#include "simulation/virtual_time.h"

#include <algorithm>
#include <utility>

namespace postrider::simulation {

microseconds Chance::Between(microseconds least, microseconds most) {
  const auto width = static_cast<std::uint64_t>((most - least).count() + 1);
  return least + microseconds(static_cast<std::int64_t>(Below(width)));
}

microseconds Chance::Around(microseconds mean) {
  const microseconds most = OneIn(20) ? 10 * mean : 2 * mean;
  return Between(microseconds(0), most);
}

void VirtualTime::At(Timestamp when, Task task) {
  tasks_.push({std::max(when, now_), given_++, std::move(task)});
}

void VirtualTime::Pass(microseconds time) {
  const Timestamp end = now_ + time;
  while (!tasks_.empty() && tasks_.top().when <= end) {
    // The queue's top is constant only so that its order stays; it is removed at once.
    Task task = std::move(const_cast<Entry&>(tasks_.top()).task);
    now_ = std::max(now_, tasks_.top().when);
    tasks_.pop();
    task();
  }
  now_ = std::max(now_, end);
}

}  // namespace postrider::simulation
