#include "relay/lane_runner.h"

#include <algorithm>

namespace postrider {

LaneRunner::LaneRunner(LaneBase& lane, LaneLink& link, EventLoop& loop, Exchange& exchange,
                       DatabaseClock& clock)
    : lane_(lane),
      link_(link),
      loop_(loop),
      exchange_(exchange),
      clock_(clock),
      ahead_(clock.Read().ahead) {
  link_.Publish(lane_);
}

LaneRunner::~LaneRunner() {
  loop_.Cancel(timer_);
  loop_.Cancel(soon_);
}

Timestamp LaneRunner::Now() {
  const DatabaseClock::Reading reading = clock_.Read();
  if (reading.ahead != ahead_) lane_.ClockMoved(reading.ahead - ahead_);
  ahead_ = reading.ahead;
  return reading.now;
}

void LaneRunner::PumpSoon() {
  if (soon_.number != 0) return;
  soon_ = loop_.RunAt(EventLoop::Clock::now(), [this] {
    soon_ = {};
    Pump();
  });
}

void LaneRunner::Pump() {
  lane_.Pump(Now());
  link_.Publish(lane_);
  // Readers that found the lane full are told once it is half empty.
  const std::int64_t room = lane_.room_events();
  most_room_ = std::max(most_room_, room);
  const bool has_room = room > most_room_ / 2;
  if (has_room && !had_room_) exchange_.NoteRoom();
  had_room_ = has_room;
  SetTimer();
}

void LaneRunner::SetTimer() {
  const Timestamp wake = lane_.NextWake();
  if (wake == timer_at_) return;
  loop_.Cancel(timer_);
  timer_at_ = wake;
  if (wake == kNever) return;
  timer_ = loop_.RunAt(clock_.ToSteady(wake), [this] {
    timer_at_ = kNever;
    Pump();
  });
}

}  // namespace postrider
