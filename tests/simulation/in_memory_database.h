#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "postrider/engine/backlog_store.h"
#include "postrider/engine/event_log.h"
#include "postrider/engine/ledger.h"
#include "simulation/virtual_time.h"

namespace postrider::simulation {

/// What the database tells of what was committed, and of what a failover took back.
class DatabaseWatcher {
 public:
  virtual ~DatabaseWatcher() = default;

  virtual void OnCommitted(const EventRef& event) = 0;
  virtual void OnLost(const EventRef& event) = 0;
  /// A settlement became durable.
  virtual void OnRecorded(const Settlement& settlement) = 0;
  /// One was dropped for good: a stranger, or without its fence.
  virtual void OnDropped(const Settlement& settlement) = 0;
  /// One that was durable is not any more.
  virtual void OnRecordLost(const EventRef& event, DestinationId destination) = 0;
  virtual void OnSaved(LaneId lane, EventId closed_up_to) = 0;
};

/// One delivery as a key of tables; by destination first, as they are searched.
struct DeliveryKey {
  DestinationId destination = 0;
  EventId id = 0;
  friend auto operator<=>(const DeliveryKey&, const DeliveryKey&) = default;
};

struct OutcomeRow {
  OutcomeState state = OutcomeState::kDelivered;
  std::int16_t run = 1;
  std::int32_t attempts = 0;
  EventRef event;
  Timestamp finished_at{};
};

/// A request that did not deliver.
struct AttemptRow {
  EventRef event;
  Timestamp ended_at{};
};

struct BacklogRow {
  EventRef event;
  std::int16_t run = 1;
  BacklogEntry entry;
};

struct DeadRow {
  EventRef event;
  std::int16_t run = 1;
  bool open = true;
};

struct CancelRow {
  std::optional<OutcomeState> outcome;  ///< what it was answered with; unset: in flight
  bool decided = false;
};

struct LaneRow {
  EventId closed_up_to = 0;
  std::optional<Mark> mark;
  std::string mark_canary;
};

struct FenceRow {
  std::string owner;
  std::int64_t epoch = 0;
};

/// A saved place with the fence and the canary it is saved under.
struct SavedPlace {
  LaneId lane;
  std::int64_t epoch = 0;
  EventId closed_up_to = 0;
  std::optional<Mark> mark;
};

/// PostgreSQL as far as a relay can tell: transactions that get their xid at the first write,
/// ids given out before commit, snapshots as pg_current_snapshot() prints them, an unlogged canary,
/// crashes, and failovers to a standby that has not got the last commits. Every call is one
/// statement, carried out at once; time passes in the connections.
class InMemoryDatabase {
 public:
  InMemoryDatabase(VirtualTime& time, Chance& chance) : time_(time), chance_(chance) {}
  void Watch(DatabaseWatcher& watcher) { watcher_ = &watcher; }

  // -- Producers --------------------------------------------------------------------------------

  /// A transaction that has written; of one history only.
  struct Writer {
    Xid xid = 0;
    std::uint64_t started = 0;
  };
  Writer BeginWriting();
  /// An id given to a row that is about to be inserted. The draft shows what it will be.
  EventId Reserve(const Writer& writer, const Event& draft);
  void Insert(const Writer& writer, std::unique_ptr<Event> row);
  /// Nothing when the transaction died with its server.
  void Commit(const Writer& writer);
  void Rollback(const Writer& writer);
  bool Lives(const Writer& writer) const;
  Timestamp UniqueNow();

  // -- Faults -----------------------------------------------------------------------------------

  /// Crash recovery: nothing committed is lost, open transactions and the canary are. A pooler may
  /// hide it from the connections.
  void Crash(bool hidden);
  /// A standby takes over without the last `commits`; ids and xids are given out again.
  void FailOver(std::size_t commits, bool hidden);
  /// Connections of an earlier one are dead.
  std::uint64_t session() const { return session_; }

  // -- The relay's statements -------------------------------------------------------------------

  LogHead Head();
  TailStart Start();
  TailPage Poll(const TailRequest& request);
  StepPage ReadStep(const StepRequest& request) const;
  std::optional<EventId> NextId(EventId after) const;
  SavedLane ReadLane(LaneId lane) const;
  void EnsureCanary();
  const std::string& canary() const { return canary_; }

  std::vector<DueOrder> ReadDue(LaneId lane, int shards, DueLine line, DueOrder after,
                                int limit) const;
  std::vector<StoredDelivery> Load(LaneId lane, const std::vector<EventId>& ids) const;
  std::vector<StoredDelivery> LoadKey(LaneId lane, const std::string& key, int limit,
                                      bool unless_dead) const;
  std::vector<StoredKey> ReadKeys(LaneId lane, int shards, bool with_dead) const;
  /// Rows put back since the call that returned `seen`, which is moved on.
  std::vector<ForeignRow> ReadForeign(std::uint64_t& seen) const;
  /// Requests that nobody has decided: all, or those since the call that returned `seen`.
  std::vector<CancelRequest> ReadCancels(bool all, std::uint64_t& seen) const;
  EventRef LoadBody(const EventIdentity& event) const;

  RecordResult Record(const std::vector<const Settlement*>& batch, const std::string& owner);
  std::map<LaneId, std::int64_t> TakeLanes(const std::string& owner,
                                           const std::vector<LaneId>& lanes);
  /// How long ago requests of the lane within that time were over, as far as it is recorded, the
  /// newest first.
  std::vector<microseconds> ReadSent(LaneId lane, int shards, microseconds within,
                                     std::size_t limit) const;
  Xid AssignXid();
  void Save(const std::string& owner, const std::vector<SavedPlace>& places,
            const std::string& canary);

  // -- An operator's ----------------------------------------------------------------------------

  /// What was delivered or died goes once more, all of it in one transaction.
  void Replay(const std::vector<DeliveryKey>& ended);
  /// Returns what was released: the first that waited behind the dead letter.
  std::optional<DeliveryKey> Discard(DeliveryKey dead);
  void RequestCancel(DeliveryKey waiting);

  // -- For the oracle ---------------------------------------------------------------------------

  struct Row {
    EventRef whole;
    EventRef paged;  ///< as pages show it: without a big body
  };
  const std::map<EventId, Row>& events() const { return events_; }
  const std::map<DeliveryKey, OutcomeRow>& outcomes() const { return outcomes_; }
  const std::map<DeliveryKey, BacklogRow>& backlog() const { return backlog_; }
  const std::map<DeliveryKey, DeadRow>& dead_letters() const { return dead_; }
  const std::map<DeliveryKey, CancelRow>& cancels() const { return cancels_; }
  const std::map<LaneId, LaneRow>& lanes() const { return lanes_; }
  int failovers() const { return failovers_; }
  /// Rows of open transactions, inserted or about to be, by id.
  std::vector<const Event*> OpenRows() const;

 private:
  struct Open {
    std::map<EventId, std::unique_ptr<Event>> reserved;
    std::vector<std::unique_ptr<Event>> rows;
  };
  struct CommitRecord {
    std::vector<std::function<void()>> undo;
    EventId last_value = 0;
    Xid next_xid = 0;
  };

  Snapshot TakeSnapshot() const;
  void Complete(Xid xid);
  void Restart(bool hidden);
  /// Begins the list of what undoes the commit that follows.
  void BeginCommit();
  template <typename Map>
  void Put(Map& map, const typename Map::key_type& key, typename Map::mapped_type value);
  template <typename Map>
  void Erase(Map& map, const typename Map::key_type& key);
  void AddEvent(std::unique_ptr<Event> event);
  std::vector<EventRef> LateRows(const Position& from, const Snapshot& until, EventId after) const;
  bool Unsettled(const Event& event, DestinationId destination) const;
  StoredDelivery Stored(const BacklogRow& row) const;
  bool InHistory(const Settlement& settlement) const;
  bool Valid(const Settlement& settlement, const std::string& owner) const;
  void RecordOne(const Settlement& settlement, bool had_outcome);
  void RecordOutcome(const Settlement& settlement);
  void AnswerCancel(const Settlement& settlement);
  void PutBack(DeliveryKey key, BacklogRow row);

  VirtualTime& time_;
  Chance& chance_;
  DatabaseWatcher* watcher_ = nullptr;
  std::uint64_t started_ = 1;  ///< counts the starts of the server
  std::uint64_t session_ = 1;
  int canaries_ = 0;
  int failovers_ = 0;
  std::string canary_;  ///< empty: missing
  Timestamp last_now_{};
  Xid next_xid_ = 100;
  Xid latest_completed_ = 99;
  EventId last_value_ = 0;
  std::map<Xid, Open> open_;
  std::map<EventId, Row> events_;
  std::map<Xid, std::vector<EventId>> by_xid_;
  std::map<DeliveryKey, OutcomeRow> outcomes_;
  /// By delivery, epoch and number of the request.
  std::map<std::tuple<DeliveryKey, std::int64_t, std::int32_t>, AttemptRow> attempts_;
  std::map<DeliveryKey, BacklogRow> backlog_;
  std::map<DeliveryKey, DeadRow> dead_;
  std::map<DeliveryKey, CancelRow> cancels_;
  std::map<LaneId, LaneRow> lanes_;
  std::map<LaneId, FenceRow> fences_;
  std::vector<ForeignRow> foreign_;
  std::vector<DeliveryKey> requests_;
  std::deque<CommitRecord> commits_;  ///< the last ones
};

}  // namespace postrider::simulation
