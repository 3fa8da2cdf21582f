#pragma once

#include <atomic>
#include <cmath>
#include <limits>
#include <optional>

namespace postrider {

/// A gauge that is absent until it is set.
class OptionalGauge {
 public:
  void Set(double value) { value_.store(value, std::memory_order_relaxed); }
  void Clear() { Set(kAbsent); }

  std::optional<double> Value() const {
    const double value = value_.load(std::memory_order_relaxed);
    if (std::isnan(value)) return std::nullopt;
    return value;
  }

 private:
  static constexpr double kAbsent = std::numeric_limits<double>::quiet_NaN();
  std::atomic<double> value_{kAbsent};
};

}  // namespace postrider
