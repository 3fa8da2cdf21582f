#include "postrider/engine/lane.h"

#include <algorithm>
#include <utility>

namespace postrider {
namespace {

/// Deliveries of one key that may wait in memory, as part of what a lane may hold.
constexpr std::int64_t kKeyShare = 8;

}  // namespace

std::string_view ToString(Held held) {
  switch (held) {
    case Held::kNothing: return "";
    case Held::kUnsettled: return "unsettled";
    case Held::kConcurrency: return "concurrency";
    case Held::kCredentials: return "credentials";
    case Held::kPaused: return "paused";
    case Held::kLoading: return "loading";
  }
  return "?";
}

Lane::Lane(LaneSettings settings, std::int64_t epoch, RandomSource& random, LaneEffects& effects,
           LaneObserver& observer)
    : settings_(std::move(settings)),
      epoch_(epoch),
      random_(random),
      effects_(effects),
      observer_(observer),
      schedule_(settings_.retries),
      verdicts_(settings_.verdict),
      keys_(static_cast<std::size_t>(std::max<std::int64_t>(1, settings_.max_events / kKeyShare))),
      window_(settings_.window),
      keys_known_(!ordered()) {}

// -- From the readers ---------------------------------------------------------------------------

void Lane::Reset(std::uint64_t era) {
  era_ = era;
  closing_.Forget();  // before anything is forgotten, which does not settle it
  // What was remembered before and has left the memory is durable: pages asked for from now on know.
  remembered_.clear();
  for (auto it = memory_.begin(); it != memory_.end();) {
    const Delivery& delivery = it->second;
    if (delivery.state == State::kSending || delivery.state == State::kSettling) {
      remembered_[it->first] = delivery.event->identity;
      ++it;
    } else {
      const EventId id = it->first;
      ++it;
      Forget(id);
    }
  }
  fresh_.clear();
  due_.clear();
  unplaced_.clear();
  clashing_.clear();
  keys_.Clear();
  window_.Reset();
  keys_known_ = !ordered();
  keys_asked_ = page_came_ = false;
  settled_unplaced_.clear();
  left_.clear();
  left_order_.clear();
  answered_ = asked_;
  put_back_.clear();
  loading_ = 0;
}

void Lane::Take(const std::vector<EventRef>& events, std::shared_ptr<const std::string> canary,
                Timestamp now) {
  if (stopped_) return;
  observer_.OnRead(events.size());
  page_came_ = true;
  for (const EventRef& event : events) TakeOne(event, canary, now);
}

void Lane::TakeOne(const EventRef& event, const std::shared_ptr<const std::string>& canary,
                   Timestamp now) {
  const auto remembered = remembered_.find(event->id());
  const auto held = memory_.find(event->id());
  if (remembered != remembered_.end() && remembered->second == event->identity) {
    // Should it have come from the backlog, its row there has been lost.
    if (held != memory_.end()) BelongsToLog(held->second);
    return;
  }
  if (held != memory_.end() && held->second.event->identity == event->identity) return;
  if (held != memory_.end() || IsBehindClash(*event)) {
    clashing_.emplace_back(event, canary);
    return;
  }
  Delivery& delivery = Hold(event, Origin::kLog);
  delivery.canary = canary;
  if (!keys_known_) {
    delivery.state = State::kUnplaced;
    unplaced_.push_back(event->id());
    return;
  }
  Admit(delivery, false, now);
}

/// An earlier event of the same key waits for its id to become free.
bool Lane::IsBehindClash(const Event& event) const {
  if (!ordered() || !event.key) return false;
  return std::any_of(clashing_.begin(), clashing_.end(),
                     [&](const auto& clash) { return clash.first->key == event.key; });
}

void Lane::BelongsToLog(Delivery& delivery) {
  if (delivery.origin == Origin::kLog) return;
  delivery.origin = Origin::kLog;
  --stored_;
}

void Lane::Recovered(std::uint64_t era) {
  if (era != era_) return;
  remembered_.clear();
  page_came_ = true;
}

void Lane::Judge(EventId high) {
  if (stopped_) return;  // what came since has not been taken
  // What came from the backlog has its row there until its outcome is durable.
  const auto held = std::count_if(memory_.begin(), memory_.end(), [&](const auto& entry) {
    return entry.first <= high && entry.second.origin == Origin::kLog;
  });
  const auto clashing = std::count_if(clashing_.begin(), clashing_.end(), [&](const auto& entry) {
    return entry.first->id() <= high;
  });
  closing_.Judge(high, static_cast<std::size_t>(held + clashing));
}

Lane::Delivery& Lane::Hold(EventRef event, Origin origin) {
  Delivery& delivery = memory_[event->id()];
  bytes_ += static_cast<std::int64_t>(event->body.size());
  if (origin != Origin::kLog) ++stored_;
  delivery.event = std::move(event);
  delivery.origin = origin;
  return delivery;
}

void Lane::Forget(EventId id) {
  const auto found = memory_.find(id);
  if (found == memory_.end()) return;
  const Event& event = *found->second.event;
  if (found->second.big) {
    big_bytes_ -= static_cast<std::int64_t>(event.body_bytes);
  } else {
    bytes_ -= static_cast<std::int64_t>(event.body.size());
  }
  const bool of_log = found->second.origin == Origin::kLog;
  memory_.erase(found);
  if (of_log) {
    closing_.Left(id);
  } else {
    --stored_;
  }
}

// -- Placing ------------------------------------------------------------------------------------

void Lane::Admit(Delivery& delivery, bool head, Timestamp now) {
  const Event& event = *delivery.event;
  if (delivery.origin == Origin::kLog && event.deliver_after && *event.deliver_after > now) {
    BacklogEntry entry;
    entry.waiting_for = WaitingFor::kSchedule;
    entry.due_at = *event.deliver_after;
    SettleIntoBacklog(delivery, std::move(entry), {});
    return;
  }
  if (!Keyed(delivery)) return Queue(delivery);
  // An amended event takes the place of the dead one that blocks its key.
  const bool amended =
      event.only_destination && settings_.order.after_dead == AfterDead::kBlock;
  const KeyOrder::Place place = head || amended ? keys_.ArriveHead(*event.key, event.id())
                                                : keys_.Arrive(*event.key, event.id());
  if (place == KeyOrder::Place::kRun) Queue(delivery);
  if (place == KeyOrder::Place::kBlock) Block(delivery);
}

void Lane::Queue(Delivery& delivery) {
  delivery.state = State::kQueued;
  (delivery.origin == Origin::kLog ? fresh_ : due_).push_back(delivery.event->id());
}

void Lane::Block(Delivery& delivery) {
  const std::string& key = *delivery.event->key;
  if (delivery.origin == Origin::kBlocked) {
    // Its row in the backlog says so already.
    keys_.BackToStore(key);
    Forget(delivery.event->id());
    return;
  }
  BacklogEntry entry;
  entry.waiting_for = WaitingFor::kPredecessor;
  entry.due_at = kNever;
  entry.predecessor = keys_.Predecessor(key);
  entry.attempts = delivery.attempts;
  entry.first_attempt_at = delivery.first_attempt_at;
  SettleIntoBacklog(delivery, std::move(entry), {});
}

void Lane::BlockAll(const std::vector<EventId>& ids) {
  for (const EventId id : ids) {
    const auto found = memory_.find(id);
    if (found != memory_.end()) Block(found->second);
  }
}

void Lane::RunNext(const std::optional<EventId>& id) {
  if (!id) return;
  const auto found = memory_.find(*id);
  if (found != memory_.end()) Queue(found->second);
}

// -- Sending ------------------------------------------------------------------------------------

void Lane::Stop() {
  stopped_ = true;
  fresh_.clear();
  due_.clear();
}

void Lane::Pump(Timestamp now) {
  if (stopped_) return;
  if (!clashing_.empty()) {
    for (auto& [event, canary] : std::exchange(clashing_, {})) TakeOne(event, canary, now);
  }
  AskForBacklog(now);
  Held obstacle = Obstacle(now);
  while (obstacle == Held::kNothing) {
    Delivery* delivery = NextQueued();
    if (delivery == nullptr) break;
    obstacle = SendOne(*delivery, now) ? Obstacle(now) : Held::kLoading;
  }
  for (std::string& key : keys_.TakeLoads()) {
    BacklogQuery query;
    query.kind = BacklogQuery::Kind::kKey;
    query.key = std::move(key);
    query.limit = static_cast<int>(std::max<std::int64_t>(1, settings_.max_events / kKeyShare));
    Ask(std::move(query));
  }
  NoteHeld(fresh_.empty() && due_.empty() ? Held::kNothing : obstacle, now);
}

Held Lane::Obstacle(Timestamp now) const {
  if (paused_) return Held::kPaused;
  if (now < unleased_until_) return Held::kLoading;
  if (credentials_refused_ && (now < held_until_ || in_flight_ > 0)) return Held::kCredentials;
  if (unsettled_ >= settings_.max_unsettled) return Held::kUnsettled;
  if (in_flight_ >= settings_.concurrency) return Held::kConcurrency;
  return Held::kNothing;
}

Lane::Delivery* Lane::NextQueued() {
  while (!fresh_.empty() || !due_.empty()) {
    const bool from_due = fresh_.empty() || (due_turn_ && !due_.empty());
    std::deque<EventId>& queue = from_due ? due_ : fresh_;
    due_turn_ = !from_due;
    const EventId id = queue.front();
    queue.pop_front();
    const auto found = memory_.find(id);
    if (found != memory_.end() && found->second.state == State::kQueued) return &found->second;
  }
  return nullptr;
}

/// False when it must wait for its body: then it is at the front of its queue again.
bool Lane::SendOne(Delivery& delivery, Timestamp now) {
  const Event& event = *delivery.event;
  if (event.deliver_before && *event.deliver_before <= now) {
    Expire(delivery, now);
    return true;
  }
  if (event.body_deferred) return AskForBody(delivery);
  delivery.state = State::kSending;
  delivery.ticket = ++tickets_given_;
  delivery.sent_at = now;
  delivery.sent = true;
  if (!delivery.first_attempt_at) delivery.first_attempt_at = now;
  tickets_[delivery.ticket] = event.id();
  ++in_flight_;
  ++unsettled_;
  Send send;
  send.event = delivery.event;
  send.attempt = delivery.attempts + 1;
  if (delivery.new_key) send.new_key_run = delivery.run;
  send.ticket = delivery.ticket;
  effects_.Start(std::move(send));
  return true;
}

void Lane::NoteHeld(Held reason, Timestamp now) {
  if (held_ != Held::kNothing) observer_.OnHeld(held_, now - held_since_);
  held_ = reason;
  held_since_ = now;
}

Timestamp Lane::NextWake() const {
  if (stopped_ || paused_) return kNever;
  Timestamp wake = kNever;
  // A time that had passed at the last Pump is not waited for any more: what holds the lane now
  // wakes it by itself.
  const auto wait_for = [&](Timestamp time) {
    if (time > held_since_) wake = std::min(wake, time);
  };
  if (const auto due = window_.NextDue(); due && keys_known_) wait_for(*due);
  if (held_ == Held::kCredentials) wait_for(held_until_);
  if (held_ == Held::kLoading) wait_for(unleased_until_);
  return wake;
}

// -- State --------------------------------------------------------------------------------------

std::int64_t Lane::room_events() const {
  return settings_.max_events - static_cast<std::int64_t>(memory_.size()) + stored_;
}

std::int64_t Lane::room_bytes() const { return settings_.max_bytes - bytes_; }

LaneStats Lane::stats() const {
  LaneStats stats;
  stats.sending = static_cast<std::size_t>(in_flight_);
  stats.unsettled = static_cast<std::size_t>(unsettled_);
  stats.queued = memory_.size() - static_cast<std::size_t>(in_flight_ + settling_);
  stats.waiting = window_.size();
  stats.bytes = bytes_ + big_bytes_;
  return stats;
}

Timestamp Lane::oldest_queued() const {
  Timestamp oldest = kNever;
  for (const std::deque<EventId>* queue : {&fresh_, &due_}) {
    if (queue->empty()) continue;
    const auto found = memory_.find(queue->front());
    if (found == memory_.end()) continue;
    const Event& event = *found->second.event;
    oldest = std::min(oldest, std::max(event.identity.recorded_at,
                                       event.deliver_after.value_or(event.identity.recorded_at)));
  }
  return oldest;
}

}  // namespace postrider
