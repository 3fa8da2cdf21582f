#pragma once

#include <functional>
#include <map>
#include <memory>
#include <thread>
#include <vector>

#include "postrider/http/event_loop.h"
#include "postrider/http/http_client.h"
#include "postrider/policy/random.h"
#include "postrider/postgres/postgres_lane_policies.h"
#include "postrider/postgres/postgres_roster.h"
#include "relay/hosted_lane.h"
#include "relay/unrouted_host.h"

namespace postrider {

/// What all event-loop threads share. Outlives them.
struct HostSurroundings {
  Recorder& recorder;
  Exchange& exchange;
  PauseRequests& pauses;
  const CoolDowns& cool_downs;
  DatabaseClock& clock;
  Metrics& metrics;
  Logger& log;
  /// False once the lease may have been lost: no request starts any more. Any thread.
  std::function<bool()> may_send;
};

/// One event-loop thread with the lanes that live on it. All methods may be called from the thread
/// that made it; they are carried out on the loop.
class LaneHost {
 public:
  explicit LaneHost(const HostSurroundings& surroundings);
  ~LaneHost();

  /// As one of several that help each other with requests.
  HttpCrew::Member member() { return {&loop_, &http_}; }
  /// To be called before the first lane is added.
  /// @param crew  this one first; all exist for as long as one of them does
  void SetCrew(std::vector<HttpCrew::Member> crew) { crew_ = std::move(crew); }

  /// Makes a lane. The link is valid until the host is destroyed.
  LaneLink& AddLane(LanePlan plan);
  /// Makes the lane of events that nobody takes.
  LaneLink& AddUnrouted(UnroutedSettings settings, std::int64_t epoch);

  /// What is registered by now: who is paused, and what the unrouted lane leaves to others.
  void SetRegistered(std::vector<RegisteredDestination> destinations);
  /// A pause that a lane has asked for is registered.
  void NotePaused(DestinationId destination);
  void Reply(LaneId lane, BacklogReply reply);
  void ForeignRows(LaneId lane, std::vector<DueOrder> rows);
  void Cancel(LaneId lane, CancelRequest request);
  /// Another shard of its destination cools down until then; nullopt: no more.
  void FollowCoolDown(LaneId lane, int shard, std::optional<Timestamp> until);

  /// No lane sends anything new.
  void StopLanes();
  /// After StopLanes: nothing is in flight and all is durable.
  bool Finished() const;
  /// Cuts what is still in flight: it is recorded as unknown.
  void Abandon();
  /// Ends the thread. The recorder must have finished.
  void Stop();

  std::chrono::steady_clock::time_point last_turn() const { return loop_.last_turn(); }

 private:
  LaneLink& MakeLink(LaneId id);
  LaneRunner* Runner(LaneId id);
  /// Calls `task` with the lane, if it still is there, and pumps it.
  template <typename Task>
  void WithLane(LaneId id, Task task);
  const HostSurroundings around_;
  EventLoop loop_;
  SeededRandom random_;
  HttpClient http_;
  std::vector<HttpCrew::Member> crew_;
  std::map<LaneId, std::unique_ptr<LaneLink>> links_;    ///< the maker's thread
  std::map<LaneId, std::unique_ptr<HostedLane>> lanes_;  ///< the loop's thread
  std::unique_ptr<UnroutedHost> unrouted_;               ///< the loop's thread
  std::jthread thread_;
};

}  // namespace postrider
