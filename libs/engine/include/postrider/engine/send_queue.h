#pragma once

#include <array>
#include <cstddef>
#include <deque>
#include <optional>

#include "postrider/model/event.h"

namespace postrider {

/// Deliveries that may be sent, in three lines that share what a lane can send: what comes from the
/// log and what falls due take turns, and of what people put back at least every fourth goes, all
/// of them when nothing else waits. See docs/decisions/0017-shares-of-a-lane.md.
class SendQueue {
 public:
  enum class Line { kLog, kDue, kPutBack };

  void Push(Line line, EventId id) { Of(line).push_back(id); }
  void PushFront(Line line, EventId id) { Of(line).push_front(id); }
  std::optional<EventId> Pop();

  bool empty() const;
  /// The one that goes first in a line.
  std::optional<EventId> Front(Line line) const;
  void Clear();

 private:
  std::deque<EventId>& Of(Line line) { return lines_.at(static_cast<std::size_t>(line)); }
  const std::deque<EventId>& Of(Line line) const {
    return lines_.at(static_cast<std::size_t>(line));
  }
  Line Choose();

  std::array<std::deque<EventId>, 3> lines_;
  bool due_turn_ = false;
  int since_put_back_ = 0;  ///< others sent since the last one that was put back
};

}  // namespace postrider
