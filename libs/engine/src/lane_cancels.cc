// The part of a lane that decides what people want cancelled. Only what is in memory can be sent,
// so a request is decided by what is there; if nothing is, by the row in the backlog; and if there
// is none either, the log has not brought the event yet, and must not later.
#include <iterator>
#include <utility>

#include "postrider/engine/lane.h"

namespace postrider {

void Lane::OnCancel(const CancelRequest& request) {
  if (stopped_) return;
  if (request.ended) return AnswerCancel(request);
  Cancel& cancel = cancels_[request.event->id()];
  cancel.request = request;
}

void Lane::DecideCancels(Timestamp now) {
  for (auto cancel = cancels_.begin(); cancel != cancels_.end();) {
    cancel = DecideCancel(cancel->second, now) ? cancels_.erase(cancel) : std::next(cancel);
  }
}

/// Whether it is decided.
bool Lane::DecideCancel(Cancel& cancel, Timestamp now) {
  const Event& event = *cancel.request.event;
  Delivery* const held = Find(event.id());
  if (held == nullptr) {
    if (!std::exchange(cancel.asked, true)) AskForRows({event.id()}, DueLine::kTimed);
    return false;
  }
  if (!(held->event->identity == event.identity)) return false;  // its id is not free yet
  if (held->state == State::kSettling && held->park && !IsIntent(*held)) return false;
  if (held->state == State::kSending || held->state == State::kSettling ||
      held->state == State::kIntended || held->unknown) {
    AnswerCancel(*held);
  } else {
    CancelHeld(*held, now);
  }
  return true;
}

/// A row that was read is of a delivery to be cancelled: whether it is cancelled now.
bool Lane::CancelStored(const StoredDelivery& stored, Timestamp now) {
  const auto cancel = cancels_.find(stored.event->id());
  if (cancel == cancels_.end()) return false;
  const CancelRequest request = std::move(cancel->second.request);
  cancels_.erase(cancel);
  if (MayHaveBeenSent(stored)) {
    AnswerCancel(request);
    return false;
  }
  CancelHeld(HoldStored(stored, Origin::kDue), now);
  return true;
}

/// There is no row of it in the backlog.
void Lane::CancelUnread(EventId id, Timestamp now) {
  const auto cancel = cancels_.find(id);
  if (cancel == cancels_.end()) return;
  const CancelRequest request = std::move(cancel->second.request);
  cancels_.erase(cancel);
  cancelled_[id] = request.event->identity;
  Delivery& delivery = Hold(request.event, Origin::kLog);
  delivery.canary = request.canary;
  closing_.Came(id);
  CancelHeld(delivery, now);
}

/// It is in flight, or has ended.
void Lane::AnswerCancel(const Delivery& delivery) {
  Settlement settlement = MakeSettlement(delivery);
  settlement.answers_cancel = true;
  effects_.Settle(std::move(settlement));
}

void Lane::AnswerCancel(const CancelRequest& request) {
  Delivery delivery;
  delivery.event = request.event;
  delivery.canary = request.canary;
  AnswerCancel(delivery);
}

}  // namespace postrider
