#include "postgres/random/small_relay.h"

#include <algorithm>

namespace postrider::test {
namespace {

constexpr int kPage = 1500;
constexpr milliseconds kPatience{60'000};
constexpr std::uint64_t kTurnsBetweenSaves = 6;

DestinationSettings Wanting(const std::string& name, const std::string& topic, int shards) {
  DestinationSettings settings;
  settings.name = name;
  settings.topics = {topic};
  settings.start = StartAt::kBeginning;
  settings.shards = shards;
  return settings;
}

}  // namespace

void CountingLog::Connect(const std::string& conninfo) {
  log_.reset();
  connection_ = std::make_unique<Connection>(conninfo);
  log_ = std::make_unique<PostgresEventLog>(*connection_);
}

TailPage CountingLog::Poll(const TailRequest& request) {
  TailPage page = log_->Poll(request);
  exercised_.late_rows += static_cast<std::int64_t>(page.late.size());
  if (page.more_late || request.late_target) ++exercised_.late_pages;
  return page;
}

StepPage CountingLog::ReadStep(const StepRequest& request) {
  StepPage page = log_->ReadStep(request);
  if (request.unsettled) ++exercised_.recovery_pages;
  if (request.late && !page.events.empty()) ++exercised_.late_steps;
  return page;
}

SmallRelay::SmallRelay(std::string conninfo, const Incarnation& incarnation, Oracle& oracle,
                       Exercised& exercised)
    : conninfo_(std::move(conninfo)),
      incarnation_(incarnation),
      oracle_(oracle),
      exercised_(exercised),
      head_log_(exercised),
      step_log_(exercised),
      reader_(head_log_, kPage),
      catch_up_(step_log_, {.page = kPage, .scan = 10 * kPage, .near = 2 * kPage, .refill = 4}) {
  Connect();
  TakeLanes();
}

void SmallRelay::Connect() {
  head_log_.Connect(conninfo_);
  step_log_.Connect(conninfo_);
  recorder_ = std::make_unique<Connection>(conninfo_);
  keeper_ = std::make_unique<Connection>(conninfo_);
  head_log_.EnsureCanary();
}

void SmallRelay::TakeLanes() {
  PostgresRoster roster(*keeper_, kPatience);
  roster.Register({Wanting("all", "*", 1), Wanting("some", "b.*", 2)}, incarnation_.name);
  roster.Enroll(incarnation_);
  std::vector<std::string> predecessors;
  for (const Neighbour& other : roster.ReadNeighbours(incarnation_)) {
    predecessors.push_back(other.id);
  }
  roster.Bury(predecessors);
  std::vector<Feed> feeds;
  for (const RegisteredDestination& destination : roster.ReadDestinations()) {
    const Subscription& subscription = destination.subscription;
    for (std::int16_t shard = 0; shard < subscription.shards; ++shard) {
      const LaneId id{subscription.destination, shard};
      const std::int64_t epoch = roster.TakeLanes(incarnation_, {id}).at(id);
      lanes_.push_back(
          std::make_unique<SettlingLane>(id, epoch, SettlingLane::Limits{}, oracle_, exercised_));
      saved_.push_back(0);
      feeds.emplace_back(LaneFilter{id, subscription, {}, {}}, *lanes_.back());
    }
  }
  Recover(std::move(feeds), false);
}

void SmallRelay::Recover(std::vector<Feed> feeds, bool history_changed) {
  for (Feed& feed : catch_up_.TakeAll()) feeds.push_back(std::move(feed));
  ++era_;
  for (Feed& feed : feeds) {
    feed.BeginRecovery(era_, history_changed);
    catch_up_.Add(std::move(feed));
  }
}

void SmallRelay::Reconnect() {
  std::vector<Feed> feeds = reader_.Abandon();
  Connect();
  Recover(std::move(feeds), false);
}

void SmallRelay::Turn() {
  TailTurn turn = reader_.Turn(rounds_);
  if (turn.history_changed) {
    ++exercised_.canary_changes;
    head_log_.EnsureCanary();
    return Recover(std::move(turn.off_tail), true);
  }
  for (Feed& feed : turn.off_tail) {
    if (!feed.join_refused()) ++exercised_.fall_offs;
    catch_up_.Add(std::move(feed));
  }
  const TailPlace place = *reader_.place();
  const bool stepped = catch_up_.Turn(place, rounds_, reader_.head().canary);
  for (Feed& feed : catch_up_.TakeNear(place)) {
    ++exercised_.joins;
    reader_.Join(std::move(feed));
  }
  PostgresLedger ledger(*recorder_, incarnation_.id, kPatience);
  for (auto& lane : lanes_) lane->Work(ledger);
  if (++turns_ % kTurnsBetweenSaves == 0) Keep();
  read_something_ = stepped || turn.more || turn.events > 0 || !catch_up_.empty();
}

void SmallRelay::Keep() {
  PostgresRoster roster(*keeper_, kPatience);
  std::vector<LaneProgress> progress;
  std::vector<std::size_t> moved;
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    const SettlingLane& lane = *lanes_[i];
    if (lane.ClosedUpTo() == 0) continue;  // it recovers and does not know its place yet
    progress.push_back({lane.id(), lane.epoch(), lane.ClosedUpTo(), lane.pending()});
    if (lane.ClosedUpTo() > saved_[i]) moved.push_back(i);
  }
  roster.Save(incarnation_, progress, reader_.head().canary);
  for (const std::size_t i : moved) {
    saved_[i] = lanes_[i]->ClosedUpTo();
    ++exercised_.positions_moved;
  }
  ++rounds_.begun;
  rounds_.xid = roster.AssignXid();
  ++rounds_.finished;
}

std::size_t SmallRelay::unsettled() const {
  std::size_t sum = 0;
  for (const auto& lane : lanes_) sum += lane->unsettled();
  return sum;
}

bool SmallRelay::idle() const {
  return !read_something_ &&
         std::all_of(lanes_.begin(), lanes_.end(), [](const auto& lane) { return lane->idle(); });
}

}  // namespace postrider::test
