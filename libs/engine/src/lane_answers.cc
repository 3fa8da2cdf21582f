// The part of a lane that decides what becomes of an answer.
#include <algorithm>
#include <utility>

#include "lane_answered.h"
#include "postrider/engine/lane.h"

namespace postrider {
namespace {

/// Nothing was sent, and it is this endpoint's doing.
bool CouldNotConnect(const HttpAnswer& answer) {
  return answer.failure && IsKnownNotSent(*answer.failure) && !IsOurFault(*answer.failure);
}

}  // namespace

void Lane::OnWritten(std::uint64_t ticket, Timestamp now) {
  const auto sent = tickets_.find(ticket);
  if (sent != tickets_.end()) admission_.Written(*memory_.at(sent->second).permit, now);
}

void Lane::OnAnswer(std::uint64_t ticket, const HttpAnswer& answer, Timestamp now,
                    const std::string& request) {
  const auto sent = tickets_.find(ticket);
  if (sent == tickets_.end()) return;
  Delivery& delivery = memory_.at(sent->second);
  const Admission::Permit permit = LeaveFlight(delivery);
  if (answer.failure == FailureClass::kRelayLost && !answer.maybe_sent) {
    admission_.Return(permit, now);
    return PutBack(delivery, now);
  }
  const Verdict verdict = (delivery.asking ? findings_ : verdicts_).Judge(answer);
  admission_.Record(permit, answer, verdict, now);
  Answered answered{&answer, {}, request, now};
  AttemptRecord& attempt = answered.attempt;
  attempt.number = ++requests_;
  attempt.started_at = delivery.sent_at;
  attempt.failure = verdict.failure;
  attempt.http_status = answer.status;
  attempt.latency_ms = static_cast<std::int32_t>(answer.latency.count());
  attempt.charged = verdict.charged;
  attempt.error = answer.error;
  if (delivery.asking) return OnAsked(delivery, verdict, std::move(answered));
  Heed(verdict, delivery, answer.status);
  if (CouldNotConnect(answer) && admission_.FailOver(permit, now)) {
    return FailOver(delivery, std::move(answered));
  }
  if (verdict.charged) ++delivery.attempts;
  if (verdict.kind == VerdictKind::kDelivered) return Deliver(delivery, std::move(answered));
  Fail(delivery, verdict, std::move(answered));
}

void Lane::OnNotBuilt(std::uint64_t ticket, FailureClass failure, const std::string& error,
                      Timestamp now) {
  const auto sent = tickets_.find(ticket);
  if (sent == tickets_.end()) return;
  Delivery& delivery = memory_.at(sent->second);
  const Admission::Permit permit = LeaveFlight(delivery);
  admission_.Return(permit, now);
  Answered answered{nullptr, {}, "", now};
  answered.attempt.number = ++requests_;
  answered.attempt.started_at = now;
  answered.attempt.failure = failure;
  answered.attempt.charged = false;
  answered.attempt.error = error;
  if (delivery.asking) return AskAgain(delivery, std::move(answered));
  if (failure == FailureClass::kTemplate) {
    return Die(delivery, DeadReason::kTemplate, std::move(answered));
  }
  Fail(delivery, Verdict{VerdictKind::kRetry, failure, false, false}, std::move(answered));
}

Admission::Permit Lane::LeaveFlight(Delivery& delivery) {
  tickets_.erase(delivery.ticket);
  return *std::exchange(delivery.permit, std::nullopt);
}

void Lane::Deliver(Delivery& delivery, Answered answered) {
  answered.attempt.result = AttemptResult::kDelivered;
  observer_.OnAttempt(*delivery.event, answered.attempt);
  SettleFinally(delivery, MakeOutcome(delivery, OutcomeState::kDelivered, answered), &answered);
  EndOfKey(delivery);
}

void Lane::Fail(Delivery& delivery, const Verdict& verdict, Answered answered) {
  if (verdict.kind == VerdictKind::kHold) return HoldBack(delivery, std::move(answered));
  if (verdict.kind == VerdictKind::kDead) {
    const DeadReason reason = verdict.unknown ? DeadReason::kUnknown : DeadReason::kRefused;
    return Die(delivery, reason, std::move(answered));
  }
  if (verdict.unknown && Intends()) return OnUnknown(delivery, std::move(answered));
  answered.attempt.result = verdict.unknown   ? AttemptResult::kUnknown
                            : verdict.charged ? AttemptResult::kRetry
                                              : AttemptResult::kRefused;
  const auto delay = schedule_.DelayAfter(delivery.attempts, *delivery.first_attempt_at,
                                          answered.now, random_.Uniform01());
  if (!delay) return Die(delivery, DeadReason::kExhausted, std::move(answered));
  Retry(delivery, *delay, std::move(answered));
}

void Lane::Die(Delivery& delivery, DeadReason reason, Answered answered) {
  answered.attempt.result = AttemptResult::kDead;
  observer_.OnAttempt(*delivery.event, answered.attempt);
  Outcome outcome = MakeOutcome(delivery, OutcomeState::kDead, answered);
  outcome.reason = reason;
  delivery.died = true;
  NoteDead(answered.now);
  SettleFinally(delivery, std::move(outcome), &answered);
  EndOfKey(delivery);
}

void Lane::Retry(Delivery& delivery, milliseconds delay, Answered answered) {
  observer_.OnAttempt(*delivery.event, answered.attempt);
  BacklogEntry entry;
  entry.waiting_for = WaitingFor::kRetry;
  entry.due_at = answered.now + delay;
  // An event that expires before its next attempt is looked at when it expires.
  if (const auto before = delivery.event->deliver_before) {
    entry.due_at = std::min(entry.due_at, std::max(*before, answered.now));
  }
  entry.attempts = delivery.attempts;
  entry.first_attempt_at = delivery.first_attempt_at;
  entry.failure = answered.attempt.failure;
  entry.http_status = answered.attempt.http_status;
  entry.error = answered.attempt.error;
  Park(delivery, std::move(entry), {std::move(answered.attempt)});
}

/// Into the backlog as the head of its key.
void Lane::Park(Delivery& delivery, BacklogEntry entry, std::vector<AttemptRecord> attempts) {
  SettleIntoBacklog(delivery, std::move(entry), std::move(attempts));
  if (!Placed(delivery)) return;
  const std::string& key = *delivery.event->key;
  Displace(keys_.Park(key, delivery.event->id()));
  RunNext(key);
}

/// The partner refuses our credentials: the event keeps its place and its attempts, the lane waits
/// and then probes with one request.
void Lane::HoldBack(Delivery& delivery, Answered answered) {
  admission_.RefuseCredentials(answered.now);
  ReturnUncharged(delivery, std::move(answered));
}

/// The endpoint could not be connected, and another takes the request at once: nothing has happened
/// to the event.
void Lane::FailOver(Delivery& delivery, Answered answered) {
  answered.attempt.charged = false;
  ReturnUncharged(delivery, std::move(answered));
}

/// To its place, as if nothing had happened; but the request leaves a row.
void Lane::ReturnUncharged(Delivery& delivery, Answered answered) {
  answered.attempt.result = AttemptResult::kRefused;
  observer_.OnAttempt(*delivery.event, answered.attempt);
  Settlement settlement = MakeSettlement(delivery);
  settlement.attempts.push_back(std::move(answered.attempt));
  effects_.Settle(std::move(settlement));
  BackToFront(delivery, answered.now);
}

/// Our lease may have run out just before the request was written: nothing has happened.
void Lane::PutBack(Delivery& delivery, Timestamp now) {
  admission_.WaitForLease(now);
  if (delivery.first_attempt_at == delivery.sent_at) delivery.first_attempt_at.reset();
  BackToFront(delivery, now);
}

void Lane::BackToFront(Delivery& delivery, Timestamp now) {
  if (Intends() && !delivery.asking) return GiveUpIntent(delivery, now);
  delivery.asking = false;
  delivery.sent = false;
  admission_.Settled();
  delivery.state = State::kQueued;  // also once stopped: nothing may be closed over it
  if (!stopped_) QueueFirst(delivery);
}

void Lane::Expire(Delivery& delivery, Timestamp now) {
  Answered answered;
  answered.now = now;
  SettleFinally(delivery, MakeOutcome(delivery, OutcomeState::kExpired, answered), nullptr);
  EndOfKey(delivery);
}

/// A person wants it cancelled, and it has not been sent.
void Lane::CancelHeld(Delivery& delivery, Timestamp now) {
  Answered answered;
  answered.now = now;
  SettleFinally(delivery, MakeOutcome(delivery, OutcomeState::kCancelled, answered), nullptr);
  EndOfKey(delivery);
}

Settlement Lane::MakeSettlement(const Delivery& delivery) const {
  Settlement settlement;
  settlement.lane = settings_.id;
  settlement.epoch = epoch_;
  settlement.event = delivery.event;
  settlement.run = delivery.run;
  settlement.canary = delivery.canary;
  return settlement;
}

Outcome Lane::MakeOutcome(const Delivery& delivery, OutcomeState state,
                          const Answered& answered) const {
  Outcome outcome;
  outcome.state = state;
  outcome.attempts = delivery.attempts;
  outcome.http_status = answered.attempt.http_status;
  outcome.failure = answered.attempt.failure;
  outcome.latency_ms = answered.attempt.latency_ms;
  outcome.finished_at = answered.now;
  outcome.first_attempt_at = delivery.first_attempt_at;
  outcome.error = answered.attempt.error;
  outcome.request = answered.request;
  if (answered.answer != nullptr) {
    outcome.answer = answered.answer->body.substr(0, settings_.keep_response);
  }
  return outcome;
}

void Lane::SettleFinally(Delivery& delivery, Outcome outcome, const Answered* answered) {
  delivery.state = State::kSettling;
  delivery.park.reset();
  ++settling_;
  observer_.OnOutcome(*delivery.event, outcome);
  Settlement settlement = MakeSettlement(delivery);
  settlement.answers_cancel = outcome.state == OutcomeState::kCancelled;
  if (!settlement.answers_cancel) {
    settlement.emitted = effects_.FollowUp(*delivery.event, outcome,
                                           answered == nullptr ? nullptr : answered->answer);
  }
  // The request that settled it is described by the outcome; a dead letter's stays an attempt too,
  // so that its history can be read in one place.
  if (answered != nullptr && outcome.state != OutcomeState::kDelivered) {
    settlement.attempts.push_back(answered->attempt);
  }
  settlement.outcome = std::move(outcome);
  effects_.Settle(std::move(settlement));
}

void Lane::SettleIntoBacklog(Delivery& delivery, BacklogEntry entry,
                             std::vector<AttemptRecord> attempts) {
  delivery.state = State::kSettling;
  delivery.park = entry.due_at;
  delivery.parked_as = entry.waiting_for;
  delivery.park_era = era_;
  ++settling_;
  Settlement settlement = MakeSettlement(delivery);
  settlement.backlog = std::move(entry);
  settlement.attempts = std::move(attempts);
  effects_.Settle(std::move(settlement));
}

}  // namespace postrider
