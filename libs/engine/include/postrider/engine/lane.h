#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "postrider/engine/closing.h"
#include "postrider/engine/due_window.h"
#include "postrider/engine/key_order.h"
#include "postrider/engine/lane_base.h"
#include "postrider/engine/lane_effects.h"
#include "postrider/engine/lane_settings.h"
#include "postrider/policy/random.h"
#include "postrider/policy/retry_schedule.h"
#include "postrider/policy/verdict.h"

namespace postrider {

/// One destination, or one shard of it: decides what is sent when, and what becomes of the answers.
class Lane : public LaneBase {
 public:
  /// @param epoch  of the lane's fence; all borrowed objects must outlive the lane
  Lane(LaneSettings settings, std::int64_t epoch, RandomSource& random, LaneEffects& effects,
       LaneObserver& observer);

  // -- LaneBase ---------------------------------------------------------------------------------

  void Reset(std::uint64_t era) override;
  void SetClosed(EventId high) override { closing_.Set(high); }
  void Take(const std::vector<EventRef>& events, std::shared_ptr<const std::string> canary,
            Timestamp now) override;
  void Recovered(std::uint64_t era) override;
  void Judge(EventId high) override;
  void OnSettled(const std::vector<EventId>& ids) override;
  void Stop() override;
  void Pump(Timestamp now) override;
  Timestamp NextWake() const override;
  std::int64_t room_events() const override;
  std::int64_t room_bytes() const override;
  EventId closed_up_to() const override { return closing_.closed_up_to(); }
  bool idle() const override { return unsettled_ == 0 && settling_ == 0; }
  LaneStats stats() const override;
  Timestamp oldest_queued() const override;

  // -- From the backlog -------------------------------------------------------------------------

  void OnReply(BacklogReply reply, Timestamp now);
  /// Somebody else put a row into the backlog.
  void OnForeignRow(DueOrder row) { window_.Add(row); }

  // -- From the partner -------------------------------------------------------------------------

  /// The answer to a Send. An unknown ticket is ignored.
  void OnAnswer(std::uint64_t ticket, const HttpAnswer& answer, Timestamp now,
                const std::string& request);
  /// The request could not be made of the event: class template (it dies) or local (our fault).
  void OnNotBuilt(std::uint64_t ticket, FailureClass failure, const std::string& error,
                  Timestamp now);

  // -- Control ----------------------------------------------------------------------------------

  void SetPaused(bool paused) { paused_ = paused; }

  // -- State ------------------------------------------------------------------------------------

  Held held() const { return held_; }
  const LaneSettings& settings() const { return settings_; }

 private:
  enum class State { kUnplaced, kQueued, kLoadingBody, kSending, kSettling };
  enum class Origin { kLog, kDue, kBlocked };
  struct Delivery {
    EventRef event;
    std::shared_ptr<const std::string> canary;
    std::optional<Timestamp> first_attempt_at;
    Timestamp sent_at;
    std::uint64_t ticket = 0;
    std::int32_t attempts = 0;  ///< charged
    std::int16_t run = 1;
    State state = State::kQueued;
    Origin origin = Origin::kLog;
    bool new_key = false;
    bool big = false;               ///< its body was read alone
    bool sent = false;              ///< counts as unsettled
    bool died = false;
    std::optional<Timestamp> park;  ///< being written to the backlog, due then (kNever: blocked)
    WaitingFor parked_as = WaitingFor::kRetry;
    std::uint64_t park_era = 0;
  };

  bool ordered() const { return settings_.order.by == Order::kKey; }
  bool Keyed(const Delivery& delivery) const { return ordered() && delivery.event->key; }
  bool HeldInMemory(const Event& event) const;
  Delivery& Hold(EventRef event, Origin origin);

  void TakeOne(const EventRef& event, const std::shared_ptr<const std::string>& canary,
               Timestamp now);
  bool IsBehindClash(const Event& event) const;
  void BelongsToLog(Delivery& delivery);
  void Admit(Delivery& delivery, bool head, Timestamp now);
  void Queue(Delivery& delivery);
  void Block(Delivery& delivery);
  void BlockAll(const std::vector<EventId>& ids);
  void RunNext(const std::optional<EventId>& id);

  void Ask(BacklogQuery query);
  void AskForKeys();
  void AskForBacklog(Timestamp now);
  std::int64_t RoomForStored() const;
  bool AskForBody(Delivery& delivery);
  void OnKeys(const BacklogReply& reply, Timestamp now);
  void RestoreKeysInMemory();
  StoredKey KeyOf(const Delivery& delivery) const;
  void Answer(const BacklogReply& reply, Timestamp now);
  bool IsStale(const StoredDelivery& stored) const;
  void ForgetLeaving();
  void OnLoaded(const BacklogReply& reply, Timestamp now);
  void OnStored(const StoredDelivery& stored, Timestamp now);
  void OnKeyLoaded(const BacklogReply& reply);
  void OnBody(const BacklogReply& reply);
  Delivery& HoldStored(const StoredDelivery& stored, Origin origin);
  void OnParked(const Delivery& delivery);
  void NoteLeaving(const Delivery& delivery);

  Held Obstacle(Timestamp now) const;
  Delivery* NextQueued();
  bool SendOne(Delivery& delivery, Timestamp now);
  void NoteHeld(Held reason, Timestamp now);

  struct Answered;
  void Deliver(Delivery& delivery, Answered answered);
  void Fail(Delivery& delivery, const Verdict& verdict, Answered answered);
  void Die(Delivery& delivery, DeadReason reason, Answered answered);
  void Retry(Delivery& delivery, milliseconds delay, Answered answered);
  void HoldBack(Delivery& delivery, Answered answered);
  void PutBack(Delivery& delivery, Timestamp now);
  void BackToFront(Delivery& delivery);
  void Expire(Delivery& delivery, Timestamp now);
  Settlement MakeSettlement(const Delivery& delivery) const;
  Outcome MakeOutcome(const Delivery& delivery, OutcomeState state, const Answered& answered) const;
  void SettleFinally(Delivery& delivery, Outcome outcome, const Answered* answered);
  void SettleIntoBacklog(Delivery& delivery, BacklogEntry entry,
                         std::vector<AttemptRecord> attempts);
  void EndOfKey(const Delivery& delivery, bool died);
  void LeaveFlight(Delivery& delivery);
  void Forget(EventId id);

  const LaneSettings settings_;
  const std::int64_t epoch_;
  RandomSource& random_;
  LaneEffects& effects_;
  LaneObserver& observer_;
  const RetrySchedule schedule_;
  const VerdictPolicy verdicts_;

  std::unordered_map<EventId, Delivery> memory_;
  std::unordered_map<std::uint64_t, EventId> tickets_;
  std::deque<EventId> fresh_;  ///< queued, from the log
  std::deque<EventId> due_;    ///< queued, from the backlog; the two take turns
  bool due_turn_ = false;
  KeyOrder keys_;
  DueWindow window_;

  std::uint64_t era_ = 0;
  bool keys_known_ = false;
  bool keys_asked_ = false;
  bool page_came_ = false;  ///< of the recovery: the keys may be asked for
  std::deque<EventId> unplaced_;  ///< taken before the keys were known
  /// What became durable since the keys were forgotten: what is read of them may be older.
  std::vector<StoredKey> settled_unplaced_;
  std::uint64_t asked_ = 0;     ///< the number of the last question
  std::uint64_t answered_ = 0;  ///< of the last one answered; they are answered in order
  struct Leaving {
    std::int16_t run;
    std::uint64_t asked;
  };
  /// Deliveries that ended or were parked while questions were open: what the answers up to `asked`
  /// bring of them may be older.
  std::unordered_map<EventId, Leaving> left_;
  std::deque<std::pair<EventId, std::uint64_t>> left_order_;
  /// Put back by a person while their last run was still being recorded.
  std::unordered_map<EventId, DueOrder> put_back_;
  std::unordered_map<EventId, EventIdentity> remembered_;  ///< under way when the era began
  /// Events whose id is that of another event still in memory (a changed history).
  std::vector<std::pair<EventRef, std::shared_ptr<const std::string>>> clashing_;

  std::int64_t bytes_ = 0;      ///< of bodies read with their pages
  std::int64_t big_bytes_ = 0;  ///< of bodies read alone
  int in_flight_ = 0;
  int unsettled_ = 0;  ///< sent, not durable
  int settling_ = 0;   ///< handed to the recorder, not durable
  int stored_ = 0;     ///< in memory, from the backlog
  int loading_ = 0;    ///< rows asked for
  std::int32_t requests_ = 0;
  std::uint64_t tickets_given_ = 0;

  Closing closing_;

  bool paused_ = false;
  bool stopped_ = false;
  bool credentials_refused_ = false;
  Timestamp held_until_ = Timestamp::min();
  Timestamp unleased_until_ = Timestamp::min();
  Held held_ = Held::kNothing;
  Timestamp held_since_;
};

}  // namespace postrider
