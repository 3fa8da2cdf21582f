#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "postrider/engine/incarnation.h"
#include "postrider/engine/subscription.h"
#include "postrider/model/delivery.h"
#include "postrider/model/lane_id.h"
#include "postrider/model/position.h"
#include "postrider/model/settings.h"
#include "postrider/postgres/connection.h"

namespace postrider {

/// What a relay must know of the database before it may send.
struct InstallationRecord {
  std::string name;  ///< prefix of idempotency keys
  int schema_version = 0;
  bool moved = false;  ///< the rows were brought here from another server
  std::int64_t sequence_cache = 1;
  EventId last_value = 0;     ///< of the id sequence
  EventId highest_known = 0;  ///< of everything recorded: the sequence must not be below
  bool rewound = false;       ///< a relay has seen the sequence below that, and nobody adopted it
  seconds bucket_period{86400};
};

/// A destination as registered.
struct RegisteredDestination {
  Subscription subscription;
  bool paused = false;
  bool retired = false;
};

/// Counts of what waits and what died, for gauges. Counting stops at a bound, so that it costs
/// little however much there is.
struct StoredCounts {
  std::map<std::pair<DestinationId, WaitingFor>, std::int64_t> backlog;
  std::map<std::pair<DestinationId, std::string>, std::int64_t> dead_letters;  ///< by reason
  std::map<std::string, std::int64_t> table_bytes;
  std::optional<microseconds> oldest_snapshot;  ///< unset without the privilege to see it
  std::int64_t owned_lanes = 0;                 ///< by any relay that is alive
  std::int64_t free_lanes = 0;
  std::int64_t retired_lanes = 0;
};

/// What the keeper saves of a lane.
struct LaneProgress {
  LaneId lane;
  std::int64_t epoch = 0;
  EventId closed_up_to = 0;
  std::optional<Mark> mark;
};

/// Relays, leases and registrations. Borrows the connection, which must outlive it. Throws
/// DatabaseFault.
class PostgresRoster {
 public:
  /// @param timeout  of every statement: a quarter of the lease
  PostgresRoster(Connection& connection, milliseconds timeout)
      : connection_(connection), timeout_(timeout) {}

  InstallationRecord ReadInstallation();
  /// The id sequence was seen to have gone backwards: holds until `adopt`, whatever ids follow.
  void NoteRewound();

  /// Registers the file's destinations; returns the names whose current version another relay
  /// registered, which this one must not serve.
  std::vector<std::string> Register(const std::vector<DestinationSettings>& destinations,
                                    const std::string& relay_name);
  std::vector<RegisteredDestination> ReadDestinations();

  void Enroll(const Incarnation& incarnation);
  /// Relays whose rows name the same host.
  std::vector<Neighbour> ReadNeighbours(const Incarnation& incarnation);
  /// Removes relays that are known to be gone, without waiting for their lease.
  void Bury(const std::vector<std::string>& ids);
  /// False: this incarnation is dead and must drop all lanes.
  bool Renew(const Incarnation& incarnation);
  /// Takes those of the lanes that are free; returns them with their new epochs.
  std::map<LaneId, std::int64_t> TakeLanes(const Incarnation& incarnation,
                                           const std::vector<LaneId>& lanes);
  /// Gives these lanes back, of which all requests have ended and are recorded; those that are
  /// somebody else's by now stay theirs.
  void Release(const Incarnation& incarnation, const std::vector<LaneId>& lanes);
  /// Gives all lanes back and goes.
  /// @param quiet  everything that was sent is recorded
  void Leave(const Incarnation& incarnation, bool quiet);

  StoredCounts ReadCounts();

  /// Assigns a transaction id, for a mark.
  Xid AssignXid();
  /// Saves places, unless the history has changed since they were judged.
  void Save(const Incarnation& incarnation, const std::vector<LaneProgress>& progress,
            const std::string& canary);

 private:
  /// One statement that neither works nor waits for a lock longer than it may.
  Rows Run(const std::string& query_name, const std::string& sql);
  Rows Run(const std::string& query_name, const std::string& sql, milliseconds limit);

  Connection& connection_;
  milliseconds timeout_;
};

}  // namespace postrider
