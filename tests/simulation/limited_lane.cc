#include "simulation/limited_lane.h"

#include <algorithm>
#include <array>
#include <utility>

namespace postrider::simulation {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using test::LaneDriver;

constexpr minutes kOutage{30};

const std::array<std::vector<RateWindow>, 6> kRates{{{{10, seconds(1)}},
                                                     {{10, seconds(1)}, {100, seconds(60)}},
                                                     {{3, seconds(5)}},
                                                     {{50, seconds(1)}},
                                                     {{200, seconds(60)}},
                                                     {}}};

/// Requests may differ by that much in how long they travel: a little less than what windows allow.
microseconds JitterOf(const std::vector<RateWindow>& rates) {
  microseconds jitter = milliseconds(30);
  for (const RateWindow& rate : rates) {
    jitter = std::min<microseconds>(jitter, rate.length / 25 * 9 / 10);
  }
  return jitter;
}

}  // namespace

LimitedLane::LimitedLane(std::uint64_t seed) : chance_(seed) {
  settings_.rate = kRates.at(chance_.Below(kRates.size()));
  settings_.concurrency = 1 + static_cast<int>(chance_.Below(24));
  settings_.max_unsettled = settings_.concurrency + static_cast<int>(chance_.Below(40));
  settings_.call_timeout = milliseconds(15000);
  settings_.breaker = BreakerSettings{};
  settings_.retries.attempts = 100000;
  settings_.retries.lasting = hours(24 * 365);
  settings_.retries.max = milliseconds(600000);
  if (chance_.OneIn(3)) settings_.retries.budget = 0.2;
  jitter_ = JitterOf(settings_.rate);
  partner_ = std::make_unique<LimitedPartner>(settings_.rate, time_, chance_);
  Plan();
  TakeOver();
}

/// When what happens.
void LimitedLane::Plan() {
  const auto within = [&](microseconds most) { return chance_.Between(seconds(1), most); };
  partner_->GoAway(time_.now() + within(minutes(4)), kOutage);
  for (std::uint64_t i = chance_.Below(3); i > 0; --i) {
    partner_->Refuse(time_.now() + within(minutes(50)), within(seconds(20)));
  }
  for (int i = 0; i < 12; ++i) {
    time_.After(within(minutes(45)), [this] { Insert(1 + static_cast<int>(chance_.Below(60))); });
  }
  for (std::uint64_t i = chance_.Below(4); i > 0; --i) {
    time_.After(within(minutes(50)), [this] { Kill(); });
  }
  Insert(100);
}

void LimitedLane::Insert(int n) {
  std::vector<EventRef> events;
  for (int i = 0; i < n; ++i) events.push_back(test::NewEvent(++inserted_));
  if (driver_ == nullptr) return;
  driver_->now = time_.now();
  driver_->Take(events);
  Follow();
}

// -- The process ----------------------------------------------------------------------------------

void LimitedLane::Kill() {
  if (driver_ == nullptr) return;
  rows_ = driver_->rows;
  driver_.reset();
  ++life_;
  ++kills_;
  statistics_.Count("kills");
  time_.After(chance_.Between(milliseconds(50), seconds(20)), [this] { TakeOver(); });
}

void LimitedLane::TakeOver() {
  driver_ = std::make_unique<LaneDriver>(settings_);
  driver_->now = time_.now();
  driver_->rows = rows_;
  wake_ = kNever;
  commits_ = answers_ = false;
  std::vector<microseconds> ages;
  for (const Timestamp at : recorded_) ages.push_back(time_.now() - at);
  driver_->lane.RestoreSent(ages, kills_ == 0 ? 0 : settings_.max_unsettled, time_.now());
  driver_->BeginEra();
  std::vector<EventRef> events;
  for (EventId id = 1; id <= inserted_; ++id) {
    if (!delivered_.contains(id) && !rows_.contains(id)) events.push_back(test::NewEvent(id));
  }
  driver_->Take(events);
  driver_->EndRecovery();
  Follow();
}

/// A task of this life of the process.
void LimitedLane::After(microseconds delay, VirtualTime::Task task) {
  time_.After(delay, [this, life = life_, task = std::move(task)] {
    if (life != life_ || driver_ == nullptr) return;
    driver_->now = time_.now();
    task();
    Follow();
  });
}

void LimitedLane::Follow() {
  for (const EventId id : driver_->Sent()) Launch(id);
  if (!driver_->unrecorded().empty() && !std::exchange(commits_, true)) {
    After(chance_.Around(milliseconds(4)), [this] { Commit(); });
  }
  if (!driver_->queries().empty() && !std::exchange(answers_, true)) {
    After(chance_.Around(milliseconds(3)), [this] {
      answers_ = false;
      driver_->AnswerQueries();
    });
  }
  Check(driver_->lane.admission().in_flight() <= settings_.concurrency, "too many in flight");
  Wake(driver_->lane.NextWake());
}

void LimitedLane::Wake(Timestamp at) {
  if (at == kNever || at == wake_) return;
  Check(at > time_.now(), "a wake-up that has passed: the lane would spin");
  wake_ = at;
  After(at - time_.now(), [this, at] {
    if (wake_ != at) return;
    wake_ = kNever;
    ++wakes_;
    driver_->Pump();
  });
}

void LimitedLane::Commit() {
  commits_ = false;
  for (const Settlement& settlement : driver_->unrecorded()) {
    for (const AttemptRecord& attempt : settlement.attempts) {
      recorded_.push_back(attempt.started_at + milliseconds(attempt.latency_ms));
    }
    if (!settlement.outcome) continue;
    Check(settlement.outcome->state == OutcomeState::kDelivered, "an event died");
    recorded_.push_back(settlement.outcome->finished_at);
    delivered_.insert(settlement.event->id());
  }
  driver_->Record();
  rows_ = driver_->rows;
}

// -- Requests -------------------------------------------------------------------------------------

void LimitedLane::Launch(EventId id) {
  ++requests_;
  if (partner_->away()) ++tried_while_away_;
  const Timestamp began = time_.now();
  const bool connects = chance_.OneIn(20);
  const microseconds delay =
      connects ? chance_.Between(milliseconds(1), seconds(2)) : microseconds(chance_.Below(500));
  const std::uint64_t draw = chance_.Below(300);
  After(delay, [this, id, began, draw] {
    if (draw == 0) {
      statistics_.Count("never written");
      return driver_->NotWritten(id);
    }
    Write(id, began, draw < 4 || (partner_->away() && draw < 100));
  });
}

/// @param known_dead  no connection can be made
void LimitedLane::Write(EventId id, Timestamp began, bool known_dead) {
  if (known_dead) {
    HttpAnswer answer;
    answer.failure = FailureClass::kConnect;
    return Answer(id, began, answer);
  }
  driver_->Written(id);
  // On its way it does not depend on this process any more.
  const int life = life_;
  time_.After(chance_.Between(microseconds(0), jitter_), [this, id, began, life] {
    arrived_.insert(id);
    HttpAnswer answer = partner_->Arrive();
    if (life != life_ || driver_ == nullptr) return;
    const microseconds latency =
        answer.failure == FailureClass::kTimeout ? seconds(14) : chance_.Around(milliseconds(80));
    After(latency, [this, id, began, answer] { Answer(id, began, answer); });
  });
}

void LimitedLane::Answer(EventId id, Timestamp began, HttpAnswer answer) {
  answer.latency = std::chrono::ceil<milliseconds>(time_.now() - began);
  driver_->Answer(id, answer);
}

// -- What must hold -------------------------------------------------------------------------------

void LimitedLane::Check(bool holds, const std::string& what) {
  if (!holds && faults_.size() < 10) faults_.push_back(what);
}

void LimitedLane::Run() {
  const Timestamp end = time_.now() + hours(24);
  const auto all = [this] { return delivered_.size() == static_cast<std::size_t>(inserted_); };
  while (time_.now() < end && !(all() && time_.now() > partner_->back_at() + minutes(25))) {
    time_.Pass(seconds(10));
  }
  CheckEnd();
}

void LimitedLane::CheckEnd() {
  Check(delivered_.size() == static_cast<std::size_t>(inserted_),
        std::to_string(inserted_ - static_cast<EventId>(delivered_.size())) + " not delivered");
  Check(arrived_.size() == static_cast<std::size_t>(inserted_), "delivered, but never arrived");
  Check(partner_->violations() == 0,
        std::to_string(partner_->violations()) + " requests above a window");
  // The breaker needs at most half of its window to notice, and probes 7 times in 30 minutes; a
  // relay that takes over has to notice for itself.
  const BreakerSettings& breaker = *settings_.breaker;
  const int notice = std::get<int>(breaker.window) / 2 + settings_.concurrency;
  const int bound = (1 + kills_) * (notice + 8 * breaker.probes);
  Check(tried_while_away_ <= bound, std::to_string(tried_while_away_) +
                                        " requests while the partner was away, at most " +
                                        std::to_string(bound) + " expected");
  Check(wakes_ <= 4 * requests_ + 2000,
        std::to_string(wakes_) + " wake-ups for " + std::to_string(requests_) + " requests");
  statistics_.Count("deliveries", static_cast<std::int64_t>(delivered_.size()));
  statistics_.Count("requests", requests_);
  statistics_.Count("requests while away", tried_while_away_);
  statistics_.Add(partner_->statistics);
  if (driver_ == nullptr) return;
  for (const auto& [reason, time] : driver_->held) {
    statistics_.Count("held by " + std::string(ToString(reason)));
  }
}

}  // namespace postrider::simulation
