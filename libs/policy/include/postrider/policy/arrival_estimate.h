#pragma once

#include "postrider/model/time.h"

namespace postrider {

/// How much later than usual a request reached the partner, as far as its answer can tell.
///
/// A call takes the way there, the partner's work, and the way back. The shortest call of the last
/// one to two minutes shows what these take at least; what a call took longer may have been lost on
/// the way there, and counts as lost there. More than 250 ms are taken as the partner's work. The
/// first calls may all have been late, so all of their time counts. Why that keeps the windows:
/// docs/decisions/0015-rate-windows-have-an-allowance.md.
/// For one thread.
class ArrivalEstimate {
 public:
  /// A call was answered now, so long after it was written; 0 to 250 ms.
  microseconds LateBy(microseconds latency, Timestamp now);

 private:
  static constexpr microseconds kUnknown = microseconds::max();
  /// As many as may be under way at once when sending begins.
  static constexpr int kFirst = 64;

  int answers_ = 0;                       ///< up to kFirst
  microseconds least_ = kUnknown;         ///< since `since_`
  microseconds former_least_ = kUnknown;  ///< of the minute before
  Timestamp since_ = Timestamp::min();
};

}  // namespace postrider
