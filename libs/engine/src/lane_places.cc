// The part of a lane that gives deliveries their places: in their keys, and in the queue.
#include <utility>

#include "postrider/engine/lane.h"

namespace postrider {

void Lane::Admit(Delivery& delivery, bool comes_back, Timestamp now) {
  const Event& event = *delivery.event;
  if (delivery.origin == Origin::kLog && event.deliver_after && *event.deliver_after > now) {
    BacklogEntry entry;
    entry.waiting_for = WaitingFor::kSchedule;
    entry.due_at = *event.deliver_after;
    return SettleIntoBacklog(delivery, std::move(entry), {});
  }
  if (!Keyed(delivery)) return Queue(delivery);
  const std::string& key = *event.key;
  if (!comes_back) {
    const KeyOrder::Place place = keys_.Arrive(key, event.id());
    if (place == KeyOrder::Place::kRun) Queue(delivery);
    if (place == KeyOrder::Place::kStore) Block(delivery);
    return;
  }
  const KeyOrder::Return back = keys_.ComeBack(key, event.id());
  Displace(back.displaced);
  if (back.place == KeyOrder::Place::kRun) Queue(delivery);
  if (back.place == KeyOrder::Place::kStore) Forget(event.id());
}

/// A question to the partner is no retry, and does not wait for the budget of retries.
SendQueue::Line Lane::LineOf(const Delivery& delivery) const {
  switch (delivery.origin) {
    case Origin::kLog:
      return SendQueue::Line::kLog;
    case Origin::kPutBack:
      return SendQueue::Line::kPutBack;
    case Origin::kDue:
    case Origin::kRetry:
    case Origin::kBlocked:
      break;
  }
  const bool is_retry = delivery.first_attempt_at && !(delivery.unknown && Intends());
  return is_retry ? SendQueue::Line::kRetry : SendQueue::Line::kDue;
}

void Lane::Queue(Delivery& delivery) {
  delivery.state = State::kQueued;
  queue_.Push(LineOf(delivery), delivery.event->id());
}

void Lane::QueueFirst(Delivery& delivery) {
  delivery.state = State::kQueued;
  queue_.PushFront(LineOf(delivery), delivery.event->id());
}

void Lane::Block(Delivery& delivery) {
  const std::string& key = *delivery.event->key;
  // One that was blocked before has its row, which says so already.
  const bool durable = delivery.origin == Origin::kBlocked;
  keys_.AddBlocked(key, durable);
  if (durable) return Forget(delivery.event->id());
  BacklogEntry entry;
  entry.waiting_for = WaitingFor::kPredecessor;
  entry.due_at = kNever;
  entry.predecessor = keys_.Predecessor(key);
  entry.attempts = delivery.attempts;
  entry.first_attempt_at = delivery.first_attempt_at;
  SettleIntoBacklog(delivery, std::move(entry), {});
}

void Lane::Displace(const KeyOrder::Displaced& displaced) {
  for (const EventId id : displaced.waiting) Block(memory_.at(id));
  for (const EventId id : displaced.heads) Forget(id);
}

void Lane::RunNext(const std::string& key) {
  if (const auto next = keys_.Next(key)) Queue(memory_.at(*next));
}

/// The next delivery of the key may run, unless this one's death blocks it.
void Lane::EndOfKey(const Delivery& delivery) {
  if (!Placed(delivery)) return;
  const std::string& key = *delivery.event->key;
  if (delivery.died && blocks()) {
    Displace(keys_.Die(key, delivery.event->id()));
  } else {
    keys_.Leave(key, delivery.event->id());
  }
  RunNext(key);
}

// -- After a restart ------------------------------------------------------------------------------

void Lane::OnKeys(const BacklogReply& reply, Timestamp now) {
  for (const StoredKey& key : reply.keys) {
    keys_.Restore(key, blocks());
    unseen_heads_.insert(key.heads.begin(), key.heads.end());
  }
  RestorePlaces();
  keys_known_ = true;
  for (const EventId id : std::exchange(unplaced_, {})) {
    Delivery* const delivery = Find(id);
    if (delivery != nullptr && delivery->state == State::kUnplaced) Admit(*delivery, false, now);
  }
  keys_.EndRestore();  // what was taken may go before what is blocked
}

/// What was under way when the era began keeps its place, and overrules what was read of it.
void Lane::RestorePlaces() {
  for (Delivery& delivery : left_unplaced_) RestorePlace(delivery, true);
  left_unplaced_.clear();
  for (auto& [id, delivery] : memory_) {
    if (Keyed(delivery) && delivery.state != State::kUnplaced) RestorePlace(delivery, false);
  }
}

void Lane::RestorePlace(Delivery& delivery, bool durable) {
  const std::string& key = *delivery.event->key;
  const EventId id = delivery.event->id();
  if (delivery.state != State::kSettling || IsIntent(delivery)) return keys_.RestoreActive(key, id);
  if (delivery.park == kNever) {
    keys_.AddBlocked(key, durable);
    delivery.park_era = era_;
  } else if (delivery.park) {
    // What was put off to its time has no place in its key yet.
    if (delivery.parked_as != WaitingFor::kSchedule) keys_.Expect(key, id);
  } else if (delivery.died && blocks()) {
    keys_.RestoreDead(key, id);
  } else {
    keys_.Leave(key, id);
  }
}

}  // namespace postrider
