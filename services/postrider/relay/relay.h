#pragma once

#include <atomic>
#include <functional>
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
#include "relay/database_clock.h"
#include "relay/exchange.h"
#include "relay/fetch_thread.h"
#include "relay/lane_host.h"
#include "relay/lease_thread.h"
#include "relay/recorder.h"
#include "relay/session.h"
#include "relay/tail_thread.h"

namespace postrider {

/// Why a relay ended.
enum class RelayEnd {
  kStopped,    ///< as it was asked to, everything drained
  kLost,       ///< its lease or a fence: it has to begin anew under a new id
  kDone,       ///< --once: nothing was due any more
};

/// One incarnation of a relay: takes lanes, runs the threads that read, send and record, and keeps
/// house until it is stopped. The composition; what the parts do is in their own files.
class Relay : public BacklogReceiver {
 public:
  /// @param installation  as read before; its name goes into idempotency keys
  Relay(const Settings& settings, const SecretResolver& secrets, const DatabaseAccess& access,
        DatabaseClock& clock, InstallationRecord installation);
  ~Relay() override;

  /// Blocks until stop is requested, the lease is lost, or (with `once`) nothing is due any more.
  RelayEnd Run(std::stop_token stop, bool once);

  /// The checks of /healthz and /readyz. Any thread.
  HealthReport Health() const;
  HealthReport Readiness() const;

 private:
  // -- BacklogReceiver --------------------------------------------------------------------------
  void Reply(LaneId lane, BacklogReply reply) override;
  void ForeignRow(const postrider::ForeignRow& row) override;
  int Shards(LaneId lane) const override;
  bool BlocksAfterDead(LaneId lane) const override;

  struct Served {
    DestinationSettings settings;
    Subscription subscription;
    std::shared_ptr<const RequestBuilder> builder;
    std::shared_ptr<const EgressGuard> guard;
  };
  struct Owned {
    LaneLink* link = nullptr;
    LaneHost* host = nullptr;
    std::int64_t epoch = 0;
    EventId saved = -1;
    std::optional<Mark> saved_mark;
  };

  void Enlist(PostgresRoster& roster);
  void TakeFreeLanes(PostgresRoster& roster);
  void AddLane(LaneId lane, std::int64_t epoch);
  void StartThreads();
  RelayEnd KeepHouse(std::stop_token stop, bool once);
  std::optional<RelayEnd> LookForEnd(bool once);
  void HouseTurn(PostgresRoster& roster);
  void SavePositions(PostgresRoster& roster);
  void SetGauges();
  void Drain();

  const Settings& settings_;
  const SecretResolver& secrets_;
  const DatabaseAccess& access_;
  DatabaseClock& clock_;
  const InstallationRecord installation_;
  Incarnation incarnation_;
  Exchange exchange_;
  std::vector<RegisteredDestination> registered_;
  std::map<DestinationId, Served> served_;  ///< fixed before the threads start
  std::set<LaneId> wanted_;                 ///< not taken yet
  mutable std::mutex mutex_;
  std::map<LaneId, Owned> lanes_;  ///< guarded by mutex_
  std::unique_ptr<LeaseThread> lease_;
  std::unique_ptr<Recorder> recorder_;
  std::vector<std::unique_ptr<LaneHost>> hosts_;
  std::unique_ptr<FetchThread> fetcher_;
  std::unique_ptr<TailThread> tail_;
  std::chrono::steady_clock::time_point next_round_;
  int quiet_looks_ = 0;
  std::atomic<bool> started_{false};  ///< the threads are there
};

}  // namespace postrider
