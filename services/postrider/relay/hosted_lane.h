#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "postrider/engine/lane.h"
#include "postrider/http/http_crew.h"
#include "postrider/postgres/postgres_lane_policies.h"
#include "postrider/telemetry/log.h"
#include "postrider/telemetry/metrics.h"
#include "relay/cool_downs.h"
#include "relay/credential_keeper.h"
#include "relay/database_clock.h"
#include "relay/endpoints.h"
#include "relay/exchange.h"
#include "relay/lane_runner.h"
#include "relay/pause_requests.h"

namespace postrider {

class Recorder;

/// Everything that makes a lane of a destination.
struct LanePlan {
  LaneSettings settings;
  std::int64_t epoch = 0;
  SentBefore sent;  ///< by its former owner
  /// Lanes of the destination that cool down. This one: as its former owner was told.
  std::vector<CoolingLane> cooling;
  DestinationSettings destination;
  std::shared_ptr<const Endpoints> endpoints;  ///< shared by the lanes of the destination
};

/// What a hosted lane borrows; all of it outlives the lane.
struct LaneSurroundings {
  EventLoop& loop;
  HttpClient& http;
  const std::vector<HttpCrew::Member>& crew;  ///< these two first
  Recorder& recorder;
  Exchange& exchange;
  PauseRequests& pauses;
  const CoolDowns& cool_downs;
  DatabaseClock& clock;
  RandomSource& random;
  DestinationMetrics& metrics;
  Logger& log;
};

/// A lane on its event loop: carries out what the lane decides, with real requests, real time and
/// the recorder. Belongs to the loop's thread.
class HostedLane : private LaneEffects, private LaneObserver {
 public:
  HostedLane(const LanePlan& plan, LaneLink& link, const LaneSurroundings& surroundings);

  Lane& lane() { return lane_; }
  LaneRunner& runner() { return runner_; }

 private:
  // -- LaneEffects ------------------------------------------------------------------------------
  void Start(Send send) override;
  void Settle(Settlement settlement) override;
  void Ask(BacklogQuery query) override;
  std::optional<Emitted> FollowUp(const Event& event, const Outcome& outcome,
                                  const HttpAnswer* answer) override;
  void Pause(const PauseCause& cause) override;
  // -- LaneObserver -----------------------------------------------------------------------------
  void OnRead(std::size_t events) override;
  void OnAttempt(const Event& event, const AttemptRecord& attempt) override;
  void OnOutcome(const Event& event, const Outcome& outcome) override;
  void OnHeld(Held reason, microseconds time) override;
  void OnBreaker(std::size_t endpoint, CircuitBreaker::State state) override;
  void OnCoolDown(std::optional<Timestamp> until) override;

  void Resume(const LanePlan& plan);
  void Transmit(HttpRequest request, std::uint64_t ticket, std::size_t endpoint);

  const DestinationSettings destination_;
  const std::shared_ptr<const Endpoints> endpoints_;
  LaneLink& link_;
  const LaneSurroundings around_;
  HttpCrew crew_;
  Lane lane_;
  LaneRunner runner_;
  CredentialKeeper credentials_;
  std::size_t answering_ = 0;  ///< the endpoint whose answer the lane is told
  bool cools_ = false;
  microseconds pool_held_{0};  ///< how long all connections have been in use
};

}  // namespace postrider
