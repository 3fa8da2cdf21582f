#pragma once

#include <vector>

#include "postrider/model/settings.h"
#include "postrider/model/time.h"

namespace postrider {

/// How much later than usual a request reached the partner, as far as its answer can tell.
///
/// A call takes the way there, the partner's work, and the way back. The shortest call of the last
/// one to two minutes shows what these take at least; what a call took longer may have been lost on
/// the way there, and counts as lost there, up to a tenth of the shortest window or 250 ms,
/// whichever is more: the rest is taken as the partner's work. The first calls may all have been
/// late, so all of their time counts. Why that keeps the windows:
/// docs/decisions/0015-rate-windows-have-an-allowance.md.
/// For one thread.
class ArrivalEstimate {
 public:
  explicit ArrivalEstimate(const std::vector<RateWindow>& windows);

  /// A call was answered now, so long after it was written.
  microseconds LateBy(microseconds latency, Timestamp now);

 private:
  static constexpr microseconds kUnknown = microseconds::max();
  /// As many as may be under way at once when sending begins.
  static constexpr int kFirst = 64;

  microseconds most_;
  int answers_ = 0;                       ///< up to kFirst
  microseconds least_ = kUnknown;         ///< since `since_`
  microseconds former_least_ = kUnknown;  ///< of the minute before
  Timestamp since_ = Timestamp::min();
};

}  // namespace postrider
