#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "postrider/engine/backlog_store.h"
#include "postrider/model/event.h"

namespace postrider {

/// Who may run when the deliveries of one key go one after the other: a pure table of keys.
///
/// A key has at most one *active* delivery. Those behind it wait in memory, in order; when the
/// active one must wait itself (it is *parked*), they are blocked in the backlog and read back when
/// it has ended. See docs/delivery-states.md.
class KeyOrder {
 public:
  /// @param max_waiting  deliveries of one key that wait in memory; more are blocked in the backlog,
  ///                     so that one busy key cannot fill the lane
  explicit KeyOrder(std::size_t max_waiting) : max_waiting_(max_waiting) {}

  enum class Place {
    kRun,    ///< it is the active one now
    kWait,   ///< in memory, behind the active one
    kBlock,  ///< has to be written to the backlog as waiting for `Predecessor`
  };

  /// A delivery comes from the log, or falls due after `deliver_after`.
  Place Arrive(const std::string& key, EventId id);
  /// A head comes back: a retry that is due, or what a person put back. It runs before all that
  /// wait for it. Only kRun or kWait.
  Place ArriveHead(const std::string& key, EventId id);
  /// Rows read back after `BeginLoad`, in order; `more` when the page was full. Each waits in
  /// memory. Returns what may run now.
  std::optional<EventId> Loaded(const std::string& key, const std::vector<EventId>& ids, bool more);

  /// The active delivery ended, or died with `continue`. Returns the next to run, if one waits in
  /// memory.
  std::optional<EventId> Finish(const std::string& key);
  /// What a parked key waits for.
  enum class Parked {
    kNo,
    kHead,  ///< a delivery that comes back when it is due
    kDead,  ///< a person, who resolves a dead letter
  };
  /// The active delivery must wait or died with `block`: returns those waiting in memory, which
  /// are to be written to the backlog.
  std::vector<EventId> Park(const std::string& key, Parked why);
  /// What parked the key is gone for good (its dead letter was resolved): the rest may go on, from
  /// the `Loaded` or `EndRestore` that follows.
  void Unpark(const std::string& key);
  /// Rows asked for came when the key was parked again: they are left where they are.
  void GiveUpLoad(const std::string& key);

  /// A row that `Arrive` or `Park` asked for is durable.
  void BlockedIsDurable(const std::string& key);
  /// A row known to be blocked in the database already is forgotten by memory.
  void BackToStore(const std::string& key);

  /// Keys whose blocked rows should be read back now; each is named once until `Loaded`.
  std::vector<std::string> TakeLoads();
  /// For a row being blocked: the delivery it waits for.
  EventId Predecessor(const std::string& key) const;
  Parked parked(const std::string& key) const;

  /// After a restart: what the backlog holds of a key. Nothing is asked for until EndRestore.
  void Restore(const StoredKey& stored, bool blocks_after_dead);
  /// A row is still being written as blocked since before the restart.
  void RestoreWriting(const std::string& key);
  void EndRestore();
  void Clear();

  std::size_t size() const { return keys_.size(); }

 private:
  struct State {
    EventId active = 0;  ///< 0: none
    EventId last = 0;    ///< the last that was active: what parked ones wait for
    std::deque<EventId> waiting;
    std::int64_t stored = 0;   ///< rows in the backlog that wait for a predecessor
    std::int64_t writing = 0;  ///< of them, not durable yet
    std::int64_t since_load = 0;  ///< of them, blocked since the load was asked for
    Parked parked = Parked::kNo;
    bool loading = false;
  };

  static void CountBlocked(State& state, std::int64_t rows);
  void Settle(const std::string& key, State& state);
  std::optional<EventId> RunNext(State& state);

  std::size_t max_waiting_;
  std::unordered_map<std::string, State> keys_;
  std::vector<std::string> loads_;
};

}  // namespace postrider
