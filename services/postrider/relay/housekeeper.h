#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <vector>

#include "postrider/engine/incarnation.h"
#include "postrider/postgres/postgres_lane_policies.h"
#include "postrider/postgres/postgres_roster.h"
#include "relay/exchange.h"
#include "relay/lane_registry.h"
#include "relay/pause_requests.h"
#include "relay/served_destination.h"
#include "relay/session.h"
#include "relay/shown_states.h"

namespace postrider {

class LaneHost;

/// What is done now and then rather than per event: marks, saved positions, pauses, gauges; those
/// of the fleet while this relay keeps house. All borrowed parts must outlive it; one thread.
class Housekeeper {
 public:
  Housekeeper(const DatabaseAccess& access, const Incarnation& incarnation, Exchange& exchange,
              PauseRequests& pauses, const LaneRegistry& lanes, const ServedDestinations& served,
              const std::vector<std::unique_ptr<LaneHost>>& hosts);

  /// To be called a few times a second. Throws DatabaseFault.
  void Turn(Connection& connection, PostgresRoster& roster);
  /// Saves how far the lanes are closed, where that has changed.
  void SavePositions(PostgresRoster& roster);

 private:
  struct Saved {
    EventId closed = -1;
    bool mark = false;
  };

  void FollowRegistrations(PostgresRoster& roster);
  void FollowCoolDowns(Connection& connection);
  bool SharesDestinations() const;
  void PauseAsAsked(Connection& connection);
  void MakeMark(PostgresRoster& roster);
  bool AllIsClosed() const;
  void SaveStates(Connection& connection);
  void SetLaneGauges();
  void SetStoredGauges(PostgresRoster& roster);
  void SetFleetGauges(const StoredCounts& counts);
  bool KeepsHouse() const;

  const DatabaseAccess& access_;
  const Incarnation& incarnation_;
  Exchange& exchange_;
  PauseRequests& pauses_;
  const LaneRegistry& lanes_;
  const ServedDestinations& served_;
  const std::vector<std::unique_ptr<LaneHost>>& hosts_;
  Lookout registrations_;  ///< and for cool-downs of others
  std::map<LaneId, Saved> saved_;
  std::map<LaneId, Timestamp> followed_;  ///< lanes of other relays that cool down, as last told
  ShownStates states_;
  std::chrono::steady_clock::time_point next_mark_;
  std::chrono::steady_clock::time_point next_gauges_;
};

}  // namespace postrider
