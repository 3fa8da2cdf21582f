#pragma once

#include <atomic>
#include <stop_token>
#include <thread>

#include "postrider/engine/incarnation.h"
#include "relay/session.h"

namespace postrider {

/// Keeps this incarnation alive in the database, on a connection of its own with short timeouts,
/// and knows until when requests may be started. Time is CLOCK_BOOTTIME, which does not stand still
/// while the machine sleeps.
class LeaseThread {
 public:
  /// The incarnation has just been enrolled; `began` is when that was asked for.
  LeaseThread(const DatabaseAccess& access, const Incarnation& incarnation,
              std::chrono::nanoseconds began);

  void Stop();
  /// Whether a request may still be started: no later than the lease less one renewal interval
  /// after the start of the last renewal that succeeded. Any thread.
  bool MaySend() const;
  /// The database says that this incarnation is dead.
  bool lost() const { return lost_.load(); }

  /// Now, by CLOCK_BOOTTIME.
  static std::chrono::nanoseconds BootTime();

 private:
  void Work(std::stop_token stop);

  const DatabaseAccess& access_;
  const Incarnation& incarnation_;
  std::atomic<std::chrono::nanoseconds::rep> renewed_;
  std::atomic<bool> lost_{false};
  std::jthread thread_;
};

}  // namespace postrider
