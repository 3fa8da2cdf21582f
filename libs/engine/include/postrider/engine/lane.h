#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "postrider/engine/admission.h"
#include "postrider/engine/closing.h"
#include "postrider/engine/due_window.h"
#include "postrider/engine/held_delivery.h"
#include "postrider/engine/key_order.h"
#include "postrider/engine/lane_base.h"
#include "postrider/engine/lane_effects.h"
#include "postrider/engine/lane_settings.h"
#include "postrider/engine/lane_shares.h"
#include "postrider/engine/question_log.h"
#include "postrider/engine/recovery_progress.h"
#include "postrider/engine/send_queue.h"
#include "postrider/policy/dead_limit.h"
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
  void OnDropped(const std::vector<EventId>& ids) override;
  void Stop() override;
  void Pump(Timestamp now) override;
  void ClockMoved(microseconds by) override { admission_.ClockMoved(by); }
  Timestamp NextWake() const override;
  std::int64_t room_events() const override { return shares_.room_events(Origin::kLog); }
  std::int64_t room_bytes() const override { return shares_.room_bytes(Origin::kLog); }
  EventId closed_up_to() const override { return closing_.closed_up_to(); }
  bool idle() const override { return admission_.unsettled() == 0 && settling_ == 0; }
  LaneStats stats() const override;
  Timestamp oldest_queued() const override;

  // -- From the backlog -------------------------------------------------------------------------

  void OnReply(const BacklogReply& reply, Timestamp now);
  /// People put rows into the backlog.
  void OnForeignRows(const std::vector<DueOrder>& rows);
  /// A person wants a delivery cancelled: decided by the next `Pump`, or when it can be. Forgotten
  /// at `Reset`, so what is not decided has to be given again after it and before anything is
  /// taken.
  void OnCancel(const CancelRequest& request);

  // -- From the partner -------------------------------------------------------------------------

  /// The first byte of a Send is about to be written. The next Pump may find that more may go.
  void OnWritten(std::uint64_t ticket, Timestamp now);
  /// The answer to a Send. An unknown ticket is ignored.
  void OnAnswer(std::uint64_t ticket, const HttpAnswer& answer, Timestamp now,
                const std::string& request);
  /// The request could not be made of the event: class template (it dies) or local (our fault).
  void OnNotBuilt(std::uint64_t ticket, FailureClass failure, const std::string& error,
                  Timestamp now);

  // -- Control ----------------------------------------------------------------------------------

  /// What is registered. A pause that the lane has asked for holds until NotePaused.
  void SetPaused(bool paused);
  /// The pause that it asked for is registered.
  void NotePaused();
  /// Whether an endpoint has the credentials that it needs; at first it has.
  void SetCredentials(std::size_t endpoint, bool there) {
    admission_.SetCredentials(endpoint, there);
  }
  /// They were refused, and are others by now.
  void OnNewCredentials() { admission_.RenewCredentials(); }
  /// Since the partner refused them no request has been taken.
  bool credentials_refused() const { return admission_.credentials_refused(); }
  /// What the former owner sent; before the first Pump. See Admission::Restore.
  void RestoreSent(const std::vector<microseconds>& ages, int unknown, Timestamp now) {
    admission_.Restore(ages, unknown, now);
  }
  /// See Admission.
  Timestamp NextCall(Timestamp now) { return admission_.NextCall(now); }
  void NoteCall(Timestamp now) { admission_.NoteCall(now); }
  void GiveUpCall() { admission_.GiveUpCall(); }
  void ResumeCoolDown(Timestamp until) { admission_.ResumeCoolDown(until); }
  void FollowCoolDown(int shard, std::optional<Timestamp> until, Timestamp now) {
    admission_.FollowCoolDown(shard, until, now);
  }

  // -- State ------------------------------------------------------------------------------------

  Held held() const { return held_; }
  const LaneSettings& settings() const { return settings_; }
  const Admission& admission() const { return admission_; }

 private:
  using Delivery = HeldDelivery;
  using State = HeldDelivery::State;
  /// An event whose id is that of another one still in memory (a changed history).
  using Clash = std::pair<EventRef, std::shared_ptr<const std::string>>;

  bool ordered() const { return settings_.order.by == Order::kKey; }
  bool blocks() const { return settings_.order.after_dead == AfterDead::kBlock; }
  bool Keyed(const Delivery& delivery) const { return ordered() && delivery.event->key; }
  /// It has a place in its key. Places are restored from what is in memory when keys become known.
  bool Placed(const Delivery& delivery) const { return Keyed(delivery) && keys_known_; }
  Delivery* Find(EventId id);

  struct Answered;

  // What is in memory (lane_memory.cc).
  void TakeOne(const EventRef& event, const std::shared_ptr<const std::string>& canary,
               Timestamp now);
  bool IsBehindClash(const Event& event) const;
  Delivery& Hold(EventRef event, Origin origin);
  Delivery& HoldStored(const StoredDelivery& stored, Origin origin);
  void BelongsToLog(Delivery& delivery);
  void Forget(EventId id);
  Delivery* EndSettling(EventId id);
  void OnSettledOne(EventId id, Delivery& delivery);
  void Release(EventId id);
  void OnParked(const Delivery& delivery);
  void OnBlocked(const std::string& key);
  static std::size_t BytesOf(const Delivery& delivery);

  // Places in keys and queues (lane_places.cc).
  void Admit(Delivery& delivery, bool comes_back, Timestamp now);
  void Queue(Delivery& delivery);
  void QueueFirst(Delivery& delivery);
  SendQueue::Line LineOf(const Delivery& delivery) const;
  void Block(Delivery& delivery);
  void Displace(const KeyOrder::Displaced& displaced);
  void RunNext(const std::string& key);
  void EndOfKey(const Delivery& delivery);
  void OnKeys(const BacklogReply& reply, Timestamp now);
  void RestorePlaces();
  void RestorePlace(Delivery& delivery, bool durable);

  // What is asked of the backlog (lane_backlog.cc).
  void Ask(BacklogQuery query);
  void AskForKeys();
  void AskForBacklog(Timestamp now);
  void AskForDue(DueLine line, int spare, Timestamp now);
  void AskForHeads();
  void AskForUnseen();
  void RunReached();
  void AskForRows(std::vector<EventId> ids, DueLine line);
  void AskForBlocked();
  void AskForKey(const std::string& key, bool unless_dead);
  bool AskForBody(Delivery& delivery);
  DueWindow& WindowOf(DueLine line);
  void Answer(const BacklogReply& reply, Timestamp now);
  void OnLoaded(const BacklogReply& reply, Timestamp now);
  void OnStored(const StoredDelivery& stored, Timestamp now);
  void OnMissing(const BacklogReply& reply, Timestamp now);
  void OnKeyLoaded(const BacklogReply& reply);
  void OnBody(const BacklogReply& reply);

  // Cancelling (lane_cancels.cc).
  struct Cancel {
    CancelRequest request;
    bool asked = false;  ///< its row is being read
  };
  void DecideCancels(Timestamp now);
  bool DecideCancel(Cancel& cancel, Timestamp now);
  void CancelHeld(Delivery& delivery, Timestamp now);
  bool CancelStored(const StoredDelivery& stored, Timestamp now);
  void CancelUnread(EventId id, Timestamp now);
  void AnswerCancel(const Delivery& delivery);
  void AnswerCancel(const CancelRequest& request);

  // Partners that must not get a request twice (lane_unknown.cc).
  bool Intends() const { return settings_.after_unknown != AfterUnknown::kResend; }
  bool IsTooOld(const Delivery& delivery, Timestamp now) const;
  static bool IsIntent(const Delivery& delivery);
  static bool MayHaveBeenSent(const StoredDelivery& stored);
  void Intend(Delivery& delivery, Timestamp now);
  void RecordIntent(Delivery& delivery, Timestamp now);
  void OnIntended(Delivery& delivery);
  void SendIntended(Timestamp now);
  void GiveUpPermit(Delivery& delivery);
  void ReturnPermits(Timestamp now);
  void GiveUpIntent(Delivery& delivery, Timestamp now);
  void ResolveUnknown(Delivery& delivery, Timestamp now);
  static BacklogEntry EntryOf(const Delivery& delivery, WaitingFor waiting_for, Timestamp due);
  void OnUnknown(Delivery& delivery, Answered answered);
  void Verify(Delivery& delivery, Answered answered, microseconds delay);
  void OnAsked(Delivery& delivery, const Verdict& verdict, Answered answered);
  void SendAgain(Delivery& delivery, Answered answered);
  void AskAgain(Delivery& delivery, Answered answered);
  void Park(Delivery& delivery, BacklogEntry entry, std::vector<AttemptRecord> attempts);

  // Sending (lane.cc) and answers (lane_answers.cc).
  Delivery* NextQueued(Timestamp now);
  bool SendOne(Delivery& delivery, Timestamp now);
  void Reserve(Delivery& delivery, Timestamp now);
  void Start(Delivery& delivery, Timestamp now);
  void NoteHeld(Held reason, Timestamp now);
  BreakerStates Breakers() const;
  void TellPolicies();
  void FailOver(Delivery& delivery, Answered answered);
  void ReturnUncharged(Delivery& delivery, Answered answered);
  void NoteDead(Timestamp now);
  void Heed(const Verdict& verdict, const Delivery& delivery, int http_status);
  void PauseItself(const PauseCause& cause);
  void Deliver(Delivery& delivery, Answered answered);
  void Fail(Delivery& delivery, const Verdict& verdict, Answered answered);
  void Die(Delivery& delivery, DeadReason reason, Answered answered);
  void Retry(Delivery& delivery, milliseconds delay, Answered answered);
  void HoldBack(Delivery& delivery, Answered answered);
  void PutBack(Delivery& delivery, Timestamp now);
  void BackToFront(Delivery& delivery, Timestamp now);
  void Expire(Delivery& delivery, Timestamp now);
  Admission::Permit LeaveFlight(Delivery& delivery);
  Settlement MakeSettlement(const Delivery& delivery) const;
  Outcome MakeOutcome(const Delivery& delivery, OutcomeState state, const Answered& answered) const;
  void SettleFinally(Delivery& delivery, Outcome outcome, const Answered* answered);
  void SettleIntoBacklog(Delivery& delivery, BacklogEntry entry,
                         std::vector<AttemptRecord> attempts);

  const LaneSettings settings_;
  const std::int64_t epoch_;
  RandomSource& random_;
  LaneEffects& effects_;
  LaneObserver& observer_;
  const RetrySchedule schedule_;
  const VerdictPolicy verdicts_;
  const VerdictPolicy findings_;  ///< on answers to questions what became of a request
  Admission admission_;
  std::optional<DeadLimit> dead_limit_;

  std::unordered_map<EventId, Delivery> memory_;
  std::unordered_map<std::uint64_t, EventId> tickets_;
  LaneShares shares_;
  SendQueue queue_;
  KeyOrder keys_;
  DueWindow timed_;
  DueWindow retries_;
  DueWindow put_back_;
  QuestionLog questions_;
  Closing closing_;

  std::uint64_t era_ = 0;
  bool keys_known_ = false;
  bool keys_asked_ = false;
  bool page_came_ = false;               ///< of the recovery: the keys may be asked for
  std::vector<EventId> unplaced_;        ///< taken before the keys were known
  std::vector<Delivery> left_unplaced_;  ///< became durable before: what is read may be older
  /// Rows that hold up their keys, as those were read, and that no page has shown since.
  std::set<EventId> unseen_heads_;
  RecoveryProgress recovery_;
  /// Put back by a person while their last run was still being recorded.
  std::unordered_map<EventId, DueOrder> put_back_early_;
  std::unordered_map<EventId, EventIdentity> remembered_;  ///< under way when the era began
  std::vector<Clash> clashing_;
  std::unordered_map<EventId, Cancel> cancels_;           ///< requests to be decided
  std::unordered_map<EventId, EventIdentity> cancelled_;  ///< before the log brought them

  std::int64_t big_bytes_ = 0;  ///< of bodies read alone
  std::vector<EventId> intended_;
  std::vector<Admission::Permit> given_up_;  ///< of intents: returned by the next Pump
  int settling_ = 0;                         ///< handed to the recorder, not durable
  std::int32_t requests_ = 0;
  std::uint64_t tickets_given_ = 0;

  bool pauses_itself_ = false;  ///< has asked for it
  bool stopped_ = false;
  BreakerStates told_breakers_;
  std::optional<Timestamp> told_cool_down_;
  Held held_ = Held::kNothing;
  Timestamp held_since_;
};

}  // namespace postrider
