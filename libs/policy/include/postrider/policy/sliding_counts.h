#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "postrider/model/time.h"

namespace postrider {

/// Counts of `kKinds` kinds of things over the last so many seconds, one bucket for each: the
/// present second, which is not over yet, and those before it. Time that runs backwards counts as
/// the latest second known.
template <std::size_t kKinds>
class SlidingCounts {
 public:
  using Counts = std::array<std::int64_t, kKinds>;

  explicit SlidingCounts(seconds length)
      : buckets_(static_cast<std::size_t>(std::max<std::int64_t>(length.count(), 1))) {}

  /// Forgets what has become too old.
  void Advance(Timestamp now) {
    const std::int64_t second = SecondOf(now);
    if (second <= second_) return;
    const auto passed = static_cast<std::uint64_t>(second) - static_cast<std::uint64_t>(second_);
    if (passed >= buckets_.size()) {
      Clear();
    } else {
      while (second_ < second) Subtract(total_, std::exchange(At(++second_), Counts{}));
    }
    second_ = second;
  }

  void Add(std::size_t kind, Timestamp now) {
    Advance(now);
    ++At(second_)[kind];
    ++total_[kind];
  }

  void Clear() {
    std::fill(buckets_.begin(), buckets_.end(), Counts{});
    total_ = {};
  }

  /// As of the last Advance() or Add().
  const Counts& total() const { return total_; }

  /// When enough has become too old for `holds(counts)`, if nothing is added: the beginning of a
  /// second after the present one; that at which nothing is left, if it never holds before.
  template <typename Predicate>
  Timestamp FirstWhen(const Predicate& holds) {
    Counts left = total_;
    std::int64_t second = second_;
    for (std::size_t i = 0; i < buckets_.size(); ++i) {
      Subtract(left, At(++second));
      if (holds(left)) break;
    }
    return Timestamp(seconds(second));
  }

 private:
  static std::int64_t SecondOf(Timestamp time) {
    return std::chrono::floor<seconds>(time).time_since_epoch().count();
  }

  static void Subtract(Counts& from, const Counts& counts) {
    for (std::size_t kind = 0; kind < kKinds; ++kind) from[kind] -= counts[kind];
  }

  Counts& At(std::int64_t second) {
    return buckets_[static_cast<std::uint64_t>(second) % buckets_.size()];
  }

  std::vector<Counts> buckets_;  ///< by second, as a ring
  Counts total_{};
  std::int64_t second_ = std::numeric_limits<std::int64_t>::min();  ///< the present one
};

}  // namespace postrider
