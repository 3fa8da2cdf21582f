#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "postrider/admin/metrics_server.h"
#include "postrider/engine/incarnation.h"
#include "postrider/model/settings.h"
#include "postrider/postgres/postgres_operations.h"
#include "postrider/postgres/postgres_roster.h"
#include "relay/backlog_router.h"
#include "relay/database_clock.h"
#include "relay/exchange.h"
#include "relay/fetch_thread.h"
#include "relay/handover.h"
#include "relay/housekeeper.h"
#include "relay/lane_host.h"
#include "relay/lane_registry.h"
#include "relay/lease_thread.h"
#include "relay/operation_thread.h"
#include "relay/pause_requests.h"
#include "relay/recorder.h"
#include "relay/reload.h"
#include "relay/retention_thread.h"
#include "relay/served_destination.h"
#include "relay/session.h"
#include "relay/tail_thread.h"

namespace postrider {

/// Why a relay serves no more.
enum class RelayEnd {
  kStopped,  ///< as it was asked to
  kLost,     ///< its lease or a fence, or it could not begin: it has to begin anew under a new id
  kDone,     ///< --once: nothing was due any more
};

/// What an incarnation has to do with others of the same process.
struct RelayTies {
  std::vector<std::string> predecessors;  ///< what is asked of them, this one answers
  std::function<void()> listed;           ///< called when others can find this one
  /// What to do when somebody asks over the database that the file be read again.
  std::function<ReloadAnswer()> reload;
};

/// One incarnation of a relay: takes lanes, runs the threads that read, send and record, until it
/// is stopped and has drained. Only composition; what the parts do is in their own files.
class Relay {
 public:
  /// @param installation  as read before; its name goes into idempotency keys
  Relay(const Settings& settings, const SecretResolver& secrets, const DatabaseAccess& access,
        DatabaseClock& clock, InstallationRecord installation, RelayTies ties);
  ~Relay();

  /// Blocks until stop is requested, the lease is lost, or (with `once`) nothing is due any more.
  /// Afterwards Drain has to be called.
  RelayEnd Serve(std::stop_token stop, bool once);
  /// Takes nothing more, lets what is in flight finish, records it, and gives each lane back as
  /// soon as it has finished. Blocks for `relay.drain` and a few seconds at most.
  /// @param successor  of the same process: this one stays listed until that one is
  void Drain(Handover* successor = nullptr);
  /// Returns when the lanes of these destinations are given back, or Drain has returned. To be
  /// called by another thread.
  void AwaitRelease(const std::set<std::string>& destinations);

  const InstallationRecord& installation() const { return installation_; }
  const std::string& id() const { return incarnation_.id; }

  /// The checks of /healthz and /readyz. Any thread.
  HealthReport Health() const;
  HealthReport Readiness() const;

 private:
  void Enlist(Connection& connection, PostgresRoster& roster);
  void Serve(const std::vector<std::string>& foreign);
  void BuryNeighbours(PostgresRoster& roster);
  void StartThreads(std::chrono::nanoseconds enrolled);
  void TakeFreeLanes(Connection& connection, PostgresRoster& roster);
  void AddLane(LaneId lane, std::int64_t epoch, SentBefore sent,
               const std::vector<CoolingLane>& cooling);
  LaneFilter FilterOf(LaneId lane) const;
  RelayEnd KeepHouse(std::stop_token stop, bool once);
  void AwaitNextRound(std::stop_token stop, bool once);
  std::optional<RelayEnd> LookForEnd(bool once);
  bool Quiet() const;
  void LookForReload(PostgresOperations& operations);
  bool Finished() const;
  void StopReading();
  void AwaitFinish(std::chrono::steady_clock::time_point deadline, bool give_back);
  void GiveBackFinished();
  void Leave(Handover* successor);
  void NoteGivenBack(const std::vector<LaneId>& lanes);

  const Settings& settings_;
  const SecretResolver& secrets_;
  const DatabaseAccess& access_;
  DatabaseClock& clock_;
  const InstallationRecord installation_;
  const Incarnation incarnation_;
  const RelayTies ties_;
  const milliseconds patience_;  ///< of statements that must not outlast the lease
  Exchange exchange_;
  PauseRequests pauses_;
  std::vector<RegisteredDestination> registered_;
  ServedDestinations served_;
  std::set<LaneId> wanted_;               ///< not served yet
  std::map<LaneId, std::int64_t> taken_;  ///< owned, with their epochs; not served yet
  std::int64_t lane_memory_ = 0;          ///< bytes of bodies that each lane may hold
  LaneRegistry lanes_;
  const CoolDowns cool_downs_{lanes_};
  BacklogRouter router_;
  Lookout reloads_;  ///< the keeper's
  std::unique_ptr<LeaseThread> lease_;
  std::unique_ptr<Recorder> recorder_;
  std::vector<std::unique_ptr<LaneHost>> hosts_;
  Housekeeper housekeeper_;
  std::unique_ptr<FetchThread> fetcher_;
  std::unique_ptr<TailThread> tail_;
  std::unique_ptr<RetentionThread> retention_;
  std::unique_ptr<OperationThread> operations_;
  int quiet_looks_ = 0;
  std::chrono::steady_clock::time_point next_reload_look_;
  std::atomic<bool> started_{false};  ///< the threads are there
  mutable std::mutex release_mutex_;
  std::condition_variable released_;
  std::set<LaneId> given_back_;  ///< guarded by release_mutex_
  bool drained_ = false;         ///< guarded by release_mutex_
  std::chrono::steady_clock::time_point next_give_back_;
  bool gives_back_ = true;  ///< false once that has failed; the drain's thread
};

}  // namespace postrider
