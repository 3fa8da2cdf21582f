#include "simulation/partner_limits.h"

#include <algorithm>

namespace postrider::simulation {
namespace {

/// A window is kept for so much longer than it is, as a part of it.
constexpr int kAllowancePart = 25;
constexpr std::size_t kArrivalsKept = 1000;

}  // namespace

microseconds PartnerLimits::Jitter(DestinationId destination) const {
  microseconds jitter = milliseconds(2);
  for (const RateWindow& window : WindowsOf(destination)) {
    jitter = std::min<microseconds>(jitter, microseconds(window.length) / kAllowancePart * 9 / 10);
  }
  return jitter;
}

bool PartnerLimits::Arrive(DestinationId destination) {
  const Timestamp now = time_.now();
  std::deque<Timestamp>& arrivals = arrivals_[destination];
  arrivals.push_back(now);
  if (arrivals.size() > kArrivalsKept) arrivals.pop_front();
  bool allowed = true;
  for (const RateWindow& window : WindowsOf(destination)) {
    const auto first = std::upper_bound(arrivals.begin(), arrivals.end(), now - window.length);
    const auto count = arrivals.end() - first;
    if (count == window.count) statistics_.Count("windows used in full");
    allowed = allowed && count <= window.count;
  }
  return allowed;
}

void PartnerLimits::OnTakenOver(int failovers) {
  if (failovers != failovers_) arrivals_.clear();
  failovers_ = failovers;
}

}  // namespace postrider::simulation
