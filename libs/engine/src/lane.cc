#include "postrider/engine/lane.h"

#include <algorithm>
#include <utility>

namespace postrider {
namespace {

/// Deliveries of one key that may wait in memory, and of its heads, as parts of what a lane holds.
constexpr std::int64_t kWaitingPart = 8;
constexpr std::int64_t kHeadsPart = 64;

std::size_t PartOf(std::int64_t events, std::int64_t part) {
  return static_cast<std::size_t>(std::max<std::int64_t>(1, events / part));
}

}  // namespace

Lane::Lane(LaneSettings settings, std::int64_t epoch, RandomSource& random, LaneEffects& effects,
           LaneObserver& observer)
    : settings_(std::move(settings)),
      epoch_(epoch),
      random_(random),
      effects_(effects),
      observer_(observer),
      schedule_(settings_.retries),
      verdicts_(settings_.verdict),
      findings_(VerificationRules(settings_.verify.value_or(VerifySettings{}))),
      admission_(settings_),
      shares_(settings_.max_events, settings_.max_bytes),
      keys_({PartOf(settings_.max_events, kWaitingPart), PartOf(settings_.max_events, kHeadsPart)}),
      timed_(settings_.window),
      retries_(settings_.window),
      put_back_(settings_.window),
      keys_known_(!ordered()),
      told_breakers_(Breakers()) {
  if (settings_.dead_limit) dead_limit_.emplace(*settings_.dead_limit);
}

// -- Sending ------------------------------------------------------------------------------------

void Lane::Stop() {
  stopped_ = true;
  queue_.Clear();
}

void Lane::Pump(Timestamp now) {
  SendIntended(now);
  if (stopped_) return;
  if (!clashing_.empty()) {
    for (auto& [event, canary] : std::exchange(clashing_, {})) TakeOne(event, canary, now);
  }
  // Whatever came since the last time: nothing of it has been sent.
  DecideCancels(now);
  AskForBacklog(now);
  Held obstacle = admission_.Obstacle(now);
  while (obstacle == Held::kNothing) {
    Delivery* delivery = NextQueued(now);
    if (delivery == nullptr) {
      if (!queue_.empty()) obstacle = Held::kBudget;
      break;
    }
    obstacle = SendOne(*delivery, now) ? admission_.Obstacle(now) : Held::kLoading;
  }
  TellPolicies();
  NoteHeld(queue_.empty() ? Held::kNothing : obstacle, now);
}

Lane::Delivery* Lane::NextQueued(Timestamp now) {
  const bool retries = !queue_.has_retries() || admission_.MayRetry(now);
  while (const auto id = queue_.Pop(retries)) {
    Delivery* const delivery = Find(*id);
    if (delivery != nullptr && delivery->state == State::kQueued) return delivery;
  }
  return nullptr;
}

/// False when it must wait for its body: then it is at the front of its queue again.
bool Lane::SendOne(Delivery& delivery, Timestamp now) {
  const Event& event = *delivery.event;
  if (event.deliver_before && *event.deliver_before <= now && !delivery.unknown) {
    Expire(delivery, now);
    return true;
  }
  if (event.body_deferred) return AskForBody(delivery);
  if (delivery.unknown) {
    ResolveUnknown(delivery, now);
  } else if (Intends()) {
    Intend(delivery, now);
  } else {
    Start(delivery, now);
  }
  return true;
}

/// What admission allows is this delivery's from here on.
void Lane::Reserve(Delivery& delivery, Timestamp now) {
  const bool is_retry = delivery.first_attempt_at && !delivery.asking;
  delivery.permit = admission_.Begin(is_retry, now);
  if (!delivery.first_attempt_at) delivery.first_attempt_at = now;
}

void Lane::Start(Delivery& delivery, Timestamp now) {
  const Event& event = *delivery.event;
  delivery.state = State::kSending;
  delivery.ticket = ++tickets_given_;
  delivery.sent_at = now;
  delivery.sent = true;
  if (!delivery.permit) Reserve(delivery, now);
  tickets_[delivery.ticket] = event.id();
  Send send;
  send.event = delivery.event;
  send.attempt = delivery.attempts + 1;
  if (delivery.new_key) send.new_key_run = delivery.run;
  send.ticket = delivery.ticket;
  send.endpoint = delivery.permit->endpoint.endpoint;
  send.asks = delivery.asking;
  effects_.Start(std::move(send));
}

void Lane::NoteHeld(Held reason, Timestamp now) {
  if (held_ != Held::kNothing) observer_.OnHeld(held_, now - held_since_);
  held_ = reason;
  held_since_ = now;
}

BreakerStates Lane::Breakers() const {
  BreakerStates states;
  for (std::size_t endpoint = 0; endpoint < admission_.endpoints(); ++endpoint) {
    states[endpoint] = admission_.breaker(endpoint);
  }
  return states;
}

/// What has changed of the breaker and the cool-down.
void Lane::TellPolicies() {
  const BreakerStates breakers = Breakers();
  for (std::size_t endpoint = 0; endpoint < breakers.size(); ++endpoint) {
    if (breakers[endpoint] == told_breakers_[endpoint]) continue;
    observer_.OnBreaker(endpoint, *breakers[endpoint]);
  }
  told_breakers_ = breakers;
  if (const auto until = admission_.cools_until(); until != told_cool_down_) {
    told_cool_down_ = until;
    observer_.OnCoolDown(until);
  }
}

// -- Pausing --------------------------------------------------------------------------------------

void Lane::SetPaused(bool paused) { admission_.SetPaused(paused || pauses_itself_); }

void Lane::NotePaused() {
  pauses_itself_ = false;
  admission_.SetPaused(true);
}

void Lane::NoteDead(Timestamp now) {
  if (dead_limit_ && dead_limit_->Note(now)) PauseItself({});
}

/// The partner may have said that it wants no more events, whatever becomes of this one.
void Lane::Heed(const Verdict& verdict, const Delivery& delivery, int http_status) {
  if (verdict.stop == StopSign::kNone) return;
  const bool gone = verdict.stop == StopSign::kGone;
  PauseItself({gone ? PauseCause::Kind::kGone : PauseCause::Kind::kDisable, delivery.event->id(),
               http_status});
}

/// Requests that were in flight together say the same: one of them is enough.
void Lane::PauseItself(const PauseCause& cause) {
  if (admission_.paused()) return;
  pauses_itself_ = true;
  admission_.SetPaused(true);
  effects_.Pause(cause);
}

Timestamp Lane::NextWake() const {
  if (stopped_ || admission_.paused()) return kNever;
  Timestamp wake = kNever;
  // A time that had passed at the last Pump is not waited for any more: what holds the lane now
  // wakes it by itself.
  const auto wait_for = [&](Timestamp time) {
    if (time > held_since_) wake = std::min(wake, time);
  };
  for (const DueWindow* window : {&timed_, &retries_, &put_back_}) {
    if (const auto due = window->NextDue(); due && keys_known_) wait_for(*due);
  }
  if (held_ != Held::kNothing) wait_for(admission_.wake());
  return wake;
}

// -- State --------------------------------------------------------------------------------------

LaneStats Lane::stats() const {
  LaneStats stats;
  stats.sending = tickets_.size();
  stats.unsettled = static_cast<std::size_t>(admission_.unsettled());
  stats.queued = memory_.size() - tickets_.size() - static_cast<std::size_t>(settling_);
  stats.waiting = timed_.size() + retries_.size() + put_back_.size();
  stats.bytes = shares_.bytes() + big_bytes_;
  stats.held = held_;
  stats.breakers = Breakers();
  stats.cools_until = admission_.cools_until();
  return stats;
}

Timestamp Lane::oldest_queued() const {
  Timestamp oldest = kNever;
  for (const SendQueue::Line line : {SendQueue::Line::kLog, SendQueue::Line::kDue,
                                     SendQueue::Line::kRetry, SendQueue::Line::kPutBack}) {
    const auto first = queue_.Front(line);
    const auto found = first ? memory_.find(*first) : memory_.end();
    if (found == memory_.end()) continue;
    const Event& event = *found->second.event;
    oldest = std::min(oldest, std::max(event.identity.recorded_at,
                                       event.deliver_after.value_or(event.identity.recorded_at)));
  }
  return oldest;
}

}  // namespace postrider
