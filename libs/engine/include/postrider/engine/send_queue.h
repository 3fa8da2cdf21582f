#pragma once

#include <array>
#include <cstddef>
#include <deque>
#include <optional>

#include "postrider/model/event.h"

namespace postrider {

/// Deliveries that may be sent, in lines that share what a lane can send: what comes from the log
/// and what falls due (retries, and all else) take turns, and of what people put back at least
/// every fourth goes, all of them when nothing else waits. Retries may have to wait while others
/// go. See docs/decisions/0017-shares-of-a-lane.md.
class SendQueue {
 public:
  enum class Line { kLog, kDue, kRetry, kPutBack };

  void Push(Line line, EventId id) { Of(line).push_back(id); }
  void PushFront(Line line, EventId id) { Of(line).push_front(id); }
  /// @param retries  whether one of them may go
  std::optional<EventId> Pop(bool retries = true);

  bool empty() const;
  bool has_retries() const { return !Of(Line::kRetry).empty(); }
  /// The one that goes first in a line.
  std::optional<EventId> Front(Line line) const;
  void Clear();

 private:
  std::deque<EventId>& Of(Line line) { return lines_.at(static_cast<std::size_t>(line)); }
  const std::deque<EventId>& Of(Line line) const {
    return lines_.at(static_cast<std::size_t>(line));
  }
  std::optional<Line> Choose(bool retries);

  std::array<std::deque<EventId>, 4> lines_;
  bool due_turn_ = false;
  bool retry_turn_ = false;
  int since_put_back_ = 0;  ///< others sent since the last one that was put back
};

}  // namespace postrider
