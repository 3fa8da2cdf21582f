#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "postrider/engine/backlog_store.h"
#include "postrider/model/event.h"

namespace postrider {

/// Who may run when the deliveries of one key go one after the other: a pure table of keys.
///
/// A key has at most one *active* delivery. After it go, in this order:
///
///  1. its *heads*, by id: deliveries that come back, as a retry that is due or because a person
///     put them back. One that waits for its time is *parked* and holds up all behind it;
///  2. what waits in memory, in the order of arrival;
///  3. what is *blocked* in the backlog, by id, read back page by page.
///
/// With `after_dead: block` a dead letter holds up 2 and 3. After any change of a key `Next` says
/// who runs. See docs/delivery-states.md.
class KeyOrder {
 public:
  /// How much of one key is held in memory, so that a busy one cannot fill the lane.
  struct Limits {
    std::size_t waiting = 512;
    std::size_t heads = 64;
  };
  explicit KeyOrder(Limits limits) : limits_(limits) {}

  enum class Place {
    kRun,    ///< it is the active one now
    kWait,   ///< in memory, until `Next` names it
    kStore,  ///< in the backlog: as blocked (see `AddBlocked`), or a head where it is
  };

  /// What was in memory and gives way.
  struct Displaced {
    std::vector<EventId> waiting;  ///< to be blocked in the backlog
    std::vector<EventId> heads;    ///< to be forgotten: they have their rows
  };
  struct Return {
    Place place = Place::kRun;
    Displaced displaced;
  };

  /// A delivery comes from the log, or falls due after `deliver_after`.
  Place Arrive(const std::string& key, EventId id);
  /// A head comes back. In the backlog it stays until its turn has come: see `TakeHeads`.
  Return ComeBack(const std::string& key, EventId id);
  /// A head will come back: all behind it wait.
  Displaced Expect(const std::string& key, EventId id);
  /// The active delivery has to wait for its time.
  Displaced Park(const std::string& key, EventId id);
  /// The active delivery died, and its key is blocked.
  Displaced Die(const std::string& key, EventId id);
  /// Of the dead letters of the key, those are not open any more.
  void Resolve(const std::string& key, const std::function<bool(EventId)>& is_resolved);
  /// A delivery ended, or has no row any more, wherever it stood.
  void Leave(const std::string& key, EventId id);
  /// Rows of the backlog that are not there. Returns the keys of which one was a parked head.
  std::vector<std::string> LeaveMissing(const std::unordered_set<EventId>& ids);

  /// The one that runs now, if none did and one may. Otherwise what is missing for that is asked
  /// for, and a key without anything is forgotten.
  std::optional<EventId> Next(const std::string& key);

  // -- What is blocked --------------------------------------------------------------------------

  /// A delivery is blocked: its row is being written, or `durable` already.
  void AddBlocked(const std::string& key, bool durable);
  void BlockedIsDurable(const std::string& key);
  /// A key whose blocked rows should be read now; each is named once until `Loaded`.
  std::optional<std::string> TakeLoad();
  /// Rows read back, in order; they wait in memory. `more`: there may be further ones.
  void Loaded(const std::string& key, const std::vector<EventId>& ids, bool more);
  /// What was read back came while the key is held up again: it stays where it is.
  void GiveUpLoad(const std::string& key);
  /// Rows were blocked since they were asked for, and may be missing in what was read.
  bool blocked_since_load(const std::string& key) const;
  /// Heads in the backlog whose turn has come; at most `limit`. They have to `ComeBack`.
  std::vector<EventId> TakeHeads(std::size_t limit);

  // -- State ------------------------------------------------------------------------------------

  /// For a row being blocked: the delivery it waits for.
  EventId Predecessor(const std::string& key) const;
  /// A dead letter blocks it, as far as is known here.
  bool is_dead(const std::string& key) const;
  /// What waits or is blocked may not run: a head is parked, or a dead letter blocks.
  bool is_held_up(const std::string& key) const;
  std::size_t size() const { return keys_.size(); }

  // -- After a restart --------------------------------------------------------------------------

  /// What the backlog holds of a key. Nothing is asked for until EndRestore.
  void Restore(const StoredKey& stored, bool blocks_after_dead);
  /// In flight since before the restart.
  void RestoreActive(const std::string& key, EventId id);
  /// Its death is being recorded since before the restart, or was.
  void RestoreDead(const std::string& key, EventId id);
  void EndRestore();
  void Clear();

 private:
  enum class Parked {
    kAway,   ///< waits for its time, or has not been read
    kDue,    ///< waits for its turn
    kAsked,  ///< and is being read
  };
  struct State {
    EventId active = 0;                ///< 0: none
    EventId last = 0;                  ///< the last that was active: what blocked ones wait for
    std::set<EventId> heads;           ///< in memory, each before all that are parked
    std::map<EventId, Parked> parked;  ///< in the backlog
    std::set<EventId> dead;
    std::vector<EventId> waiting;
    std::int64_t stored = 0;      ///< blocked rows in the backlog
    std::int64_t writing = 0;     ///< of them, not durable yet
    std::int64_t since_load = 0;  ///< of them, blocked since the load was asked for
    bool loading = false;
  };

  State* Find(const std::string& key);
  const State* Find(const std::string& key) const;
  static EventId Run(State& state, EventId id);
  static std::vector<EventId> DisplaceHeads(State& state, EventId behind);
  void AskForHeads(State& state);
  void AskForBlocked(const std::string& key, State& state);

  const Limits limits_;
  std::unordered_map<std::string, State> keys_;
  std::deque<std::string> loads_;
  std::deque<EventId> wanted_heads_;
};

}  // namespace postrider
