// The part of a lane that reads its backlog: keys, rows that fall due, blocked rows, big bodies.
#include <algorithm>
#include <utility>

#include "postrider/engine/lane.h"

namespace postrider {
namespace {

constexpr std::int64_t kStoredShare = 4;

}  // namespace

void Lane::Ask(BacklogQuery query) {
  query.number = ++asked_;
  query.era = era_;
  effects_.Ask(std::move(query));
}

void Lane::AskForBacklog(Timestamp now) {
  if (paused_ || era_ == 0) return;
  if (!keys_known_) return AskForKeys();
  if (window_.WantsPage()) {
    BacklogQuery query;
    query.kind = BacklogQuery::Kind::kDue;
    query.after = window_.BeginPage();
    query.limit = static_cast<int>(window_.capacity() / 2);
    Ask(std::move(query));
  }
  const std::int64_t room = RoomForStored();
  if (room <= 0) return;
  BacklogQuery query;
  query.kind = BacklogQuery::Kind::kLoad;
  query.ids = window_.TakeDue(now, static_cast<std::size_t>(room));
  if (query.ids.empty()) return;
  loading_ += static_cast<int>(query.ids.size());
  Ask(std::move(query));
}

/// How many rows of the backlog may come into memory.
std::int64_t Lane::RoomForStored() const {
  return settings_.max_events / kStoredShare - stored_ - loading_;
}

/// The keys are asked for after the first page of a recovery has come, so that nothing parked
/// between the two is missed.
void Lane::AskForKeys() {
  if (keys_asked_ || !page_came_) return;
  keys_asked_ = true;
  BacklogQuery query;
  query.kind = BacklogQuery::Kind::kKeys;
  Ask(std::move(query));
}

bool Lane::AskForBody(Delivery& delivery) {
  const auto bytes = static_cast<std::int64_t>(delivery.event->body_bytes);
  if (big_bytes_ > 0 && big_bytes_ + bytes > settings_.max_bytes) {
    (delivery.origin == Origin::kLog ? fresh_ : due_).push_front(delivery.event->id());
    return false;
  }
  delivery.state = State::kLoadingBody;
  delivery.big = true;
  big_bytes_ += bytes;
  BacklogQuery query;
  query.kind = BacklogQuery::Kind::kBody;
  query.ids = {delivery.event->id()};
  query.event = delivery.event->identity;
  Ask(std::move(query));
  return true;
}

void Lane::OnReply(BacklogReply reply, Timestamp now) {
  if (reply.query.era != era_ || stopped_) return;
  answered_ = reply.query.number - 1;
  Answer(reply, now);
  answered_ = reply.query.number;
  ForgetLeaving();
}

void Lane::Answer(const BacklogReply& reply, Timestamp now) {
  switch (reply.query.kind) {
    case BacklogQuery::Kind::kKeys: return OnKeys(reply, now);
    case BacklogQuery::Kind::kDue:
      return window_.AddPage(reply.due, static_cast<int>(reply.due.size()) >= reply.query.limit);
    case BacklogQuery::Kind::kLoad: return OnLoaded(reply, now);
    case BacklogQuery::Kind::kKey: return OnKeyLoaded(reply);
    case BacklogQuery::Kind::kBody: return OnBody(reply);
  }
}

/// The row was read before the delivery left the memory.
bool Lane::IsStale(const StoredDelivery& stored) const {
  const auto left = left_.find(stored.event->id());
  return left != left_.end() && stored.run <= left->second.run && left->second.asked > answered_;
}

/// What left before the last question answered was asked, is known to all answers to come.
void Lane::ForgetLeaving() {
  while (!left_order_.empty() && left_order_.front().second <= answered_) {
    const auto [id, asked] = left_order_.front();
    left_order_.pop_front();
    const auto found = left_.find(id);
    if (found != left_.end() && found->second.asked == asked) left_.erase(found);
  }
}

void Lane::OnKeys(const BacklogReply& reply, Timestamp now) {
  const bool blocks = settings_.order.after_dead == AfterDead::kBlock;
  for (const StoredKey& key : reply.keys) keys_.Restore(key, blocks);
  for (const StoredKey& key : std::exchange(settled_unplaced_, {})) {
    if (key.blocked == 0 && !key.has_head && !key.has_dead) keys_.Unpark(key.key);
    keys_.Restore(key, blocks);
  }
  RestoreKeysInMemory();
  keys_.EndRestore();
  keys_known_ = true;
  for (const EventId id : std::exchange(unplaced_, {})) {
    const auto found = memory_.find(id);
    if (found != memory_.end()) Admit(found->second, false, now);
  }
}

/// What a delivery that is being recorded will be to its key.
StoredKey Lane::KeyOf(const Delivery& delivery) const {
  StoredKey key;
  key.key = *delivery.event->key;
  key.blocked = delivery.park == kNever ? 1 : 0;
  key.has_head = delivery.park && delivery.parked_as == WaitingFor::kRetry;
  key.has_dead = delivery.died;
  if (key.has_head || key.has_dead) key.head = delivery.event->id();
  return key;
}

/// What was under way when the era began keeps its place in its key.
void Lane::RestoreKeysInMemory() {
  const bool blocks = settings_.order.after_dead == AfterDead::kBlock;
  for (auto& [id, delivery] : memory_) {
    // Its row may have been read as that of a head which will never come.
    const bool ended = delivery.state == State::kSettling && !delivery.park;
    if (Keyed(delivery) && ended) keys_.Unpark(*delivery.event->key);
  }
  for (auto& [id, delivery] : memory_) {
    if (!Keyed(delivery) || delivery.state == State::kUnplaced) continue;
    const StoredKey key = KeyOf(delivery);
    if (delivery.state != State::kSettling) {
      keys_.ArriveHead(key.key, id);
    } else if (key.blocked > 0) {
      keys_.RestoreWriting(key.key);
      delivery.park_era = era_;
    } else if (key.has_head || key.has_dead) {
      keys_.Restore(key, blocks);
    }
  }
}

void Lane::OnLoaded(const BacklogReply& reply, Timestamp now) {
  loading_ -= static_cast<int>(reply.query.ids.size());
  for (const StoredDelivery& stored : reply.deliveries) OnStored(stored, now);
}

void Lane::OnStored(const StoredDelivery& stored, Timestamp now) {
  const BacklogEntry& entry = stored.entry;
  if (entry.waiting_for == WaitingFor::kPredecessor || IsStale(stored)) return;
  const EventId id = stored.event->id();
  const auto held = memory_.find(id);
  if (held != memory_.end()) {
    if (held->second.run != stored.run) put_back_[id] = {entry.due_at, id};
    return;
  }
  if (entry.due_at > now) return window_.Add({entry.due_at, id});
  Delivery& delivery = HoldStored(stored, Origin::kDue);
  Admit(delivery, entry.waiting_for != WaitingFor::kSchedule, now);
}

Lane::Delivery& Lane::HoldStored(const StoredDelivery& stored, Origin origin) {
  Delivery& delivery = Hold(stored.event, origin);
  delivery.run = stored.run;
  delivery.new_key = stored.new_key;
  delivery.attempts = stored.entry.attempts;
  delivery.first_attempt_at = stored.entry.first_attempt_at;
  delivery.canary = stored.canary;
  return delivery;
}

void Lane::OnKeyLoaded(const BacklogReply& reply) {
  const std::string& key = reply.query.key;
  if (reply.query.unless_dead) {
    // Its dead letter is still open, or something else parks the key by now.
    if (reply.deliveries.empty() || keys_.parked(key) != KeyOrder::Parked::kDead) return;
    keys_.Unpark(key);
  }
  if (keys_.parked(key) != KeyOrder::Parked::kNo) return keys_.GiveUpLoad(key);
  std::vector<EventId> ids;
  for (const StoredDelivery& stored : reply.deliveries) {
    if (memory_.contains(stored.event->id()) || IsStale(stored)) continue;
    HoldStored(stored, Origin::kBlocked);
    ids.push_back(stored.event->id());
  }
  const bool more = static_cast<int>(reply.deliveries.size()) >= reply.query.limit;
  RunNext(keys_.Loaded(key, ids, more));
}

void Lane::OnBody(const BacklogReply& reply) {
  const EventId id = reply.query.ids.front();
  const auto found = memory_.find(id);
  if (found == memory_.end() || found->second.state != State::kLoadingBody) return;
  Delivery& delivery = found->second;
  if (reply.event == nullptr) {
    // Cancelled or discarded meanwhile: the database knows more than we do.
    if (Keyed(delivery)) RunNext(keys_.Finish(*delivery.event->key));
    return Forget(id);
  }
  delivery.event = reply.event;
  delivery.state = State::kQueued;
  (delivery.origin == Origin::kLog ? fresh_ : due_).push_front(id);
}

void Lane::OnSettled(const std::vector<EventId>& ids) {
  for (const EventId id : ids) {
    const auto found = memory_.find(id);
    if (found == memory_.end() || found->second.state != State::kSettling) continue;
    const Delivery& delivery = found->second;
    --settling_;
    if (delivery.sent) --unsettled_;
    NoteLeaving(delivery);
    if (delivery.park) OnParked(delivery);
    Forget(id);
    if (const auto put_back = put_back_.extract(id)) window_.Add(put_back.mapped());
  }
}

void Lane::NoteLeaving(const Delivery& delivery) {
  if (asked_ > answered_ && delivery.park != kNever) {
    left_[delivery.event->id()] = {delivery.run, asked_};
    left_order_.emplace_back(delivery.event->id(), asked_);
  }
  // What was put off to its time has no place in its key yet.
  const bool put_off = delivery.park && delivery.parked_as == WaitingFor::kSchedule;
  if (!keys_known_ && Keyed(delivery) && !put_off) settled_unplaced_.push_back(KeyOf(delivery));
}

void Lane::OnParked(const Delivery& delivery) {
  if (*delivery.park != kNever) {
    window_.Add({*delivery.park, delivery.event->id()});
    return;
  }
  // Written for a table of keys that has been forgotten since: see NoteLeaving.
  if (delivery.park_era != era_) return;
  const std::string& key = *delivery.event->key;
  keys_.BlockedIsDurable(key);
  if (keys_.parked(key) == KeyOrder::Parked::kDead) {
    // The dead letter that blocks the key may have been resolved before this row existed.
    BacklogQuery query;
    query.kind = BacklogQuery::Kind::kKey;
    query.key = key;
    query.limit = static_cast<int>(std::max<std::int64_t>(1, settings_.max_events / 8));
    query.unless_dead = true;
    Ask(std::move(query));
  }
}

}  // namespace postrider
