// The part of a lane that takes deliveries into memory and lets them go.
#include <algorithm>
#include <utility>

#include "postrider/engine/lane.h"

namespace postrider {

Lane::Delivery* Lane::Find(EventId id) {
  const auto found = memory_.find(id);
  return found == memory_.end() ? nullptr : &found->second;
}

// -- A new era ------------------------------------------------------------------------------------

void Lane::Reset(std::uint64_t era) {
  era_ = era;
  closing_.Forget();  // before anything is forgotten, which does not settle it
  // What was remembered before and has left the memory is durable: pages asked for from now on
  // know.
  remembered_.clear();
  std::vector<EventId> forgotten;
  for (const auto& [id, delivery] : memory_) {
    if (delivery.state == State::kSending || delivery.state == State::kSettling ||
        delivery.state == State::kIntended) {
      remembered_[id] = delivery.event->identity;
    } else {
      forgotten.push_back(id);
    }
  }
  for (const EventId id : forgotten) Forget(id);
  queue_.Clear();
  unplaced_.clear();
  left_unplaced_.clear();
  clashing_.clear();
  keys_.Clear();
  keys_known_ = !ordered();
  keys_asked_ = page_came_ = false;
  unseen_heads_.clear();
  recovery_.Begin();
  timed_.Reset();
  retries_.Reset();
  put_back_.Reset();
  put_back_early_.clear();
  questions_.Reset();
  shares_.ForgetAsked();
  cancels_.clear();
  cancelled_.clear();
}

void Lane::Recovered(std::uint64_t era) {
  if (era != era_) return;
  remembered_.clear();
  page_came_ = true;
  recovery_.End();
  RunReached();
}

/// Keys whose blocked rows came too early.
void Lane::RunReached() {
  for (const std::string& key : recovery_.TakeReached()) RunNext(key);
}

// -- From the log ---------------------------------------------------------------------------------

void Lane::Take(const std::vector<EventRef>& events, std::shared_ptr<const std::string> canary,
                Timestamp now) {
  if (stopped_) return;
  observer_.OnRead(events.size());
  page_came_ = true;
  for (const EventRef& event : events) TakeOne(event, canary, now);
  if (!events.empty()) recovery_.Reach(events.back()->id());
  RunReached();
}

void Lane::TakeOne(const EventRef& event, const std::shared_ptr<const std::string>& canary,
                   Timestamp now) {
  Delivery* const held = Find(event->id());
  const auto remembered = remembered_.find(event->id());
  if (remembered != remembered_.end() && remembered->second == event->identity) {
    // Should it have come from the backlog, its row there has been lost.
    if (held != nullptr) BelongsToLog(*held);
    return;
  }
  const auto cancelled = cancelled_.find(event->id());
  if (cancelled != cancelled_.end() && cancelled->second == event->identity) return;
  if (held != nullptr && held->event->identity == event->identity) return;
  if (held != nullptr || IsBehindClash(*event)) {
    clashing_.emplace_back(event, canary);
    return;
  }
  Delivery& delivery = Hold(event, Origin::kLog);
  delivery.canary = canary;
  if (keys_known_) return Admit(delivery, false, now);
  delivery.state = State::kUnplaced;
  unplaced_.push_back(event->id());
}

/// An earlier event of the same key waits for its id to become free.
bool Lane::IsBehindClash(const Event& event) const {
  if (!ordered() || !event.key) return false;
  return std::any_of(clashing_.begin(), clashing_.end(),
                     [&](const Clash& clash) { return clash.first->key == event.key; });
}

void Lane::Judge(EventId high) {
  if (stopped_) return;  // what came since has not been taken
  std::erase_if(cancelled_, [&](const auto& cancelled) { return cancelled.first <= high; });
  // What came from the backlog has its row there until its outcome is durable.
  const auto held = std::count_if(memory_.begin(), memory_.end(), [&](const auto& entry) {
    return entry.first <= high && entry.second.origin == Origin::kLog;
  });
  const auto clashing = std::count_if(clashing_.begin(), clashing_.end(), [&](const Clash& clash) {
    return clash.first->id() <= high;
  });
  closing_.Judge(high, static_cast<std::size_t>(held + clashing));
}

// -- Held and forgotten ---------------------------------------------------------------------------

Lane::Delivery& Lane::Hold(EventRef event, Origin origin) {
  Delivery& delivery = memory_[event->id()];
  delivery.event = std::move(event);
  delivery.origin = origin;
  shares_.Add(origin, BytesOf(delivery));
  return delivery;
}

Lane::Delivery& Lane::HoldStored(const StoredDelivery& stored, Origin origin) {
  Delivery& delivery = Hold(stored.event, origin);
  delivery.run = stored.run;
  delivery.new_key = stored.new_key;
  delivery.attempts = stored.entry.attempts;
  delivery.first_attempt_at = stored.entry.first_attempt_at;
  delivery.unknown = MayHaveBeenSent(stored);
  delivery.canary = stored.canary;
  return delivery;
}

void Lane::BelongsToLog(Delivery& delivery) {
  if (delivery.origin == Origin::kLog) return;
  closing_.Came(delivery.event->id());
  shares_.Remove(delivery.origin, BytesOf(delivery));
  delivery.origin = Origin::kLog;
  shares_.Add(delivery.origin, BytesOf(delivery));
}

/// What counts as a part of the lane's share: a body that was read alone does not.
std::size_t Lane::BytesOf(const Delivery& delivery) {
  return delivery.big ? 0 : delivery.event->body.size();
}

void Lane::Forget(EventId id) {
  const auto found = memory_.find(id);
  if (found == memory_.end()) return;
  const Delivery& delivery = found->second;
  shares_.Remove(delivery.origin, BytesOf(delivery));
  if (delivery.big) big_bytes_ -= static_cast<std::int64_t>(delivery.event->body_bytes);
  const bool of_log = delivery.origin == Origin::kLog;
  memory_.erase(found);
  if (of_log) closing_.Left(id);
}

// -- Settled --------------------------------------------------------------------------------------

void Lane::OnSettled(const std::vector<EventId>& ids) {
  for (const EventId id : ids) {
    if (Delivery* const delivery = EndSettling(id)) OnSettledOne(id, *delivery);
  }
}

/// Null when nothing of it is being recorded.
Lane::Delivery* Lane::EndSettling(EventId id) {
  Delivery* const delivery = Find(id);
  if (delivery == nullptr || delivery->state != State::kSettling) return nullptr;
  --settling_;
  if (delivery->sent) admission_.Settled();
  return delivery;
}

void Lane::OnSettledOne(EventId id, Delivery& delivery) {
  if (IsIntent(delivery)) return OnIntended(delivery);
  if (delivery.park != kNever) questions_.Left(id, delivery.run);
  if (delivery.park) OnParked(delivery);
  std::optional<std::string> ended_key;
  if (!delivery.park && Placed(delivery)) ended_key = delivery.event->key;
  if (Keyed(delivery) && !keys_known_) left_unplaced_.push_back(delivery);
  Release(id);
  if (ended_key && keys_.is_dead(*ended_key)) AskForKey(*ended_key, true);
}

/// Forgets it, and goes on with what people did to it meanwhile.
void Lane::Release(EventId id) {
  Forget(id);
  if (const auto early = put_back_early_.extract(id)) put_back_.Add(early.mapped());
}

/// The database knows nothing of it, so it has no place in its key any more.
void Lane::OnDropped(const std::vector<EventId>& ids) {
  for (const EventId id : ids) {
    Delivery* const delivery = EndSettling(id);
    if (delivery == nullptr) continue;
    if (IsIntent(*delivery)) GiveUpPermit(*delivery);
    std::optional<std::string> key;
    if (Placed(*delivery)) key = delivery->event->key;
    if (key && delivery->park == kNever && delivery->park_era == era_) {
      keys_.BlockedIsDurable(*key);
    } else if (key && !put_back_early_.contains(id)) {
      keys_.Leave(*key, id);
    }
    Release(id);
    if (key) RunNext(*key);
  }
}

void Lane::OnParked(const Delivery& delivery) {
  if (*delivery.park != kNever) {
    WindowOf(DueLineOf(delivery.parked_as).value_or(DueLine::kTimed))
        .Add({*delivery.park, delivery.event->id()});
  } else if (Keyed(delivery) && delivery.park_era == era_) {
    // Otherwise it was written for a table of keys that has been forgotten since.
    OnBlocked(*delivery.event->key);
  }
}

void Lane::OnBlocked(const std::string& key) {
  keys_.BlockedIsDurable(key);
  RunNext(key);
  // The dead letter that blocks the key may have been resolved before this row existed.
  if (keys_.is_dead(key)) AskForKey(key, true);
}

}  // namespace postrider
