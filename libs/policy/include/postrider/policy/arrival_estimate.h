#pragma once

#include "postrider/model/time.h"

namespace postrider {

/// How much later than usual a request reached the partner, as far as its answer can tell.
///
/// A call takes the way there, the partner's work, and the way back. The shortest call of the last
/// one to two minutes shows what these take at least; what a call took longer may have been lost on
/// the way there. So a request that was answered at R has arrived at the latest when the way there
/// takes at its least after R minus the shortest call, and a request that leaves a window's length
/// after that arrives a window's length later. More than 250 ms are taken as the partner's work.
/// For one thread.
class ArrivalEstimate {
 public:
  /// A call was answered now, so long after it was written; 0 to 250 ms.
  microseconds LateBy(microseconds latency, Timestamp now);

 private:
  static constexpr microseconds kUnknown = microseconds::max();

  microseconds least_ = kUnknown;         ///< since `since_`
  microseconds former_least_ = kUnknown;  ///< of the minute before
  Timestamp since_ = Timestamp::min();
};

}  // namespace postrider
