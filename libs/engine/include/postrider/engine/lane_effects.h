#pragma once

#include <optional>
#include <string>
#include <vector>

#include "postrider/engine/admission.h"
#include "postrider/engine/backlog_store.h"
#include "postrider/model/delivery.h"
#include "postrider/model/http.h"

namespace postrider {

/// A request to be made now. Its answer comes back through Lane::OnAnswer, or OnNotBuilt; before
/// that, Lane::OnWritten says that it is written.
struct Send {
  EventRef event;
  int attempt = 1;                 ///< for the partner: charged attempts so far, plus one
  std::optional<int> new_key_run;  ///< ask for a fresh idempotency key
  std::uint64_t ticket = 0;        ///< names this request
  std::size_t endpoint = 0;        ///< of the destination
  bool asks = false;  ///< not to deliver it, but to ask the partner whether it has the event
};

/// A question to the database about the lane's backlog.
struct BacklogQuery {
  enum class Kind {
    kKeys,  ///< every key in the backlog
    kDue,   ///< a page of rows in due order behind `after`
    kLoad,  ///< the deliveries `ids`
    kKey,   ///< the first blocked deliveries of `key`
    kBody,  ///< the event `ids[0]` with its body, whatever its size
  };
  Kind kind = Kind::kDue;
  std::uint64_t era = 0;
  std::uint64_t number = 0;  ///< counts the questions of a lane
  DueOrder after;
  int limit = 0;
  std::vector<EventId> ids;
  std::string key;
  bool unless_dead = false;            ///< for kKey: none while something of the key goes first
  DueLine line = DueLine::kTimed;      ///< for kDue and kLoad
  std::optional<EventIdentity> event;  ///< for kBody
};

/// The answer to it; the query is given back with it.
struct BacklogReply {
  BacklogQuery query;
  std::vector<DueOrder> due;
  std::vector<StoredDelivery> deliveries;
  std::vector<StoredKey> keys;
  EventRef event;  ///< for kBody; null: it is gone
};

/// Why a destination pauses itself.
struct PauseCause {
  enum class Kind {
    kDeadLimit,  ///< too much dies
    kGone,       ///< the partner says by its status that it wants no more events
    kDisable,    ///< it says so by `webhook-delivery: disable`
  };
  Kind kind = Kind::kDeadLimit;
  EventId event = 0;    ///< whose answer it was; 0 for kDeadLimit
  int http_status = 0;  ///< of that answer
};

/// What a lane asks the world to do. Calls return at once and never call back into the lane.
class LaneEffects {
 public:
  virtual ~LaneEffects() = default;

  virtual void Start(Send send) = 0;
  virtual void Settle(Settlement settlement) = 0;
  virtual void Ask(BacklogQuery query) = 0;
  /// The follow-up events of the destination, if it emits any.
  virtual std::optional<Emitted> FollowUp(const Event& event, const Outcome& outcome,
                                          const HttpAnswer* answer) = 0;
  /// The destination is to be paused, on all relays, until a person resumes it.
  virtual void Pause(const PauseCause& cause) = 0;
};

/// What a lane tells of itself, for metrics and logs. Calls return at once.
class LaneObserver {
 public:
  virtual ~LaneObserver() = default;

  virtual void OnRead(std::size_t /*events*/) {}
  virtual void OnAttempt(const Event& /*event*/, const AttemptRecord& /*attempt*/) {}
  virtual void OnOutcome(const Event& /*event*/, const Outcome& /*outcome*/) {}
  virtual void OnHeld(Held /*reason*/, microseconds /*time*/) {}
  virtual void OnBreaker(std::size_t /*endpoint*/, CircuitBreaker::State /*state*/) {}
  /// The lane waits until then, or for its probe until then at the longest; nullopt: no more.
  virtual void OnCoolDown(std::optional<Timestamp> /*until*/) {}
};

}  // namespace postrider
