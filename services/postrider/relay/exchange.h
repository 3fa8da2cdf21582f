#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "postrider/engine/catch_up.h"
#include "postrider/engine/feed.h"
#include "postrider/engine/lane_effects.h"
#include "relay/commit_watch.h"

namespace postrider {

/// A question of a lane with the lane that asks.
struct LaneQuery {
  LaneId lane;
  BacklogQuery query;
};

/// What the reader, the fetcher and the keeper pass to each other. Thread-safe; nothing blocks but
/// the waits. A feed is always in exactly one hand: a reader's, the fetcher's, or here.
class Exchange {
 public:
  struct Era {
    std::uint64_t number = 0;
    std::uint64_t history = 0;  ///< the last era that began because the history changed

    /// Whether the history changed since an earlier era.
    bool HistoryChangedSince(std::uint64_t earlier) const { return history > earlier; }
  };

  // -- By the reader ----------------------------------------------------------------------------

  /// Everything read so far may be wrong: every lane recovers. Returns the new era's number.
  std::uint64_t BeginEra(bool history_changed);
  void Publish(const TailPlace& place, const LogHead& head);
  void GiveToFetcher(std::vector<Feed> feeds);
  std::vector<Feed> TakeForTail();
  /// Returns early when there is something to join, when places are wanted, or at Stop.
  void WaitForTail(milliseconds time);

  // -- By the fetcher ---------------------------------------------------------------------------

  Era era() const;
  std::optional<TailPlace> place() const;
  std::string canary() const;
  std::vector<Feed> TakeForFetcher();
  void GiveToTail(std::vector<Feed> feeds);
  /// Lanes begin to recover, for which they need polls that begin after this.
  void WantPlaces();
  std::vector<LaneQuery> TakeQueries();
  /// Returns early when there are feeds or queries, room in a lane, or at Stop.
  void WaitForFetcher(milliseconds time);

  // -- By lanes ---------------------------------------------------------------------------------

  void Ask(LaneQuery query);
  /// A lane that is off the tail has room again.
  void NoteRoom();

  // -- By the keeper ----------------------------------------------------------------------------

  /// From here on places copied are older than the xid to come.
  void BeginRound();
  void FinishRound(Xid xid);
  MarkRounds rounds() const;

  /// What the id sequence had given out at the last poll.
  EventId last_value() const;

  /// Ends all waits, for good.
  void Stop();

  // -- By everybody -----------------------------------------------------------------------------

  CommitWatch& commits() { return commits_; }
  const CommitWatch& commits() const { return commits_; }

  /// What was read may be of a history that nobody knows: nothing is sent any more.
  void Halt() { halted_.store(true); }
  bool halted() const { return halted_.load(); }

 private:
  mutable std::mutex mutex_;
  std::condition_variable tail_wakes_;
  std::condition_variable fetcher_wakes_;
  Era era_;
  std::optional<TailPlace> place_;
  std::string canary_;
  EventId last_value_ = 0;
  std::vector<Feed> to_fetcher_;
  std::vector<Feed> to_tail_;
  std::vector<LaneQuery> queries_;
  MarkRounds rounds_;
  bool room_ = false;
  int places_wanted_ = 0;
  bool stopped_ = false;
  CommitWatch commits_;
  std::atomic<bool> halted_{false};
};

}  // namespace postrider
