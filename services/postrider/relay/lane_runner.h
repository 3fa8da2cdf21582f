#pragma once

#include "postrider/engine/lane_base.h"
#include "postrider/http/event_loop.h"
#include "relay/database_clock.h"
#include "relay/exchange.h"
#include "relay/lane_link.h"

namespace postrider {

/// Drives a lane on its event loop: pumps it after every event, keeps its one timer, publishes how
/// it looks. Belongs to the loop's thread; all borrowed parts must outlive it.
class LaneRunner {
 public:
  LaneRunner(LaneBase& lane, LaneLink& link, EventLoop& loop, Exchange& exchange,
             DatabaseClock& clock);
  ~LaneRunner();
  LaneRunner(const LaneRunner&) = delete;
  LaneRunner& operator=(const LaneRunner&) = delete;

  LaneBase& lane() { return lane_; }
  LaneLink& link() { return link_; }
  /// The present time, for calls to the lane, which is told if the clock has been set.
  Timestamp Now();
  /// Lets the lane do what has become possible.
  void Pump();
  /// The same in the next turn of the loop; for callers that must not start requests.
  void PumpSoon();

 private:
  void SetTimer();

  LaneBase& lane_;
  LaneLink& link_;
  EventLoop& loop_;
  Exchange& exchange_;
  DatabaseClock& clock_;
  microseconds ahead_;  ///< of the clock, as the lane knows it
  EventLoop::TimerId timer_;
  EventLoop::TimerId soon_;
  Timestamp timer_at_ = kNever;
  std::int64_t most_room_ = 0;
  bool had_room_ = true;
};

}  // namespace postrider
