// The part of a lane that reads its backlog: keys, rows that fall due, blocked rows, big bodies.
#include <unordered_set>
#include <utility>

#include "postrider/engine/lane.h"

namespace postrider {
namespace {

/// The share of a lane's memory into which rows of a line are read.
Origin OriginOf(DueLine line) {
  switch (line) {
    case DueLine::kPutBack:
      return Origin::kPutBack;
    case DueLine::kRetry:
      return Origin::kRetry;
    case DueLine::kTimed:
      break;
  }
  return Origin::kDue;
}

/// Heads come back by themselves, whatever the others of their line wait for: pages that are left
/// to them.
constexpr int kPagesForHeads = 1;

}  // namespace

// -- Questions ------------------------------------------------------------------------------------

void Lane::Ask(BacklogQuery query) {
  query.number = questions_.Ask();
  query.era = era_;
  effects_.Ask(std::move(query));
}

void Lane::AskForBacklog(Timestamp now) {
  if (admission_.paused() || era_ == 0) return;
  if (!keys_known_) return AskForKeys();
  AskForHeads();
  AskForDue(DueLine::kTimed, 0, now);
  AskForDue(DueLine::kRetry, kPagesForHeads, now);
  AskForDue(DueLine::kPutBack, 0, now);
  AskForBlocked();
  AskForUnseen();
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

DueWindow& Lane::WindowOf(DueLine line) {
  switch (line) {
    case DueLine::kPutBack:
      return put_back_;
    case DueLine::kRetry:
      return retries_;
    case DueLine::kTimed:
      break;
  }
  return timed_;
}

void Lane::AskForDue(DueLine line, int spare, Timestamp now) {
  DueWindow& window = WindowOf(line);
  const Origin origin = OriginOf(line);
  BacklogQuery query;
  query.line = line;
  if (window.WantsPage()) {
    query.kind = BacklogQuery::Kind::kDue;
    query.after = window.BeginPage();
    query.limit = static_cast<int>(window.capacity() / 2);
    Ask(query);
  }
  if (!shares_.HasRoomForPage(origin, spare)) return;
  AskForRows(window.TakeDue(now, static_cast<std::size_t>(shares_.page(origin))), line);
}

/// Heads that were left in the backlog until their turn.
void Lane::AskForHeads() {
  for (const Origin origin : {Origin::kDue, Origin::kRetry, Origin::kPutBack}) {
    if (!shares_.HasRoomForPage(origin)) return;
  }
  AskForRows(keys_.TakeHeads(static_cast<std::size_t>(shares_.page(Origin::kDue))),
             DueLine::kTimed);
}

/// A former owner's late report may have removed a row after the keys were read and before its page
/// was: nothing would ever say that its key is free. When all pages have come, such rows are asked
/// for by name.
void Lane::AskForUnseen() {
  if (unseen_heads_.empty() || !shares_.HasRoomForPage(Origin::kDue)) return;
  if (!timed_.complete() || !retries_.complete() || !put_back_.complete()) return;
  std::vector<EventId> ids;
  const auto page = static_cast<std::size_t>(shares_.page(Origin::kDue));
  while (!unseen_heads_.empty() && ids.size() < page) {
    ids.push_back(unseen_heads_.extract(unseen_heads_.begin()).value());
  }
  AskForRows(std::move(ids), DueLine::kTimed);
}

void Lane::AskForRows(std::vector<EventId> ids, DueLine line) {
  if (ids.empty()) return;
  shares_.Asked(OriginOf(line), static_cast<std::int64_t>(ids.size()));
  BacklogQuery query;
  query.kind = BacklogQuery::Kind::kLoad;
  query.line = line;
  query.ids = std::move(ids);
  Ask(std::move(query));
}

void Lane::AskForBlocked() {
  while (shares_.HasRoomForPage(Origin::kBlocked)) {
    const auto key = keys_.TakeLoad();
    if (!key) return;
    AskForKey(*key, false);
  }
}

void Lane::AskForKey(const std::string& key, bool unless_dead) {
  BacklogQuery query;
  query.kind = BacklogQuery::Kind::kKey;
  query.key = key;
  query.limit = shares_.page(Origin::kBlocked);
  query.unless_dead = unless_dead;
  shares_.Asked(Origin::kBlocked, query.limit);
  Ask(std::move(query));
}

bool Lane::AskForBody(Delivery& delivery) {
  const auto bytes = static_cast<std::int64_t>(delivery.event->body_bytes);
  if (big_bytes_ > 0 && big_bytes_ + bytes > settings_.max_bytes) {
    QueueFirst(delivery);
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

// -- Answers --------------------------------------------------------------------------------------

void Lane::OnReply(const BacklogReply& reply, Timestamp now) {
  if (reply.query.era != era_ || stopped_) return;
  questions_.BeginAnswer(reply.query.number);
  Answer(reply, now);
  questions_.EndAnswer(reply.query.number);
}

void Lane::Answer(const BacklogReply& reply, Timestamp now) {
  const BacklogQuery& query = reply.query;
  switch (query.kind) {
    case BacklogQuery::Kind::kKeys:
      return OnKeys(reply, now);
    case BacklogQuery::Kind::kDue:
      for (const DueOrder& row : reply.due) unseen_heads_.erase(row.id);
      return WindowOf(query.line)
          .AddPage(reply.due, static_cast<int>(reply.due.size()) >= query.limit);
    case BacklogQuery::Kind::kLoad:
      return OnLoaded(reply, now);
    case BacklogQuery::Kind::kKey:
      return OnKeyLoaded(reply);
    case BacklogQuery::Kind::kBody:
      return OnBody(reply);
  }
}

void Lane::OnForeignRows(const std::vector<DueOrder>& rows) {
  for (const DueOrder& row : rows) put_back_.Add(row);
}

void Lane::OnLoaded(const BacklogReply& reply, Timestamp now) {
  const BacklogQuery& query = reply.query;
  shares_.Answered(OriginOf(query.line), static_cast<std::int64_t>(query.ids.size()));
  for (const StoredDelivery& stored : reply.deliveries) {
    if (!questions_.IsStale(stored.event->id(), stored.run)) OnStored(stored, now);
  }
  OnMissing(reply, now);
  for (const EventId id : query.ids) {
    if (const auto cancel = cancels_.find(id); cancel != cancels_.end())
      cancel->second.asked = false;
  }
}

void Lane::OnStored(const StoredDelivery& stored, Timestamp now) {
  const BacklogEntry& entry = stored.entry;
  const EventId id = stored.event->id();
  const auto line = DueLineOf(entry.waiting_for);
  const bool head = HoldsUpItsKey(entry.waiting_for);
  const bool has_place = ordered() && keys_known_ && stored.event->key;
  if (const Delivery* const held = Find(id)) {
    if (held->run == stored.run) return;
    put_back_early_[id] = {entry.due_at, id};
    if (has_place) Displace(keys_.Expect(*stored.event->key, id));
    return;
  }
  if (CancelStored(stored, now)) return;
  if (!line) return;
  if (entry.due_at > now) {
    if (has_place && head) Displace(keys_.Expect(*stored.event->key, id));
    return WindowOf(*line).Add({entry.due_at, id});
  }
  Admit(HoldStored(stored, OriginOf(*line)), head, now);
}

/// Rows that were asked for and are not there: their settlements were dropped, or somebody removed
/// them. What they held up goes on.
void Lane::OnMissing(const BacklogReply& reply, Timestamp now) {
  std::unordered_set<EventId> missing(reply.query.ids.begin(), reply.query.ids.end());
  for (const StoredDelivery& stored : reply.deliveries) missing.erase(stored.event->id());
  std::erase_if(missing,
                [&](EventId id) { return memory_.contains(id) || questions_.LeftSince(id); });
  for (const EventId id : missing) CancelUnread(id, now);
  if (!ordered() || missing.empty()) return;
  for (const std::string& key : keys_.LeaveMissing(missing)) RunNext(key);
}

void Lane::OnKeyLoaded(const BacklogReply& reply) {
  const std::string& key = reply.query.key;
  shares_.Answered(Origin::kBlocked, reply.query.limit);
  if (reply.query.unless_dead) {
    // Its dead letter is still open, or something else goes first.
    if (reply.deliveries.empty() || !keys_.is_dead(key)) return;
    // Of a death that was not durable when this was asked, it says nothing.
    keys_.Resolve(key,
                  [&](EventId id) { return !memory_.contains(id) && !questions_.LeftSince(id); });
  }
  if (keys_.is_held_up(key)) return keys_.GiveUpLoad(key);
  // What the recovery has taken from the log and blocked since goes before what was read.
  if (!recovery_.ended() && keys_.blocked_since_load(key)) {
    keys_.GiveUpLoad(key);
    return RunNext(key);
  }
  std::vector<EventId> ids;
  bool more = static_cast<int>(reply.deliveries.size()) >= reply.query.limit;
  for (const StoredDelivery& stored : reply.deliveries) {
    const EventId id = stored.event->id();
    if (!recovery_.has_reached(id)) {
      if (ids.empty()) {
        recovery_.Await(id, key);
        return keys_.GiveUpLoad(key);
      }
      more = true;
      break;
    }
    if (memory_.contains(id) || questions_.IsStale(id, stored.run)) continue;
    HoldStored(stored, Origin::kBlocked);
    ids.push_back(id);
  }
  keys_.Loaded(key, ids, more);
  RunNext(key);
}

void Lane::OnBody(const BacklogReply& reply) {
  const EventId id = reply.query.ids.front();
  Delivery* const delivery = Find(id);
  if (delivery == nullptr || delivery->state != State::kLoadingBody) return;
  if (reply.event != nullptr) {
    delivery->event = reply.event;
    return QueueFirst(*delivery);
  }
  // The database has neither the event nor a copy of it any more: nothing is left to be sent.
  EndOfKey(*delivery);
  Forget(id);
}

}  // namespace postrider
