#pragma once

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "postrider/engine/backlog_store.h"
#include "postrider/engine/event_log.h"
#include "postrider/engine/ledger.h"
#include "simulation/in_memory_database.h"
#include "simulation/statistics.h"
#include "simulation/virtual_time.h"

namespace postrider::simulation {

/// The process is gone: unwinds what was waiting in it.
struct Crashed {};

/// The connection is gone; the statement may or may not have been carried out.
struct ConnectionLost : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A relay's connection to the database: every call takes time before and after the moment at which
/// it is carried out, and others go on meanwhile. It may break at any moment of a call.
class SimulatedConnection : public EventLog, public BacklogStore, public Ledger {
 public:
  /// @param alive  of the process that uses it
  SimulatedConnection(VirtualTime& time, Chance& chance, InMemoryDatabase& database,
                      const bool& dead, std::string owner, Statistics& statistics);

  /// Connects anew. Takes time; throws like any call.
  void Connect();
  void Break() { broken_ = true; }

  TailStart Start() override;
  TailPage Poll(const TailRequest& request) override;
  StepPage ReadStep(const StepRequest& request) override;
  std::optional<EventId> NextId(EventId after) override;
  SavedLane ReadLane(LaneId lane) override;
  void EnsureCanary();

  std::vector<DueOrder> ReadDue(LaneId lane, int shards, DueLine line, DueOrder after,
                                int limit) override;
  std::vector<StoredDelivery> Load(LaneId lane, const std::vector<EventId>& ids) override;
  std::vector<StoredDelivery> LoadKey(LaneId lane, const std::string& key, int limit,
                                      bool unless_dead) override;
  std::vector<StoredKey> ReadKeys(LaneId lane, int shards, bool with_dead) override;
  std::vector<ForeignRow> ReadForeign() override;
  std::vector<CancelRequest> ReadCancels(bool all) override;
  EventRef LoadBody(LaneId lane, const EventIdentity& event) override;

  RecordResult Record(const std::vector<const Settlement*>& batch) override;
  std::map<LaneId, std::int64_t> TakeLanes(const std::vector<LaneId>& lanes);
  std::vector<microseconds> ReadSent(LaneId lane, int shards, microseconds within,
                                     std::size_t limit);
  Xid AssignXid();
  void Save(const std::vector<SavedPlace>& places, const std::string& canary);

 private:
  template <typename Statement>
  auto Call(Statement statement);
  void Check() const;
  bool Connected() const;

  VirtualTime& time_;
  Chance& chance_;
  InMemoryDatabase& database_;
  const bool& dead_;
  const std::string owner_;
  Statistics& statistics_;
  bool broken_ = true;
  std::uint64_t session_ = 0;
  std::uint64_t foreign_seen_ = 0;
  bool foreign_begun_ = false;
  std::uint64_t cancels_seen_ = 0;
};

}  // namespace postrider::simulation
