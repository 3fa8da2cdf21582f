#include "relay/housekeeper.h"

#include <algorithm>
#include <array>

#include "relay/cool_downs.h"
#include "relay/lane_host.h"
#include "relay/lane_link.h"
#include "relay/pause_notice.h"

namespace postrider {
namespace {

using std::chrono::steady_clock;

constexpr milliseconds kMarkInterval{2000};
/// A pause may end by the clock.
constexpr milliseconds kLongestPause{1000};
constexpr milliseconds kGaugeInterval{10000};
constexpr milliseconds kStatementTimeout{5000};

constexpr DeadReason kReasons[] = {
    DeadReason::kRefused,  DeadReason::kExhausted, DeadReason::kUnknown,
    DeadReason::kNoRoute,  DeadReason::kLoop,      DeadReason::kTemplate,
    DeadReason::kRestored, DeadReason::kParked,    DeadReason::kOperator};

BreakerState MetricOf(CircuitBreaker::State state) {
  switch (state) {
    case CircuitBreaker::State::kClosed:
      return BreakerState::kClosed;
    case CircuitBreaker::State::kHalfOpen:
      return BreakerState::kHalfOpen;
    case CircuitBreaker::State::kOpen:
      return BreakerState::kOpen;
  }
  return BreakerState::kOpen;
}

}  // namespace

Housekeeper::Housekeeper(const DatabaseAccess& access, const Incarnation& incarnation,
                         Exchange& exchange, PauseRequests& pauses, const LaneRegistry& lanes,
                         const ServedDestinations& served,
                         const std::vector<std::unique_ptr<LaneHost>>& hosts)
    : access_(access),
      incarnation_(incarnation),
      exchange_(exchange),
      pauses_(pauses),
      lanes_(lanes),
      served_(served),
      hosts_(hosts),
      registrations_(exchange.commits(), kLongestPause) {}

void Housekeeper::Turn(Connection& connection, PostgresRoster& roster) {
  // At every turn: a pause holds within a second, also when a turn takes long.
  if (registrations_.Due()) {
    FollowRegistrations(roster);
    if (SharesDestinations()) FollowCoolDowns(connection);
    registrations_.Looked();
  }
  SetLaneGauges();
  SaveStates(connection);
  if (steady_clock::now() >= next_mark_) {
    next_mark_ = steady_clock::now() + kMarkInterval;
    MakeMark(roster);
    SavePositions(roster);
  }
  if (steady_clock::now() >= next_gauges_) {
    next_gauges_ = steady_clock::now() + kGaugeInterval;
    SetStoredGauges(roster);
  }
  PauseAsAsked(connection);
}

void Housekeeper::FollowRegistrations(PostgresRoster& roster) {
  const auto registered = roster.ReadDestinations();
  for (const auto& host : hosts_) host->SetRegistered(registered);
  if (KeepsHouse()) {
    for (const RegisteredDestination& destination : registered) {
      access_.metrics.ForDestination(destination.subscription.name).SetPaused(destination.paused);
    }
  }
}

/// Whether other relays have shards of destinations that we serve.
bool Housekeeper::SharesDestinations() const {
  return std::any_of(served_.begin(), served_.end(), [this](const auto& entry) {
    const auto& [destination, served] = entry;
    for (int shard = 0; shard < served.subscription.shards; ++shard) {
      if (!lanes_.Find({destination, static_cast<std::int16_t>(shard)})) return true;
    }
    return false;
  });
}

/// Lanes of other relays that cool down; CoolDowns tells of our own.
void Housekeeper::FollowCoolDowns(Connection& connection) {
  const CoolDowns cool_downs(lanes_);
  const auto before = std::exchange(followed_, {});
  for (const CoolingLane& cooling :
       PostgresLanePolicies(connection, kStatementTimeout).ReadCooling()) {
    if (lanes_.Find(cooling.lane)) continue;
    followed_[cooling.lane] = cooling.until;
    const auto known = before.find(cooling.lane);
    // What is not news must not revive what the lane has found out by itself.
    if (known != before.end() && known->second == cooling.until) continue;
    cool_downs.Tell(cooling.lane, cooling.until);
  }
  for (const auto& [lane, until] : before) {
    // One that we have taken since tells for itself.
    if (!followed_.contains(lane) && !lanes_.Find(lane)) cool_downs.Tell(lane, std::nullopt);
  }
}

/// A destination whose lane has asked for it is paused as by a person.
void Housekeeper::PauseAsAsked(Connection& connection) {
  while (const auto request = pauses_.First()) {
    const auto& [id, cause] = *request;
    const DestinationSettings& settings = served_.at(id).settings;
    const PauseNotice notice = NoticeOf(cause, settings.dead_limit);
    PostgresLanePolicies(connection, kStatementTimeout)
        .Pause(settings.name, notice.acting_for, notice.note);
    access_.log.Error(notice.log_event, notice.message,
                      {{"destination", settings.name}, {"note", notice.note}});
    for (const auto& host : hosts_) host->NotePaused(id);
    pauses_.Done(id);
  }
}

/// The owner of the unrouted lane speaks for the fleet.
bool Housekeeper::KeepsHouse() const { return lanes_.Find({kUnrouted, 0}).has_value(); }

/// The places are copied before the transaction id is assigned; see docs/protocols.md.
void Housekeeper::MakeMark(PostgresRoster& roster) {
  if (AllIsClosed()) return;
  exchange_.BeginRound();
  exchange_.FinishRound(roster.AssignXid());
}

/// A mark could close nothing more.
bool Housekeeper::AllIsClosed() const {
  const std::string canary = exchange_.canary();
  const EventId last = exchange_.last_value();
  // Nothing is ever said to be closed of an outbox that has never had an event.
  if (last == 0) return true;
  const auto lanes = lanes_.All();
  return std::all_of(lanes.begin(), lanes.end(), [&](const auto& entry) {
    const auto closed = entry.second.link->ClosedUnder(canary);
    return closed && *closed >= last;
  });
}

void Housekeeper::SavePositions(PostgresRoster& roster) {
  const std::string canary = exchange_.canary();
  if (canary.empty()) return;
  std::vector<LaneProgress> progress;
  for (const auto& [id, owned] : lanes_.All()) {
    const auto closed = owned.link->ClosedUnder(canary);
    if (!closed) continue;
    const auto mark = owned.link->pending_mark();
    Saved& saved = saved_[id];
    // A saved row costs a row version: only what helps a recovery is worth one.
    if (*closed == saved.closed && (!mark || saved.mark)) continue;
    saved = {*closed, mark.has_value()};
    progress.push_back({id, owned.epoch, *closed, mark});
  }
  roster.Save(incarnation_, progress, canary);
}

void Housekeeper::SaveStates(Connection& connection) {
  const auto now = steady_clock::now();
  std::vector<PolicyState> changed;
  for (const auto& [id, owned] : lanes_.All()) {
    const LaneStats stats = owned.link->gauges().stats;
    PolicyState state{id, owned.epoch, {}, std::string(ToString(stats.held))};
    if (const auto& primary = stats.breakers[0]) state.breaker = ToString(*primary);
    state.cools_until = stats.cools_until;
    if (states_.Look(state, now)) changed.push_back(std::move(state));
  }
  PostgresLanePolicies(connection, kStatementTimeout).SaveStates(incarnation_.id, changed);
  states_.NoteSaved(changed, now);
}

void Housekeeper::SetLaneGauges() {
  struct Sum {
    LaneStats stats;
    Timestamp oldest = kNever;
    std::array<std::optional<BreakerState>, kMostEndpoints> breakers;
  };
  std::map<DestinationId, Sum> sums;
  std::int64_t bytes = 0;
  const auto lanes = lanes_.All();
  for (const auto& [id, owned] : lanes) {
    const LaneLink::Gauges gauges = owned.link->gauges();
    Sum& sum = sums[id.destination];
    sum.stats.queued += gauges.stats.queued;
    sum.stats.sending += gauges.stats.sending;
    sum.oldest = std::min(sum.oldest, gauges.oldest_queued);
    for (std::size_t i = 0; i < kMostEndpoints; ++i) {
      const auto& breaker = gauges.stats.breakers[i];
      if (breaker) sum.breakers[i] = std::max(sum.breakers[i], std::optional(MetricOf(*breaker)));
    }
    bytes += gauges.stats.bytes;
  }
  for (const auto& [id, sum] : sums) {
    if (id == kUnrouted) continue;
    DestinationMetrics& metrics = access_.metrics.ForDestination(served_.at(id).settings.name);
    metrics.SetDeliveries(DeliveryState::kQueued, static_cast<std::int64_t>(sum.stats.queued));
    metrics.SetDeliveries(DeliveryState::kSending, static_cast<std::int64_t>(sum.stats.sending));
    for (std::size_t i = 0; i < kMostEndpoints; ++i) metrics.SetBreaker(i, sum.breakers[i]);
    metrics.SetOldestDueAt(sum.oldest == kNever ? std::nullopt : std::optional(sum.oldest));
  }
  RelayMetrics& relay = access_.metrics.relay();
  relay.SetEventMemory(static_cast<std::size_t>(std::max<std::int64_t>(0, bytes)));
}

void Housekeeper::SetStoredGauges(PostgresRoster& roster) {
  const StoredCounts counts = roster.ReadCounts();
  for (const auto& [id, served] : served_) {
    DestinationMetrics& metrics = access_.metrics.ForDestination(served.settings.name);
    const auto waiting = [&](WaitingFor what) {
      const auto found = counts.backlog.find({id, what});
      return found == counts.backlog.end() ? 0 : found->second;
    };
    metrics.SetDeliveries(DeliveryState::kScheduled, waiting(WaitingFor::kSchedule));
    metrics.SetDeliveries(DeliveryState::kRetrying, waiting(WaitingFor::kRetry) +
                                                        waiting(WaitingFor::kReplay) +
                                                        waiting(WaitingFor::kVerification));
    metrics.SetDeliveries(DeliveryState::kBlocked, waiting(WaitingFor::kPredecessor));
    if (!KeepsHouse()) continue;
    for (const DeadReason reason : kReasons) {
      const auto found = counts.dead_letters.find({id, std::string(ToString(reason))});
      metrics.SetDeadLetters(reason, found == counts.dead_letters.end() ? 0 : found->second);
    }
  }
  if (KeepsHouse()) SetFleetGauges(counts);
}

void Housekeeper::SetFleetGauges(const StoredCounts& counts) {
  RelayMetrics& relay = access_.metrics.relay();
  for (const auto& [table, bytes] : counts.table_bytes) relay.SetTableBytes(table, bytes);
  if (counts.oldest_snapshot) relay.SetOldestSnapshot(*counts.oldest_snapshot);
  relay.SetLanes(LaneState::kOwned, counts.owned_lanes);
  relay.SetLanes(LaneState::kFree, counts.free_lanes);
  relay.SetLanes(LaneState::kRetired, counts.retired_lanes);
}

}  // namespace postrider
