#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "postrider/model/time.h"
#include "postrider/policy/sliding_counts.h"

namespace postrider {

/// How the last calls to a partner went: the last so many, or those of the last so many seconds.
class CallWindow {
 public:
  struct Counts {
    std::int64_t calls = 0;
    std::int64_t failed = 0;
    std::int64_t slow = 0;  ///< of all calls, the failed ones included

    friend bool operator==(const Counts&, const Counts&) = default;
  };

  /// @param window  calls, or a duration in whole seconds of which the present one is the last;
  ///                at least 1
  explicit CallWindow(const std::variant<int, seconds>& window);

  void Add(bool failed, bool slow, Timestamp now);
  void Clear();

  /// As of the last Add().
  Counts counts() const;

  /// How many calls it can hold; nullopt when it goes by time.
  std::optional<std::int64_t> capacity() const;

 private:
  enum Kind : std::size_t { kCall, kFailed, kSlow, kKinds };
  struct Call {
    bool failed = false;
    bool slow = false;
  };

  void Count(const Call& call, std::int64_t by);

  std::optional<SlidingCounts<kKinds>> by_time_;  ///< unset: the members below
  std::vector<Call> calls_;                       ///< a ring
  std::size_t next_ = 0;
  Counts counts_;
};

}  // namespace postrider
