#include "postrider/policy/arrival_estimate.h"

#include <algorithm>

namespace postrider {
namespace {

constexpr seconds kPeriod{60};
constexpr microseconds kMost = milliseconds(250);

}  // namespace

microseconds ArrivalEstimate::LateBy(microseconds latency, Timestamp now) {
  if (since_ == Timestamp::min() || now - since_ >= kPeriod) {
    former_least_ = least_;
    least_ = kUnknown;
    since_ = now;
  }
  least_ = std::min(least_, latency);
  if (answers_ < kFirst) {
    ++answers_;
    return std::min(latency, kMost);
  }
  return std::clamp(latency - std::min(least_, former_least_), microseconds(0), kMost);
}

}  // namespace postrider
