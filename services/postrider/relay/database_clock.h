#pragma once

#include <atomic>
#include <chrono>

#include "postrider/model/time.h"

namespace postrider {

/// The database's clock, carried on by the local steady clock between two looks at it: a jump of
/// the local wall clock changes nothing. Thread-safe.
class DatabaseClock {
 public:
  using Steady = std::chrono::steady_clock;

  DatabaseClock() {
    Set(std::chrono::time_point_cast<microseconds>(std::chrono::system_clock::now()));
  }

  /// The database said that it is `now`.
  void Set(Timestamp now) {
    offset_.store((now.time_since_epoch() - SteadyMicros()).count(), std::memory_order_relaxed);
  }
  Timestamp Now() const { return Timestamp(SteadyMicros() + Offset()); }
  /// The time together with how far this clock is ahead of the steady one, which changes when it is
  /// set.
  struct Reading {
    Timestamp now;
    microseconds ahead;
  };
  Reading Read() const {
    const microseconds ahead = Offset();
    return {Timestamp(SteadyMicros() + ahead), ahead};
  }
  /// The same moment on the steady clock, for timers.
  Steady::time_point ToSteady(Timestamp time) const {
    return Steady::time_point(time.time_since_epoch() - Offset());
  }

 private:
  static microseconds SteadyMicros() {
    return std::chrono::duration_cast<microseconds>(Steady::now().time_since_epoch());
  }
  microseconds Offset() const { return microseconds(offset_.load(std::memory_order_relaxed)); }

  std::atomic<microseconds::rep> offset_{0};
};

}  // namespace postrider
