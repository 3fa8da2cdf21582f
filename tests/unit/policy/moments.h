#pragma once

#include "postrider/model/time.h"

namespace postrider {

/// The moment at which the tests of policies begin.
inline constexpr Timestamp kStart{seconds(1700000000)};

/// So long after it.
inline constexpr Timestamp After(microseconds passed) { return kStart + passed; }

}  // namespace postrider
