// The part of a lane that reads its backlog: keys, rows that fall due, blocked rows, big bodies.
#include <algorithm>
#include <utility>

#include "postrider/engine/lane.h"

namespace postrider {
namespace {

constexpr std::int64_t kStoredShare = 4;
/// A row that cannot be taken yet is looked at again after this time.
constexpr seconds kLookAgain{1};

}  // namespace

void Lane::Ask(BacklogQuery query) {
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
  switch (reply.query.kind) {
    case BacklogQuery::Kind::kKeys: return OnKeys(reply, now);
    case BacklogQuery::Kind::kDue:
      return window_.AddPage(reply.due, static_cast<int>(reply.due.size()) >= reply.query.limit);
    case BacklogQuery::Kind::kLoad: return OnLoaded(reply, now);
    case BacklogQuery::Kind::kKey: return OnKeyLoaded(reply);
    case BacklogQuery::Kind::kBody: return OnBody(reply);
  }
}

void Lane::OnKeys(const BacklogReply& reply, Timestamp now) {
  const bool blocks = settings_.order.after_dead == AfterDead::kBlock;
  for (const StoredKey& key : reply.keys) keys_.Restore(key, blocks);
  RestoreKeysInMemory();
  keys_known_ = true;
  for (const EventId id : std::exchange(unplaced_, {})) {
    const auto found = memory_.find(id);
    if (found != memory_.end()) Admit(found->second, false, now);
  }
}

/// What was under way when the era began keeps its place in its key.
void Lane::RestoreKeysInMemory() {
  for (auto& [id, delivery] : memory_) {
    if (!Keyed(delivery)) continue;
    const std::string& key = *delivery.event->key;
    if (delivery.state == State::kSending) {
      keys_.ArriveHead(key, id);
    } else if (delivery.state == State::kSettling && delivery.park && *delivery.park != kNever) {
      keys_.Restore({.key = key, .blocked = 0, .has_head = true, .has_dead = false}, false);
    }
  }
}

void Lane::OnLoaded(const BacklogReply& reply, Timestamp now) {
  loading_ -= static_cast<int>(reply.query.ids.size());
  for (const StoredDelivery& stored : reply.deliveries) OnStored(stored, now);
}

void Lane::OnStored(const StoredDelivery& stored, Timestamp now) {
  const BacklogEntry& entry = stored.entry;
  if (entry.waiting_for == WaitingFor::kPredecessor) return;
  const auto held = memory_.find(stored.event->id());
  if (held != memory_.end()) {
    // It was replayed while its last run is still being recorded.
    if (held->second.run != stored.run) window_.Add({now + kLookAgain, stored.event->id()});
    return;
  }
  if (entry.due_at > now) return window_.Add({entry.due_at, stored.event->id()});
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
    if (reply.deliveries.empty()) return;  // its dead letter is still open
    keys_.Unpark(key);
  }
  std::vector<EventId> ids;
  for (const StoredDelivery& stored : reply.deliveries) {
    if (memory_.contains(stored.event->id())) continue;
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
    if (delivery.park) OnParked(delivery);
    Forget(id);
  }
}

void Lane::OnParked(const Delivery& delivery) {
  if (*delivery.park != kNever) {
    window_.Add({*delivery.park, delivery.event->id()});
    return;
  }
  const std::string& key = *delivery.event->key;
  if (delivery.park_era != era_) {
    // Written for a table of keys that has been built anew since; perhaps without this row.
    keys_.Restore({.key = key, .blocked = 1, .has_head = false, .has_dead = false}, false);
    return;
  }
  keys_.BlockedIsDurable(key);
  if (settings_.order.after_dead == AfterDead::kBlock && keys_.IsParked(key)) {
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
