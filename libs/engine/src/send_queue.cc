#include "postrider/engine/send_queue.h"

#include <algorithm>

namespace postrider {
namespace {

/// So many others go for each delivery that was put back.
constexpr int kOthers = 3;

}  // namespace

std::optional<EventId> SendQueue::Pop(bool retries) {
  const auto chosen = Choose(retries);
  if (!chosen) return std::nullopt;
  std::deque<EventId>& line = Of(*chosen);
  const EventId id = line.front();
  line.pop_front();
  return id;
}

std::optional<SendQueue::Line> SendQueue::Choose(bool retries) {
  const bool log = !Of(Line::kLog).empty();
  const bool retry = retries && has_retries();
  const bool due = !Of(Line::kDue).empty() || retry;
  const bool put_back = !Of(Line::kPutBack).empty();
  if (put_back && ((!log && !due) || since_put_back_ >= kOthers)) {
    since_put_back_ = 0;
    return Line::kPutBack;
  }
  if (!log && !due) return std::nullopt;
  since_put_back_ = std::min(since_put_back_ + 1, kOthers);
  const bool from_due = due && (due_turn_ || !log);
  due_turn_ = !from_due;
  if (!from_due) return Line::kLog;
  const bool from_retry = retry && (retry_turn_ || Of(Line::kDue).empty());
  retry_turn_ = !from_retry;
  return from_retry ? Line::kRetry : Line::kDue;
}

bool SendQueue::empty() const {
  return std::all_of(lines_.begin(), lines_.end(), [](const auto& line) { return line.empty(); });
}

std::optional<EventId> SendQueue::Front(Line line) const {
  if (Of(line).empty()) return std::nullopt;
  return Of(line).front();
}

void SendQueue::Clear() {
  for (std::deque<EventId>& line : lines_) line.clear();
}

}  // namespace postrider
