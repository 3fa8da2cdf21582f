#pragma once

#include <memory>
#include <string>
#include <vector>

#include "postgres/random/settling_lane.h"
#include "postrider/engine/catch_up.h"
#include "postrider/engine/tail_reader.h"
#include "postrider/postgres/postgres_event_log.h"
#include "postrider/postgres/postgres_ledger.h"
#include "postrider/postgres/postgres_roster.h"

namespace postrider::test {

/// The log over a connection that is replaced after a fault; counts what is read.
class CountingLog : public EventLog {
 public:
  explicit CountingLog(Exercised& exercised) : exercised_(exercised) {}

  void Connect(const std::string& conninfo);

  TailStart Start() override { return log_->Start(); }
  TailPage Poll(const TailRequest& request) override;
  StepPage ReadStep(const StepRequest& request) override;
  std::optional<EventId> NextId(EventId after) override { return log_->NextId(after); }
  SavedLane ReadLane(LaneId lane) override { return log_->ReadLane(lane); }
  void EnsureCanary() { log_->EnsureCanary(); }

 private:
  Exercised& exercised_;
  std::unique_ptr<Connection> connection_;
  std::unique_ptr<PostgresEventLog> log_;
};

/// A relay without threads and partners: reader, catching up, lanes, recorder and keeper take
/// turns. To crash it, destroy it.
class SmallRelay {
 public:
  /// Registers, enrolls and takes all lanes of all destinations. `oracle` and `exercised` must
  /// outlive it.
  SmallRelay(std::string conninfo, const Incarnation& incarnation, Oracle& oracle,
             Exercised& exercised);

  /// One round of everything. Throws DatabaseFault; then call Reconnect.
  void Turn();
  void Reconnect();

  const std::vector<std::unique_ptr<SettlingLane>>& lanes() const { return lanes_; }
  std::size_t unsettled() const;
  /// Nothing waits, and the last turn read nothing.
  bool idle() const;

 private:
  void Connect();
  void TakeLanes();
  void Recover(std::vector<Feed> feeds, bool history_changed);
  void Keep();

  const std::string conninfo_;
  const Incarnation incarnation_;
  Oracle& oracle_;
  Exercised& exercised_;
  CountingLog head_log_;
  CountingLog step_log_;
  std::unique_ptr<Connection> recorder_;
  std::unique_ptr<Connection> keeper_;

  TailReader reader_;
  CatchUp catch_up_;
  std::vector<std::unique_ptr<SettlingLane>> lanes_;
  std::vector<EventId> saved_;  ///< of each lane
  MarkRounds rounds_;
  std::uint64_t era_ = 0;
  std::uint64_t turns_ = 0;
  bool read_something_ = true;
};

}  // namespace postrider::test
