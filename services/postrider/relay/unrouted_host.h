#pragma once

#include <optional>
#include <vector>

#include "postrider/engine/unrouted_lane.h"
#include "postrider/telemetry/log.h"
#include "postrider/telemetry/metrics.h"
#include "relay/lane_runner.h"

namespace postrider {

class Recorder;

/// The unrouted lane on its event loop. Belongs to the loop's thread.
class UnroutedHost : private LaneEffects, private LaneObserver {
 public:
  UnroutedHost(UnroutedSettings settings, std::int64_t epoch, LaneLink& link, EventLoop& loop,
               Exchange& exchange, DatabaseClock& clock, Recorder& recorder, Metrics& metrics,
               Logger& log);

  LaneRunner& runner() { return runner_; }
  UnroutedLane& lane() { return lane_; }

 private:
  void Start(Send /*send*/) override {}
  void Settle(Settlement settlement) override;
  void Ask(BacklogQuery /*query*/) override {}
  std::optional<Emitted> FollowUp(const Event&, const Outcome&, const HttpAnswer*) override {
    return std::nullopt;
  }
  void Pause(const PauseCause& /*cause*/) override {}
  void OnOutcome(const Event& event, const Outcome& outcome) override;

  LaneLink& link_;
  Recorder& recorder_;
  Metrics& metrics_;
  Logger& log_;
  UnroutedLane lane_;
  LaneRunner runner_;
};

}  // namespace postrider
