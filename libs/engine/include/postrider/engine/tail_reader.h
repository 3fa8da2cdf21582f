#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "postrider/engine/catch_up.h"
#include "postrider/engine/event_log.h"
#include "postrider/engine/feed.h"
#include "postrider/engine/tail.h"

namespace postrider {

/// What one poll led to.
struct TailTurn {
  int events = 0;                ///< rows that became known
  bool more = false;             ///< the page was full: poll again at once
  std::vector<Feed> off_tail;    ///< could not take what came, or could not join
  bool history_changed = false;  ///< the canary: every lane must recover, `off_tail` holds all
  /// The id sequence is lower than it was, in the same history: nobody can repair that silently.
  bool sequence_went_back = false;
};

/// Reads the head of the log for all lanes that stand there. A lane that cannot take what a poll
/// brought takes nothing of it and falls off, at the place where it stood. Pure but for the log;
/// used by one thread.
class TailReader {
 public:
  TailReader(EventLog& log, int limit) : log_(log), limit_(limit) {}

  /// A lane that has come near; it joins with one of the next polls.
  void Join(Feed feed) { joining_.push_back(std::move(feed)); }
  void Remove(LaneId lane);

  /// One poll. Throws what the log throws; then call `Abandon`.
  TailTurn Turn(const MarkRounds& rounds);

  /// A lane that sends stands at the head, or is about to. The one of events that nobody takes has
  /// time.
  bool hurried() const;

  /// The connection is gone: gives all feeds back, to be recovered.
  std::vector<Feed> Abandon();

  /// Where the tail stands; nullopt before the first poll.
  const std::optional<TailPlace>& place() const { return place_; }
  const LogHead& head() const { return head_; }

 private:
  TailTurn StartTurn();
  TailTurn PollTurn(const MarkRounds& rounds);
  bool HistoryChanged(const LogHead& head);
  bool SequenceWentBack(const LogHead& head) const;
  std::optional<Feed> TryJoin(const TailPage& page, TailTurn& turn);
  void HandOut(const std::vector<EventRef>& events, const Position& before,
               const std::optional<Step>& unfinished, TailTurn& turn);
  static bool Offer(Feed& feed, const std::vector<EventRef>& events, const Position& had,
                    const std::string& canary);
  void Publish();

  EventLog& log_;
  int limit_;
  std::optional<Tail> tail_;
  std::optional<TailPlace> place_;
  std::uint64_t polls_ = 0;
  LogHead head_;
  std::vector<Feed> feeds_;
  std::deque<Feed> joining_;
  /// The last poll was spent on somebody who could not join. The next one is the tail's own, or a
  /// lane that keeps coming back would hold it in place for ever.
  bool join_refused_ = false;
};

}  // namespace postrider
