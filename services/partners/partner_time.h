#pragma once

#include <chrono>
#include <functional>

namespace postrider::partners {

using Duration = std::chrono::microseconds;
using Instant = std::chrono::sys_time<Duration>;

/// Tells the time; never goes back. Callable from any thread.
using PartnerClock = std::function<Instant()>;

}  // namespace postrider::partners
