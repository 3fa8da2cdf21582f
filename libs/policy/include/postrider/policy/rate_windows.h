#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <vector>

#include "postrider/model/settings.h"
#include "postrider/model/time.h"

namespace postrider {

/// Lets requests out such that a partner never counts more than `count` of them in any interval of
/// a window's length, wherever the partner's interval begins. Every window holds. Nothing is
/// smoothed: what a window allows may leave at once.
///
/// The partner counts arrivals, we count departures: of two requests the first may be delayed on
/// its way and the second not, and then they arrive closer together than they left. So a window is
/// kept for 4 % longer than it is, at most for 1 s longer. Requests may then differ by that much in
/// how long they travel, and still more than 96 % of what is allowed can be used.
///
/// What counts is the moment of writing. Where it is known at once, Note() is all there is to say.
/// Where a connection may have to be made first, Reserve() takes the place and Written() or
/// Release() says what became of it: a reserved request counts as long as it is under way, so the
/// limit holds however late it is written. NoteLate() corrects a Note() afterwards, which is exact
/// only when it comes before the next request is let out.
///
/// A decision costs a look at one time per window, whatever else waits. Memory: as many times as
/// the largest count. The times come from one clock: what it jumps forward is missing from the
/// windows, so they should be of a steady one. For one thread.
class RateWindows {
 public:
  /// Counts below 1 are taken as 1. No windows: no limit.
  explicit RateWindows(const std::vector<RateWindow>& windows);

  /// When the next request may be written: `now`, or the time at which to ask again. kNever: not
  /// before a reserved one was written or released.
  Timestamp NextAt(Timestamp now) const;

  /// A request is written now. Times may come in any order.
  void Note(Timestamp sent);

  /// A request was let out and will be written, nobody knows when.
  void Reserve();
  /// A reserved request is written.
  void Written(Timestamp at);
  /// A reserved request was not written, and will not be.
  void Release();

  /// What was noted at one time was written at a later one. Never makes it earlier.
  void NoteLate(Timestamp noted, Timestamp written);

  /// After a crash or a change of hands: what was sent within longest(), in any order, and
  /// `unknown` requests that may have been sent up to now.
  void Restore(const std::vector<Timestamp>& times, std::size_t unknown, Timestamp now);

  /// How far back a request still counts, the allowance included. 0 without windows.
  microseconds longest() const { return longest_; }

 private:
  struct Window {
    std::size_t count;
    microseconds length;  ///< with the allowance
  };

  void Trim();

  std::vector<Window> windows_;
  std::size_t capacity_ = 0;  ///< the largest count
  microseconds longest_{0};
  std::size_t reserved_ = 0;
  std::deque<Timestamp> times_;  ///< the last `capacity_` requests, sorted
};

/// The part of shard `shard` (from 0) of a destination's windows: counts divided, what is left over
/// to the first shards. nullopt when some shard would not get a single request.
std::optional<std::vector<RateWindow>> DivideRates(const std::vector<RateWindow>& windows,
                                                   int shards, int shard);

}  // namespace postrider
