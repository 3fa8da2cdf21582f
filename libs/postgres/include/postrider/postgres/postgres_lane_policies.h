#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "postrider/model/lane_id.h"
#include "postrider/model/time.h"
#include "postrider/postgres/connection.h"

namespace postrider {

/// What a lane's former owners have sent of late.
struct SentBefore {
  std::vector<microseconds> ages;  ///< how long ago, as far as it is recorded; the newest first
  bool complete = true;            ///< the last owner had recorded everything when it left
};

/// Which records a lane is asked for.
struct SentQuery {
  LaneId lane;
  std::int64_t epoch = 0;  ///< of the present owner
  int shards = 1;
  microseconds within{0};        ///< not longer ago than that
  milliseconds call_timeout{0};  ///< no call lasted longer
  int limit = 0;                 ///< not more than that many
};

/// A lane that waits because the partner has asked for it.
struct CoolingLane {
  LaneId lane;
  Timestamp until;  ///< or for the answer to a probe until then
};

/// What `outbox.status`, other lanes of the destination and the next owner are to know of a lane.
struct PolicyState {
  LaneId lane;
  std::int64_t epoch = 0;
  std::string breaker;  ///< empty: none
  std::string held;     ///< empty: by nothing
  std::optional<Timestamp> cools_until{};

  friend bool operator==(const PolicyState&, const PolicyState&) = default;
};

/// What the policies of lanes read and write. Borrows the connection, which must outlive it. Throws
/// DatabaseFault.
class PostgresLanePolicies {
 public:
  /// @param timeout  of every statement
  PostgresLanePolicies(Connection& connection, milliseconds timeout)
      : connection_(connection), timeout_(timeout) {}

  SentBefore ReadSent(const SentQuery& query);

  /// Those of any owner, as far as they have said so. One whose time is over has not yet said that
  /// the partner has answered; after a minute it is not believed any more.
  std::vector<CoolingLane> ReadCooling();

  /// Pauses a destination as `outbox.pause` does for a person.
  /// @param acting_for  what the relay pauses it for, shown in `outbox.operations`
  void Pause(const std::string& destination, const std::string& acting_for,
             const std::string& note);

  /// Writes the states of lanes that this incarnation still owns.
  void SaveStates(const std::string& incarnation, const std::vector<PolicyState>& states);

 private:
  Connection& connection_;
  milliseconds timeout_;
};

}  // namespace postrider
