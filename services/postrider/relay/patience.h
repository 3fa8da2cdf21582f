#pragma once

#include <algorithm>

#include "postrider/model/time.h"
#include "postrider/postgres/fault.h"

namespace postrider {

/// How long a reading statement may take. Short at first, so that a network that swallows the
/// answer is noticed soon; a server that needed longer gets twice the time from then on. One
/// thread.
class Patience {
 public:
  static constexpr milliseconds kMost{60000};

  explicit Patience(milliseconds first) : limit_(first) {}

  milliseconds limit() const { return limit_; }
  /// Only what the server itself has cancelled counts: it was there, and busy.
  void Note(const DatabaseFault& fault) {
    if (fault.sqlstate() == "57014") limit_ = std::min(kMost, 2 * limit_);
  }

 private:
  milliseconds limit_;
};

}  // namespace postrider
