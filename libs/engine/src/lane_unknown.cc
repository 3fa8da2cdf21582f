// The part of a lane for partners that must not get a request twice: the intent before a request,
// and what follows when nobody knows what became of it. See
// docs/decisions/0016-intents-in-the-backlog.md.
#include <algorithm>
#include <utility>

#include "lane_answered.h"
#include "postrider/engine/lane.h"

namespace postrider {
namespace {

/// The partner is asked again after this part of the time that has passed since the first attempt.
constexpr int kPartOfElapsed = 2;

}  // namespace

// -- The intent -----------------------------------------------------------------------------------

bool Lane::IsIntent(const Delivery& delivery) {
  return delivery.state == State::kSettling && delivery.park &&
         delivery.parked_as == WaitingFor::kAnswer;
}

bool Lane::MayHaveBeenSent(const StoredDelivery& stored) {
  return stored.entry.waiting_for == WaitingFor::kAnswer ||
         stored.entry.waiting_for == WaitingFor::kVerification;
}

/// Records that it is about to be sent. It keeps its place in its key, and is sent when that is
/// durable.
void Lane::Intend(Delivery& delivery, Timestamp now) {
  Reserve(delivery, now);
  RecordIntent(delivery, now);
}

void Lane::RecordIntent(Delivery& delivery, Timestamp now) {
  delivery.asked_from = now + settings_.answer_limit;
  SettleIntoBacklog(delivery, EntryOf(delivery, WaitingFor::kAnswer, delivery.asked_from), {});
}

/// The database took its time: should this owner end while the request is on its way, the next one
/// might ask before the partner is done with it, and take `missing` for an answer.
bool Lane::IsTooOld(const Delivery& delivery, Timestamp now) const {
  microseconds needed = settings_.call_timeout;
  if (settings_.verify) needed += settings_.verify->after;
  return now + needed > delivery.asked_from;
}

void Lane::OnIntended(Delivery& delivery) {
  delivery.park.reset();
  delivery.state = State::kIntended;
  intended_.push_back(delivery.event->id());
}

void Lane::SendIntended(Timestamp now) {
  for (const EventId id : std::exchange(intended_, {})) {
    Delivery& delivery = memory_.at(id);
    if (stopped_) {
      GiveUpPermit(delivery);
      GiveUpIntent(delivery, now);
    } else if (IsTooOld(delivery, now)) {
      RecordIntent(delivery, now);
    } else {
      Start(delivery, now);
    }
  }
  ReturnPermits(now);
}

/// Nothing will be sent by it after all.
void Lane::GiveUpPermit(Delivery& delivery) {
  given_up_.push_back(*std::exchange(delivery.permit, std::nullopt));
}

void Lane::ReturnPermits(Timestamp now) {
  for (const Admission::Permit& permit : std::exchange(given_up_, {})) {
    admission_.Return(permit, now);
    admission_.Settled();
  }
}

/// It is known not to have been sent: an ordinary delivery again, due at once.
void Lane::GiveUpIntent(Delivery& delivery, Timestamp now) {
  Park(delivery, EntryOf(delivery, WaitingFor::kRetry, now), {});
}

BacklogEntry Lane::EntryOf(const Delivery& delivery, WaitingFor waiting_for, Timestamp due) {
  BacklogEntry entry;
  entry.waiting_for = waiting_for;
  entry.due_at = due;
  entry.attempts = delivery.attempts;
  entry.first_attempt_at = delivery.first_attempt_at;
  return entry;
}

// -- Nobody knows ---------------------------------------------------------------------------------

/// The request went out, and no answer says what came of it.
void Lane::OnUnknown(Delivery& delivery, Answered answered) {
  if (settings_.after_unknown == AfterUnknown::kDead) {
    return Die(delivery, DeadReason::kUnknown, std::move(answered));
  }
  answered.attempt.result = AttemptResult::kUnknown;
  observer_.OnAttempt(*delivery.event, answered.attempt);
  Verify(delivery, std::move(answered), settings_.verify->after);
}

void Lane::Verify(Delivery& delivery, Answered answered, microseconds delay) {
  BacklogEntry entry = EntryOf(delivery, WaitingFor::kVerification, answered.now + delay);
  entry.failure = answered.attempt.failure;
  entry.http_status = answered.attempt.http_status;
  entry.error = answered.attempt.error;
  Park(delivery, std::move(entry), {std::move(answered.attempt)});
}

/// It has come back from the backlog, and may have been sent: its owner is gone, or it is time to
/// ask.
void Lane::ResolveUnknown(Delivery& delivery, Timestamp now) {
  switch (settings_.after_unknown) {
    case AfterUnknown::kResend:  // as it is configured by now
      delivery.unknown = false;
      return Start(delivery, now);
    case AfterUnknown::kVerify:
      delivery.asking = true;
      return Start(delivery, now);
    case AfterUnknown::kDead:
      Answered answered;
      answered.now = now;
      answered.attempt.number = ++requests_;
      answered.attempt.started_at = now;
      answered.attempt.charged = false;
      answered.attempt.failure = FailureClass::kRelayLost;
      answered.attempt.error = "the relay ended between the request and its answer";
      return Die(delivery, DeadReason::kUnknown, std::move(answered));
  }
}

/// The partner's answer to the question whether it has the event.
void Lane::OnAsked(Delivery& delivery, const Verdict& verdict, Answered answered) {
  answered.attempt.charged = false;
  switch (verdict.kind) {
    case VerdictKind::kDelivered:
      return Deliver(delivery, std::move(answered));
    case VerdictKind::kHold:
      return HoldBack(delivery, std::move(answered));
    case VerdictKind::kDead:
      return SendAgain(delivery, std::move(answered));
    case VerdictKind::kRetry:
    case VerdictKind::kUnknown:
      return AskAgain(delivery, std::move(answered));
  }
}

/// The partner has not got it: it is sent again, unless its attempts are used up.
void Lane::SendAgain(Delivery& delivery, Answered answered) {
  const bool over =
      !schedule_.DelayAfter(delivery.attempts, *delivery.first_attempt_at, answered.now, 0);
  if (over) return Die(delivery, DeadReason::kExhausted, std::move(answered));
  answered.attempt.result = AttemptResult::kUnknown;
  observer_.OnAttempt(*delivery.event, answered.attempt);
  delivery.unknown = false;
  Park(delivery, EntryOf(delivery, WaitingFor::kRetry, answered.now),
       {std::move(answered.attempt)});
}

/// The partner cannot say: it is asked again, less and less often, until `for` is over.
void Lane::AskAgain(Delivery& delivery, Answered answered) {
  answered.attempt.failure = FailureClass::kVerifyFailed;
  const microseconds elapsed = answered.now - *delivery.first_attempt_at;
  if (elapsed >= settings_.retries.lasting) {
    return Die(delivery, DeadReason::kUnknown, std::move(answered));
  }
  answered.attempt.result = AttemptResult::kUnknown;
  observer_.OnAttempt(*delivery.event, answered.attempt);
  const microseconds longest =
      std::max<microseconds>(settings_.retries.max, settings_.verify->after);
  const auto delay =
      std::clamp<microseconds>(elapsed / kPartOfElapsed, settings_.verify->after, longest);
  Verify(delivery, std::move(answered), delay);
}

}  // namespace postrider
