#include "relay/relay.h"

#include <algorithm>
#include <condition_variable>
#include <iterator>
#include <mutex>
#include <thread>
#include <utility>

#include "postrider/postgres/conninfo.h"
#include "relay/process_identity.h"
#include "relay/sent_before.h"
#include "relay/version.h"

namespace postrider {
namespace {

using std::chrono::steady_clock;

constexpr milliseconds kHouseInterval{250};
constexpr milliseconds kReloadInterval{1000};
/// In any case.
constexpr milliseconds kLongestReloadInterval{5000};
/// Looks in a row, so far apart, at which everything was quiet before `--once` believes it: an
/// event may be between two threads at one of them.
constexpr int kQuietLooks = 3;
constexpr milliseconds kQuietInterval{50};
constexpr milliseconds kFirstQuietInterval{10};
/// What a lane may hold at least, however many there are.
constexpr std::int64_t kLeastLaneMemory = 1024 * 1024;

}  // namespace

Relay::Relay(const Settings& settings, const SecretResolver& secrets, const DatabaseAccess& access,
             DatabaseClock& clock, InstallationRecord installation, RelayTies ties)
    : settings_(settings),
      secrets_(secrets),
      access_(access),
      clock_(clock),
      installation_(std::move(installation)),
      incarnation_(MakeIncarnation(settings.relay)),
      ties_(std::move(ties)),
      patience_(std::chrono::duration_cast<milliseconds>(settings.relay.lease) / 4),
      router_(lanes_, served_),
      reloads_(exchange_.commits(), kLongestReloadInterval),
      housekeeper_(access, incarnation_, exchange_, pauses_, lanes_, served_, hosts_) {}

Relay::~Relay() {
  // All before one goes: they have lent each other requests.
  for (const auto& host : hosts_) host->Stop();
}

RelayEnd Relay::Serve(std::stop_token stop, bool once) {
  RelayEnd end = RelayEnd::kLost;
  try {
    Connection connection(MakeConninfo(settings_.database, secrets_, "postrider/start"));
    PostgresRoster roster(connection, patience_);
    Enlist(connection, roster);
    started_.store(true);
    end = KeepHouse(stop, once);
  } catch (const std::exception& error) {
    access_.repeated.Warning("start_failed", "Could not begin; trying anew.",
                             {{"error", error.what()}});
  }
  return end;
}

// -- Beginning ------------------------------------------------------------------------------------

/// Registers what the file says, takes lanes, and starts the threads.
void Relay::Enlist(Connection& connection, PostgresRoster& roster) {
  const auto foreign = roster.Register(settings_.destinations, incarnation_.name);
  registered_ = roster.ReadDestinations();
  Serve(foreign);
  const auto enrolled = LeaseThread::BootTime();
  roster.Enroll(incarnation_);
  ties_.listed();
  BuryNeighbours(roster);
  StartThreads(enrolled);
  TakeFreeLanes(connection, roster);
  fetcher_ = std::make_unique<FetchThread>(access_, exchange_, router_);
  tail_ = std::make_unique<TailThread>(access_, settings_.relay.poll, exchange_, clock_);
  retention_ =
      std::make_unique<RetentionThread>(access_, settings_, installation_.bucket_period, lanes_);
  operations_ = std::make_unique<OperationThread>(access_, lanes_, exchange_.commits());
}

void Relay::Serve(const std::vector<std::string>& foreign) {
  for (const std::string& name : foreign) {
    access_.log.Warning("other_version",
                        "Another relay registered a newer version of this destination; leaving it "
                        "to that one. Make the files equal.",
                        {{"destination", name}});
  }
  for (const RegisteredDestination& registered : registered_) {
    const Subscription& subscription = registered.subscription;
    const auto file =
        std::find_if(settings_.destinations.begin(), settings_.destinations.end(),
                     [&](const DestinationSettings& d) { return d.name == subscription.name; });
    const bool other =
        std::find(foreign.begin(), foreign.end(), subscription.name) != foreign.end();
    if (file == settings_.destinations.end() || other) continue;
    served_[subscription.destination] = {
        *file, subscription,
        MakeEndpoints(subscription.destination, *file, secrets_, installation_.name)};
    for (int shard = 0; shard < subscription.shards; ++shard) {
      wanted_.insert({subscription.destination, static_cast<std::int16_t>(shard)});
    }
  }
  wanted_.insert({kUnrouted, 0});
  // One half for what lanes hold, the other for what is on its way to them.
  lane_memory_ = std::max(kLeastLaneMemory, static_cast<std::int64_t>(settings_.relay.max_memory /
                                                                      (2 * wanted_.size())));
  access_.metrics.relay().SetEventMemoryLimit(settings_.relay.max_memory);
}

/// A process of this host that is gone needs no waiting for its lease.
void Relay::BuryNeighbours(PostgresRoster& roster) {
  std::vector<std::string> gone;
  for (const Neighbour& neighbour : roster.ReadNeighbours(incarnation_)) {
    if (!ProcessLives(neighbour.pid, neighbour.pid_start)) gone.push_back(neighbour.id);
  }
  roster.Bury(gone);
}

void Relay::StartThreads(std::chrono::nanoseconds enrolled) {
  lease_ = std::make_unique<LeaseThread>(access_, incarnation_, enrolled);
  recorder_ = std::make_unique<Recorder>(access_, incarnation_.id, patience_);
  int threads = settings_.relay.threads;
  if (threads == 0) threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  const auto may_send = [this] { return lease_->MaySend() && !exchange_.halted(); };
  const HostSurroundings surroundings{*recorder_, exchange_,       pauses_,     cool_downs_,
                                      clock_,     access_.metrics, access_.log, may_send};
  for (int i = 0; i < threads; ++i) hosts_.push_back(std::make_unique<LaneHost>(surroundings));
  for (std::size_t i = 0; i < hosts_.size(); ++i) {
    std::vector<HttpCrew::Member> crew;
    for (std::size_t n = 0; n < hosts_.size(); ++n) {
      crew.push_back(hosts_[(i + n) % hosts_.size()]->member());
    }
    hosts_[i]->SetCrew(std::move(crew));
  }
}

void Relay::TakeFreeLanes(Connection& connection, PostgresRoster& roster) {
  if (wanted_.empty()) return;
  taken_.merge(roster.TakeLanes(incarnation_, {wanted_.begin(), wanted_.end()}));
  std::vector<CoolingLane> cooling;
  if (!taken_.empty()) {
    // Much later than the start perhaps: what is paused by now must send nothing from the first.
    registered_ = roster.ReadDestinations();
    cooling = PostgresLanePolicies(connection, patience_).ReadCooling();
  }
  while (!taken_.empty()) {
    const auto [lane, epoch] = *taken_.begin();
    SentBefore sent;
    if (lane.destination != kUnrouted) {
      sent =
          ReadSentBefore(connection, patience_, served_.at(lane.destination).settings, lane, epoch);
    }
    AddLane(lane, epoch, std::move(sent), cooling);
    wanted_.erase(lane);
    taken_.erase(lane);
  }
  if (wanted_.empty()) return;
  access_.repeated.Info("lanes_owned_elsewhere",
                        "Lanes are owned by another relay; taking them when its lease ends.",
                        {{"lanes", wanted_.size()}});
}

void Relay::AddLane(LaneId lane, std::int64_t epoch, SentBefore sent,
                    const std::vector<CoolingLane>& cooling) {
  LaneHost& host = *hosts_[lanes_.All().size() % hosts_.size()];
  LaneLink* link = nullptr;
  std::string name = "(unrouted)";
  if (lane.destination == kUnrouted) {
    link = &host.AddUnrouted(settings_.unrouted, epoch);
  } else {
    const ServedDestination& served = served_.at(lane.destination);
    name = served.settings.name;
    std::vector<CoolingLane> of_destination;
    std::copy_if(cooling.begin(), cooling.end(), std::back_inserter(of_destination),
                 [&](const CoolingLane& c) { return c.lane.destination == lane.destination; });
    link = &host.AddLane(
        {MakeLaneSettings(served.settings, lane, settings_.relay.lease, lane_memory_), epoch,
         std::move(sent), std::move(of_destination), served.settings, served.endpoints});
  }
  host.SetRegistered(registered_);
  lanes_.Add(lane, {link, &host, epoch});
  std::vector<Feed> feeds;
  feeds.emplace_back(FilterOf(lane), *link);
  exchange_.GiveToFetcher(std::move(feeds));
  access_.log.Info("lane_taken", "Took a lane.",
                   {{"destination", name}, {"shard", lane.shard}, {"epoch", epoch}});
}

LaneFilter Relay::FilterOf(LaneId lane) const {
  LaneFilter filter;
  filter.lane = lane;
  if (lane.destination != kUnrouted) {
    filter.subscription = served_.at(lane.destination).subscription;
    return filter;
  }
  for (const RegisteredDestination& d : registered_) filter.others.push_back(d.subscription);
  filter.ignored_topics = settings_.ignore_topics;
  return filter;
}

// -- Running --------------------------------------------------------------------------------------

RelayEnd Relay::KeepHouse(std::stop_token stop, bool once) {
  Session session(access_, "keeper");
  RelayEnd end = RelayEnd::kStopped;
  session.Run(stop, [&](Connection& connection) {
    PostgresRoster roster(connection, patience_);
    PostgresOperations operations(connection);
    while (!stop.stop_requested()) {
      if (exchange_.halted()) roster.NoteRewound();
      if (const auto reason = LookForEnd(once)) {
        end = *reason;
        return;
      }
      TakeFreeLanes(connection, roster);
      housekeeper_.Turn(connection, roster);
      LookForReload(operations);
      AwaitNextRound(stop, once);
    }
  });
  return end;
}

/// With `once` not longer than until everything is quiet.
void Relay::AwaitNextRound(std::stop_token stop, bool once) {
  std::mutex mutex;
  std::condition_variable_any wakes;
  std::unique_lock lock(mutex);
  const auto wait = [&](milliseconds time) {
    wakes.wait_for(lock, stop, time, [] { return false; });
  };
  if (!once) return wait(kHouseInterval);
  if (quiet_looks_ > 0) return wait(kQuietInterval);
  const auto deadline = steady_clock::now() + kHouseInterval;
  do {
    wait(kFirstQuietInterval);
  } while (!Quiet() && !stop.stop_requested() && steady_clock::now() < deadline);
}

std::optional<RelayEnd> Relay::LookForEnd(bool once) {
  if (lease_->lost() || recorder_->lost_fence() || exchange_.halted()) {
    return RelayEnd::kLost;
  }
  if (!once) return std::nullopt;
  quiet_looks_ = Quiet() ? quiet_looks_ + 1 : 0;
  if (quiet_looks_ < kQuietLooks) return std::nullopt;
  return RelayEnd::kDone;
}

void Relay::LookForReload(PostgresOperations& operations) {
  if (steady_clock::now() < next_reload_look_) return;
  next_reload_look_ = steady_clock::now() + kReloadInterval;
  if (!reloads_.Due()) return;
  std::vector<std::string> asked = ties_.predecessors;
  asked.push_back(incarnation_.id);
  const auto requests = operations.FindReloads(asked);
  reloads_.Looked();
  if (requests.empty()) return;
  const ReloadAnswer answer = ties_.reload();
  operations.AnswerReloads(requests, answer.taken, answer.detail);
}

bool Relay::Quiet() const {
  if (!wanted_.empty() || !fetcher_->idle() || !tail_->at_head() || !recorder_->empty()) {
    return false;
  }
  const auto lanes = lanes_.All();
  return std::all_of(lanes.begin(), lanes.end(), [](const auto& entry) {
    return entry.first.destination == kUnrouted || entry.second.link->quiet();
  });
}

}  // namespace postrider
