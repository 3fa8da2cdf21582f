#pragma once

#include <cstddef>

#include "postrider/model/time.h"
#include "postrider/policy/sliding_counts.h"

namespace postrider {

/// Keeps retries a small part of what a partner is sent, so that a partner who fails does not get
/// several times its usual load.
///
/// Exactly: of the requests of a minute, retries included, at most `share` are retries; but 10
/// retries may always be, so that an idle destination can retry. The minute is the present second
/// and the 59 before it. First attempts always pass. For one thread.
class RetryBudget {
 public:
  /// Retries of a minute that always pass.
  static constexpr int kFloor = 10;

  /// @param share  0 .. 1; with 1 every retry passes
  explicit RetryBudget(double share);

  /// When a retry may be sent: `now`, or the time at which to ask again. First attempts that are
  /// sent meanwhile may make it earlier.
  Timestamp NextAt(Timestamp now);

  /// A request is sent now.
  void Note(bool is_retry, Timestamp now);

 private:
  enum Kind : std::size_t { kRequest, kRetry, kKinds };

  bool Allows(const SlidingCounts<kKinds>::Counts& sent) const;

  const double share_;
  SlidingCounts<kKinds> sent_;
};

}  // namespace postrider
