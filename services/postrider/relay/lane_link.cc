#include "relay/lane_link.h"

#include <algorithm>
#include <utility>

namespace postrider {

LaneLink::LaneLink(LaneId id, std::function<void(Task)> post, std::function<Timestamp()> now)
    : id_(id), post_(std::move(post)), now_(std::move(now)) {}

LaneRoom LaneLink::Room() const {
  return {room_events_.load() - on_the_way_.load(), room_bytes_.load() - bytes_on_the_way_.load()};
}

void LaneLink::Reset(std::uint64_t era) {
  post_([this, era](LaneBase& lane) {
    lane.Reset(era);
    era_.store(era);
  });
}

void LaneLink::SetHistory(const std::string& canary) {
  const std::lock_guard lock(mutex_);
  closed_canary_ = canary;
}

void LaneLink::SetClosed(EventId high) {
  closed_.store(high);
  post_([high](LaneBase& lane) { lane.SetClosed(high); });
}

void LaneLink::Take(std::vector<EventRef> events, const std::string& canary) {
  if (canary_ == nullptr || *canary_ != canary) {
    canary_ = std::make_shared<const std::string>(canary);
  }
  const auto count = static_cast<std::int64_t>(events.size());
  std::int64_t bytes = 0;
  for (const EventRef& event : events) bytes += static_cast<std::int64_t>(event->body.size());
  on_the_way_ += count;
  bytes_on_the_way_ += bytes;
  post_([this, count, bytes, events = std::move(events), canary_ref = canary_](LaneBase& lane) {
    lane.Take(events, canary_ref, now_());
    // Published before the way is counted down, so that Room never shows more than there is.
    Publish(lane);
    on_the_way_ -= count;
    bytes_on_the_way_ -= bytes;
  });
}

void LaneLink::Recovered(std::uint64_t era) {
  post_([era](LaneBase& lane) { lane.Recovered(era); });
}

void LaneLink::Judge(EventId high) {
  post_([high](LaneBase& lane) { lane.Judge(high); });
}

void LaneLink::SetPendingMark(std::optional<Mark> mark) {
  const std::lock_guard lock(mutex_);
  mark_ = mark;
}

std::optional<Mark> LaneLink::pending_mark() const {
  const std::lock_guard lock(mutex_);
  return mark_;
}

std::optional<EventId> LaneLink::ClosedUnder(const std::string& canary) const {
  const std::lock_guard lock(mutex_);
  const EventId closed = closed_.load();
  // A lane that has forgotten everything shows 0 until its recovery begins.
  if (closed <= 0 || closed_canary_ != canary) return std::nullopt;
  return closed;
}

void LaneLink::Stop() {
  post_([this](LaneBase& lane) {
    lane.Stop();
    // Idle is what is published next: the lane may have begun something since the last time.
    idle_.store(false);
    stopped_.store(true);
  });
}

LaneLink::Gauges LaneLink::gauges() const {
  const std::lock_guard lock(mutex_);
  return gauges_;
}

void LaneLink::Publish(const LaneBase& lane) {
  room_events_.store(lane.room_events());
  room_bytes_.store(lane.room_bytes());
  closed_.store(lane.closed_up_to());
  const LaneStats stats = lane.stats();
  idle_.store(lane.idle());
  quiet_.store(stats.queued == 0 && lane.idle() && lane.NextWake() > now_());
  const std::lock_guard lock(mutex_);
  gauges_ = {stats, lane.oldest_queued()};
}

}  // namespace postrider
