#pragma once

#include <cstdint>

#include "postrider/engine/incarnation.h"
#include "postrider/model/settings.h"

namespace postrider {

/// A new incarnation of this process, with a fresh id.
Incarnation MakeIncarnation(const RelaySettings& settings);

/// Whether the process `pid` that began at `start` (clock ticks since boot) still exists. Only
/// meaningful on the host where both numbers were taken.
bool ProcessLives(int pid, std::int64_t start);

}  // namespace postrider
