#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "postrider/admin/metrics_server.h"
#include "postrider/engine/incarnation.h"
#include "postrider/model/settings.h"
#include "postrider/postgres/postgres_roster.h"
#include "relay/backlog_router.h"
#include "relay/database_clock.h"
#include "relay/exchange.h"
#include "relay/fetch_thread.h"
#include "relay/housekeeper.h"
#include "relay/lane_host.h"
#include "relay/lane_registry.h"
#include "relay/lease_thread.h"
#include "relay/operation_thread.h"
#include "relay/pause_requests.h"
#include "relay/recorder.h"
#include "relay/retention_thread.h"
#include "relay/served_destination.h"
#include "relay/session.h"
#include "relay/tail_thread.h"

namespace postrider {

/// Why a relay ended.
enum class RelayEnd {
  kStopped,  ///< as it was asked to, everything drained
  kLost,     ///< its lease or a fence, or it could not begin: it has to begin anew under a new id
  kDone,     ///< --once: nothing was due any more
};

/// One incarnation of a relay: takes lanes, runs the threads that read, send and record, until it
/// is stopped. Only composition; what the parts do is in their own files.
class Relay {
 public:
  /// @param installation  as read before; its name goes into idempotency keys
  Relay(const Settings& settings, const SecretResolver& secrets, const DatabaseAccess& access,
        DatabaseClock& clock, InstallationRecord installation);
  ~Relay();

  /// Blocks until stop is requested, the lease is lost, or (with `once`) nothing is due any more.
  RelayEnd Run(std::stop_token stop, bool once);

  /// The checks of /healthz and /readyz. Any thread.
  HealthReport Health() const;
  HealthReport Readiness() const;

 private:
  void Enlist(Connection& connection, PostgresRoster& roster);
  void Serve(const std::vector<std::string>& foreign);
  void BuryNeighbours(PostgresRoster& roster);
  void StartThreads(std::chrono::nanoseconds enrolled);
  void TakeFreeLanes(Connection& connection, PostgresRoster& roster);
  void AddLane(LaneId lane, std::int64_t epoch, SentBefore sent);
  LaneFilter FilterOf(LaneId lane) const;
  RelayEnd KeepHouse(std::stop_token stop, bool once);
  std::optional<RelayEnd> LookForEnd(bool once);
  bool Quiet() const;
  void Drain();
  bool Idle() const;
  void Leave();

  const Settings& settings_;
  const SecretResolver& secrets_;
  const DatabaseAccess& access_;
  DatabaseClock& clock_;
  const InstallationRecord installation_;
  const Incarnation incarnation_;
  const milliseconds patience_;  ///< of statements that must not outlast the lease
  Exchange exchange_;
  PauseRequests pauses_;
  std::vector<RegisteredDestination> registered_;
  ServedDestinations served_;
  std::set<LaneId> wanted_;               ///< not served yet
  std::map<LaneId, std::int64_t> taken_;  ///< owned, with their epochs; not served yet
  std::int64_t lane_memory_ = 0;          ///< bytes of bodies that each lane may hold
  LaneRegistry lanes_;
  BacklogRouter router_;
  std::unique_ptr<LeaseThread> lease_;
  std::unique_ptr<Recorder> recorder_;
  std::vector<std::unique_ptr<LaneHost>> hosts_;
  Housekeeper housekeeper_;
  std::unique_ptr<FetchThread> fetcher_;
  std::unique_ptr<TailThread> tail_;
  std::unique_ptr<RetentionThread> retention_;
  std::unique_ptr<OperationThread> operations_;
  int quiet_looks_ = 0;
  std::atomic<bool> started_{false};  ///< the threads are there
};

}  // namespace postrider
