#pragma once

#include <functional>
#include <memory>
#include <string>

#include "postrider/engine/event_log.h"
#include "postrider/postgres/connection.h"

namespace postrider {

/// The log in `outbox.event`. Every call is one statement of one snapshot (docs/protocols.md,
/// "Reading the log"). Borrows the connection, which must outlive it. Throws DatabaseFault.
class PostgresEventLog : public EventLog {
 public:
  explicit PostgresEventLog(Connection& connection) : connection_(connection) {}

  TailStart Start() override;
  TailPage Poll(const TailRequest& request) override;
  StepPage ReadStep(const StepRequest& request) override;
  std::optional<EventId> NextId(EventId after) override;
  SavedLane ReadLane(LaneId lane) override;

  /// Puts a canary where there is none; never replaces one. To be called on a new connection and
  /// whenever a head shows none.
  void EnsureCanary();

 private:
  Connection& connection_;
};

}  // namespace postrider
