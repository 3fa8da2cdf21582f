#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "postrider/engine/lane.h"
#include "postrider/engine/unrouted_lane.h"
#include "relay/exchange.h"
#include "relay/lane_link.h"
#include "simulation/simulated_recorder.h"
#include "simulation/world.h"

namespace postrider::simulation {

/// What the lanes of one process share.
struct LaneSurroundings {
  World& world;
  Exchange& exchange;
  SimulatedRecorder& recorder;
  RandomSource& random;
  int incarnation = 0;
  /// Runs a task later, unless the process is dead by then.
  std::function<void(microseconds, std::function<void()>)> later;
};

/// A lane on its event loop: messages reach it in order and late, its requests go to the scripted
/// partner, its settlements to the recorder.
class SimulatedLane : private LaneEffects, private LaneObserver {
 public:
  SimulatedLane(LaneId id, std::int64_t epoch, const LaneSurroundings& surroundings);
  /// What its former owner has sent; `complete` when that is all.
  void RestoreSent(const std::vector<microseconds>& ages, bool complete);

  LaneLink& link() { return link_; }
  void Reply(BacklogReply reply);
  void NoteForeign(const std::vector<DueOrder>& rows);
  void Cancel(const CancelRequest& request);

 private:
  void Start(Send send) override;
  void Settle(Settlement settlement) override;
  void Ask(BacklogQuery query) override;
  std::optional<Emitted> FollowUp(const Event&, const Outcome&, const HttpAnswer*) override {
    return std::nullopt;
  }
  void Pause(const PauseCause& /*cause*/) override {}
  void OnOutcome(const Event& event, const Outcome& outcome) override;
  void OnHeld(Held reason, microseconds time) override;
  void OnBreaker(std::size_t endpoint, CircuitBreaker::State state) override;

  /// A request on its way.
  struct Request {
    Send send;
    int run = 1;
    Timestamp began;
  };
  using RequestRef = std::shared_ptr<const Request>;
  void Write(const RequestRef& request);
  void NotWritten(const RequestRef& request);
  void Arrive(const RequestRef& request);
  void Answer(const RequestRef& request, const HttpAnswer& answer);

  void TraceReply(const BacklogReply& reply) const;
  void Post(std::function<void()> task);
  LaneBase& lane();
  void Pump();

  const LaneId id_;
  const LaneSurroundings around_;
  Timestamp last_task_;
  Timestamp timer_at_ = kNever;
  Held told_held_ = Held::kNothing;
  std::optional<Lane> lane_;
  std::optional<UnroutedLane> unrouted_;
  LaneLink link_;
};

}  // namespace postrider::simulation
