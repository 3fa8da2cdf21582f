#pragma once

#include <cstdint>
#include <functional>
#include <queue>
#include <random>
#include <vector>

#include "postrider/model/time.h"

namespace postrider::simulation {

/// Where a simulated run gets its chance from: the same seed, the same run.
class Chance {
 public:
  explicit Chance(std::uint64_t seed) : engine_(seed) {}

  /// A number in [0, limit).
  std::uint64_t Below(std::uint64_t limit) { return engine_() % limit; }
  bool OneIn(std::uint64_t n) { return Below(n) == 0; }
  /// Evenly in [least, most].
  microseconds Between(microseconds least, microseconds most);
  /// Mostly short, sometimes some ten times as long: how long things take.
  microseconds Around(microseconds mean);

 private:
  std::mt19937_64 engine_;
};

/// The clock and the order of everything that happens. Tasks of one moment run in the order in
/// which they were given.
class VirtualTime {
 public:
  using Task = std::function<void()>;

  Timestamp now() const { return now_; }
  void At(Timestamp when, Task task);
  void After(microseconds delay, Task task) { At(now_ + delay, std::move(task)); }
  /// Runs all that is due in the next `time`. May be called from inside a task: that is what a
  /// blocking call does, while other threads go on. Calls end in the reverse order of beginning.
  void Pass(microseconds time);

 private:
  struct Entry {
    Timestamp when;
    std::uint64_t number;
    Task task;
  };
  struct Later {
    bool operator()(const Entry& a, const Entry& b) const {
      return a.when != b.when ? a.when > b.when : a.number > b.number;
    }
  };

  Timestamp now_{std::chrono::hours(480000)};
  std::uint64_t given_ = 0;
  std::priority_queue<Entry, std::vector<Entry>, Later> tasks_;
};

}  // namespace postrider::simulation
