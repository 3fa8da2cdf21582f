#pragma once

#include <chrono>

namespace postrider {

/// A point in time by the clock of the database, in microseconds (PostgreSQL's own resolution).
/// Everything that is compared with a stored time, and all of the engine, uses this type; it never
/// depends on the local wall clock, which may jump.
using Timestamp = std::chrono::sys_time<std::chrono::microseconds>;

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// Later than any due time: "not before something happens".
inline constexpr Timestamp kNever = Timestamp::max();

}  // namespace postrider
