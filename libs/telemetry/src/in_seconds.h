#pragma once

#include <chrono>

#include "postrider/model/time.h"

namespace postrider {

/// Prometheus counts in seconds, as floating point.
template <typename Rep, typename Period>
double InSeconds(std::chrono::duration<Rep, Period> duration) {
  return std::chrono::duration<double>(duration).count();
}

/// Unix time.
inline double InSeconds(Timestamp at) { return InSeconds(at.time_since_epoch()); }

}  // namespace postrider
