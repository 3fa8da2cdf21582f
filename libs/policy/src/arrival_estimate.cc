#include "postrider/policy/arrival_estimate.h"

#include <algorithm>

namespace postrider {
namespace {

constexpr seconds kPeriod{60};
/// A segment that is lost is sent again after 200 ms or more.
constexpr microseconds kMost = milliseconds(250);
constexpr int kPartOfWindow = 10;

}  // namespace

ArrivalEstimate::ArrivalEstimate(const std::vector<RateWindow>& windows) : most_(kUnknown) {
  for (const RateWindow& window : windows) {
    most_ = std::min<microseconds>(most_, window.length / kPartOfWindow);
  }
  most_ = std::max(most_, kMost);
}

microseconds ArrivalEstimate::LateBy(microseconds latency, Timestamp now) {
  if (since_ == Timestamp::min() || now - since_ >= kPeriod) {
    former_least_ = least_;
    least_ = kUnknown;
    since_ = now;
  }
  least_ = std::min(least_, latency);
  if (answers_ < kFirst) {
    ++answers_;
    return std::min(latency, most_);
  }
  return std::clamp(latency - std::min(least_, former_least_), microseconds(0), most_);
}

}  // namespace postrider
