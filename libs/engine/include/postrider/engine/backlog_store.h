#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "postrider/model/delivery.h"

namespace postrider {

/// A place in the order in which backlog rows fall due.
struct DueOrder {
  Timestamp due_at;
  EventId id = 0;

  friend auto operator<=>(const DueOrder&, const DueOrder&) = default;
};

/// Lines in which rows of a backlog fall due. Each is read by itself, so that none can stand in the
/// way of another. What waits for a predecessor is in none.
enum class DueLine {
  kTimed,    ///< schedules, and requests of which nobody knows what became
  kRetry,    ///< may be held back by the budget of retries
  kPutBack,  ///< by people
};

/// nullopt: in none.
constexpr std::optional<DueLine> DueLineOf(WaitingFor waiting) {
  switch (waiting) {
    case WaitingFor::kReplay:
      return DueLine::kPutBack;
    case WaitingFor::kRetry:
      return DueLine::kRetry;
    case WaitingFor::kPredecessor:
      return std::nullopt;
    case WaitingFor::kSchedule:
    case WaitingFor::kAnswer:
    case WaitingFor::kVerification:
      break;
  }
  return DueLine::kTimed;
}

/// A delivery that waits in the database, as loaded when its time has come.
struct StoredDelivery {
  EventRef event;
  std::int16_t run = 1;
  bool new_key = false;
  BacklogEntry entry;
  std::shared_ptr<const std::string> canary;  ///< under which it was loaded
};

/// What the backlog of a lane holds of one key.
struct StoredKey {
  std::string key;
  std::int64_t blocked = 0;  ///< rows that wait for a predecessor
  std::vector<EventId>
      heads;                  ///< events of rows that wait for a retry or were put back by a person
  std::vector<EventId> dead;  ///< events of its open dead letters
};

/// A backlog row that somebody else wrote (a replay, a discarded predecessor).
struct ForeignRow {
  DestinationId destination = 0;
  std::int32_t slot = 0;
  DueOrder due;
  /// It has a place among the others of its lane, which it takes when the lane recovers.
  bool by_recovery = false;
};

/// A person's request to cancel a delivery, not decided yet.
struct CancelRequest {
  DestinationId destination = 0;
  EventRef event;                             ///< without its body
  bool ended = false;                         ///< the delivery had an outcome when this was read
  std::shared_ptr<const std::string> canary;  ///< under which it was read
};

/// The read side of the backlog. Blocks, throws on any database fault; one thread.
class BacklogStore {
 public:
  virtual ~BacklogStore() = default;

  /// The next rows of a line in due order behind `after`, at most `limit`.
  virtual std::vector<DueOrder> ReadDue(LaneId lane, int shards, DueLine line, DueOrder after,
                                        int limit) = 0;
  /// The deliveries with these ids that are still in the backlog, with their events.
  virtual std::vector<StoredDelivery> Load(LaneId lane, const std::vector<EventId>& ids) = 0;
  /// The first `limit` deliveries of a key that wait for a predecessor, by id. None while
  /// `unless_dead` and the key has an open dead letter, or a row that has to go first: one that
  /// waits for a retry or was put back by a person.
  virtual std::vector<StoredDelivery> LoadKey(LaneId lane, const std::string& key, int limit,
                                              bool unless_dead) = 0;
  /// Every key of the lane with rows in the backlog (or, `with_dead`, an open dead letter).
  virtual std::vector<StoredKey> ReadKeys(LaneId lane, int shards, bool with_dead) = 0;
  /// Rows put back by people whose transactions became visible between the last call (or the
  /// construction) and this one.
  virtual std::vector<ForeignRow> ReadForeign() = 0;
  /// Requests to cancel that nobody has decided: all of them, or those whose transactions became
  /// visible since the last call.
  virtual std::vector<CancelRequest> ReadCancels(bool all) = 0;
  /// An event with its body, whatever the size; null when it is gone.
  virtual EventRef LoadBody(LaneId lane, const EventIdentity& event) = 0;
};

}  // namespace postrider
