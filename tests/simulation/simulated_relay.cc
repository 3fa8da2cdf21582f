#include "simulation/simulated_relay.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "postrider/policy/rate_windows.h"

namespace postrider::simulation {
namespace {

constexpr microseconds kHouseInterval{15000};
constexpr microseconds kRoundInterval{50000};

SimulatedConnection MakeConnection(World& world, const bool& dead, int incarnation) {
  return {
      world.time,      world.chance, world.database, dead, "relay-" + std::to_string(incarnation),
      world.statistics};
}

}  // namespace

SimulatedRelay::SimulatedRelay(World& world, int incarnation)
    : world_(world),
      incarnation_(incarnation),
      random_(world.chance.Below(1'000'000)),
      tail_connection_(MakeConnection(world, dead_, incarnation)),
      fetch_connection_(MakeConnection(world, dead_, incarnation)),
      keeper_connection_(MakeConnection(world, dead_, incarnation)),
      recorder_connection_(MakeConnection(world, dead_, incarnation)),
      recorder_(recorder_connection_),
      tail_(tail_connection_, exchange_, world.statistics),
      fetcher_(fetch_connection_, exchange_, world.scenario, *this) {}

// -- From the fetcher -----------------------------------------------------------------------------

LaneId SimulatedRelay::LaneOf(DestinationId destination, std::int32_t slot) const {
  const int shards = world_.scenario.Of(destination).settings.shards;
  return {destination, static_cast<std::int16_t>(slot % shards)};
}

void SimulatedRelay::Reply(LaneId lane, BacklogReply reply) {
  lanes_.at(lane).lane->Reply(std::move(reply));
}

void SimulatedRelay::ForeignRows(const std::vector<ForeignRow>& rows) {
  std::map<LaneId, std::vector<DueOrder>> by_lane;
  for (const ForeignRow& row : rows) by_lane[LaneOf(row.destination, row.slot)].push_back(row.due);
  for (const auto& [lane, due] : by_lane) lanes_.at(lane).lane->NoteForeign(due);
}

void SimulatedRelay::Cancel(const CancelRequest& request) {
  lanes_.at(LaneOf(request.destination, request.event->slot)).lane->Cancel(request);
}

// -- The process ----------------------------------------------------------------------------------

void SimulatedRelay::Later(microseconds delay, std::function<void()> task) {
  world_.time.After(delay, [self = shared_from_this(), task = std::move(task)] {
    if (self->dead_) return;
    try {
      task();
    } catch (const Crashed&) {
      // The process ended while the task waited.
    }
  });
}

void SimulatedRelay::Loop(std::function<microseconds()> turn, std::function<void()> fault) {
  microseconds wait{0};
  try {
    wait = turn();
  } catch (const ConnectionLost&) {
    world_.statistics.Count("connections lost");
    fault();
    wait = world_.chance.Around(milliseconds(10));
  }
  Later(wait + microseconds(50),
        [this, turn = std::move(turn), fault = std::move(fault)]() mutable {
          Loop(std::move(turn), std::move(fault));
        });
}

void SimulatedRelay::Start() {
  Later(microseconds(0), [this] { Enlist(); });
}

void SimulatedRelay::Enlist() {
  try {
    keeper_connection_.Connect();
    for (const auto& [lane, epoch] : keeper_connection_.TakeLanes(world_.scenario.Lanes())) {
      AddLane(lane, epoch);
      RestoreSent(lane, epoch);
    }
    world_.oracle.OnTakenOver();
    world_.limits.OnTakenOver(world_.database.failovers());
  } catch (const ConnectionLost&) {
    lanes_.clear();
    return Later(milliseconds(5), [this] { Enlist(); });
  }
  keeper_connected_ = true;
  std::vector<Feed> feeds;
  for (auto& [id, owned] : lanes_) {
    feeds.emplace_back(world_.scenario.FilterOf(id), owned.lane->link());
  }
  exchange_.GiveToFetcher(std::move(feeds));
  Later(microseconds(0),
        [this] { Loop([this] { return tail_.Turn(); }, [this] { tail_.GiveUp(); }); });
  Later(microseconds(0),
        [this] { Loop([this] { return fetcher_.Turn(); }, [this] { fetcher_.GiveUp(); }); });
  Later(kHouseInterval,
        [this] { Loop([this] { return KeepHouse(); }, [this] { keeper_connected_ = false; }); });
  Later(microseconds(0),
        [this] { Loop([this] { return RecordTurn(); }, [this] { recorder_connected_ = false; }); });
}

void SimulatedRelay::AddLane(LaneId lane, std::int64_t epoch) {
  const LaneSurroundings surroundings{
      world_,
      exchange_,
      recorder_,
      random_,
      incarnation_,
      [this](microseconds delay, std::function<void()> task) { Later(delay, std::move(task)); }};
  lanes_[lane] = {std::make_unique<SimulatedLane>(lane, epoch, surroundings), epoch, -1};
}

void SimulatedRelay::RestoreSent(LaneId lane, std::int64_t epoch) {
  if (lane.destination == kUnrouted) return;
  const DestinationSettings& settings = world_.scenario.Of(lane.destination).settings;
  if (settings.rate.empty()) return;
  std::size_t limit = 0;
  for (const RateWindow& rate : settings.rate) {
    limit = std::max(limit, static_cast<std::size_t>(rate.count));
  }
  const auto ages = keeper_connection_.ReadSent(lane, settings.shards,
                                                RateWindows(settings.rate).longest(), limit);
  lanes_.at(lane).lane->RestoreSent(ages, epoch == 1);
}

void SimulatedRelay::Crash() {
  dead_ = true;
  world_.oracle.OnCrashed(incarnation_);
}

void SimulatedRelay::BreakConnection() {
  const std::array<SimulatedConnection*, 4> all{&tail_connection_, &fetch_connection_,
                                                &keeper_connection_, &recorder_connection_};
  all.at(world_.chance.Below(all.size()))->Break();
}

microseconds SimulatedRelay::RecordTurn() {
  if (!recorder_.has_work()) return microseconds(300);
  if (!recorder_connected_) recorder_connection_.Connect();
  recorder_connected_ = true;
  if (!recorder_.Turn()) lost_ = true;
  return microseconds(0);
}

microseconds SimulatedRelay::KeepHouse() {
  if (!keeper_connected_) keeper_connection_.Connect();
  keeper_connected_ = true;
  if (world_.time.now() < next_round_) return kHouseInterval;
  next_round_ = world_.time.now() + kRoundInterval;
  exchange_.BeginRound();
  exchange_.FinishRound(keeper_connection_.AssignXid());
  SavePlaces();
  return kHouseInterval;
}

void SimulatedRelay::SavePlaces() {
  const std::string canary = exchange_.canary();
  if (canary.empty()) return;
  std::vector<SavedPlace> places;
  for (auto& [id, owned] : lanes_) {
    const auto closed = owned.lane->link().ClosedUnder(canary);
    const auto mark = owned.lane->link().pending_mark();
    if (!closed || (*closed == owned.saved && !mark)) continue;
    places.push_back({id, owned.epoch, *closed, mark});
    owned.saved = *closed;
  }
  if (!places.empty()) keeper_connection_.Save(places, canary);
}

}  // namespace postrider::simulation
