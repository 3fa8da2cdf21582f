#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>

#include "postrider/model/snapshot.h"
#include "postrider/model/time.h"

namespace postrider {

/// Whether anybody may have committed something. The reader polls in any case, and its snapshots
/// tell: while they stay the same no transaction with a number has ended, so no table has changed.
/// A relay at rest then asks the database for nothing else. Thread-safe.
class CommitWatch {
 public:
  using Clock = std::chrono::steady_clock;

  struct View {
    std::uint64_t changes = 0;    ///< snapshots that differed from the one before
    Clock::time_point polled_at;  ///< what was committed before this is among them
  };

  /// By the reader, after a poll that began at `began`.
  void Saw(const Snapshot& snapshot, Clock::time_point began);
  /// What was seen may be of another history.
  void Forget();
  View view() const;

 private:
  mutable std::mutex mutex_;
  std::optional<Snapshot> snapshot_;
  View view_;
};

/// When one who looks for changes of some kind has to look again. Used by one thread:
/// `if (lookout.Due()) { look; lookout.Looked(); }`, so that a look that failed is made again.
class Lookout {
 public:
  /// @param longest  looks after this time in any case, for what changes by the clock
  Lookout(const CommitWatch& commits, milliseconds longest)
      : commits_(commits), longest_(longest) {}

  bool Due();
  void Looked();

 private:
  const CommitWatch& commits_;
  const milliseconds longest_;
  CommitWatch::Clock::time_point began_;
  std::uint64_t changes_ = 0;
  std::optional<CommitWatch::Clock::time_point> looked_at_;  ///< when the last look began
  std::uint64_t looked_changes_ = 0;                         ///< as seen before the last look
};

}  // namespace postrider
