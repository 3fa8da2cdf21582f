#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "postrider/engine/event_log.h"
#include "postrider/postgres/connection.h"

namespace postrider {

/// The log in `outbox.event`. Every call is one statement of one snapshot (docs/protocols.md,
/// "Reading the log"). Borrows the connection, which must outlive it. Throws DatabaseFault.
class PostgresEventLog : public EventLog {
 public:
  /// @param limit  of one statement
  explicit PostgresEventLog(Connection& connection, milliseconds limit = seconds(60));
  ~PostgresEventLog() override;

  TailStart Start() override;
  /// After a poll that found its snapshot unchanged only the snapshot is asked for: while it stays
  /// nothing has been committed, and all else is as the last head says.
  TailPage Poll(const TailRequest& request) override;
  StepPage ReadStep(const StepRequest& request) override;
  std::optional<EventId> NextId(EventId after) override;
  SavedLane ReadLane(LaneId lane) override;

  /// What was looked up may be of another history: to be called whenever one may have begun.
  void ForgetHistory();

  /// Puts a canary where there is none; never replaces one. To be called on a new connection and
  /// whenever a head shows none.
  void EnsureCanary();

 private:
  struct KnownExtents;

  Rows ExecutePoll(const std::string& sql);
  Rows Read(const std::string& sql);
  TailPage ReadTail(const TailRequest& request);
  std::optional<LogHead> UnchangedHead();
  bool ReadAlready(const TailRequest& request, const Snapshot& snapshot) const;
  std::optional<int> BucketOf(const StepRequest& request);

  Connection& connection_;
  const milliseconds limit_;
  /// Of what is visible in the snapshot, every row with a higher id has been returned.
  std::optional<Position> read_;
  LogHead head_;        ///< of the last poll that looked at tables
  bool quiet_ = false;  ///< that poll found its snapshot unchanged
  std::unique_ptr<KnownExtents> extents_;  ///< since the last ForgetHistory
};

}  // namespace postrider
