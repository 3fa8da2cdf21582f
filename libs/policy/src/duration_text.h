#pragma once

#include <string>

#include "postrider/model/time.h"

namespace postrider {

/// A duration in the two or three units that say it exactly: `250ms`, `1.5s`, `1h 25m 20s`, `3d`.
/// Whole seconds from one minute on.
std::string ReadableDuration(milliseconds duration);

}  // namespace postrider
