#include "simulation/limited_partner.h"

#include <algorithm>

namespace postrider::simulation {

void LimitedPartner::GoAway(Timestamp from, microseconds time) { away_ = {from, from + time}; }

void LimitedPartner::Refuse(Timestamp from, microseconds time) {
  refusals_.push_back({from, from + time});
}

void LimitedPartner::Count() {
  const Timestamp now = time_.now();
  arrivals_.push_back(now);
  for (const RateWindow& window : windows_) {
    const auto after = std::upper_bound(arrivals_.begin(), arrivals_.end(), now - window.length);
    if (arrivals_.end() - after > window.count) ++violations_;
  }
  std::size_t kept = 0;
  for (const RateWindow& window : windows_) {
    kept = std::max(kept, static_cast<std::size_t>(window.count) + 1);
  }
  while (arrivals_.size() > kept) arrivals_.pop_front();
}

HttpAnswer LimitedPartner::Arrive() {
  Count();
  HttpAnswer answer;
  answer.maybe_sent = true;
  if (away()) {
    ++arrived_while_away_;
    return Broken();
  }
  const bool refuses = std::any_of(refusals_.begin(), refusals_.end(),
                                   [&](const Stretch& stretch) { return Within(stretch); });
  if (refuses) {
    statistics.Count("refusals");
    answer.status = 429;
    if (chance_.OneIn(2)) {
      answer.headers = {{"retry-after", std::to_string(1 + chance_.Below(20))}};
    }
    return answer;
  }
  answer.status = chance_.OneIn(100) ? 500 : 200;
  return answer;
}

HttpAnswer LimitedPartner::Broken() {
  HttpAnswer answer;
  answer.maybe_sent = true;
  if (chance_.OneIn(2)) {
    answer.status = 503;
  } else {
    answer.failure = chance_.OneIn(2) ? FailureClass::kTimeout : FailureClass::kReset;
  }
  return answer;
}

}  // namespace postrider::simulation
