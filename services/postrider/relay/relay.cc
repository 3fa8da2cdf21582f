#include "relay/relay.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "postrider/postgres/conninfo.h"
#include "relay/process_identity.h"
#include "relay/version.h"

namespace postrider {
namespace {

using std::chrono::steady_clock;

constexpr milliseconds kHouseInterval{250};
constexpr milliseconds kRoundInterval{2000};
/// Looks in a row at which everything was quiet before `--once` believes it.
constexpr int kQuietLooks = 3;

}  // namespace

Relay::Relay(const Settings& settings, const SecretResolver& secrets,
             const DatabaseAccess& access, DatabaseClock& clock, InstallationRecord installation)
    : settings_(settings),
      secrets_(secrets),
      access_(access),
      clock_(clock),
      installation_(std::move(installation)),
      incarnation_(MakeIncarnation(settings.relay)) {}

Relay::~Relay() = default;

RelayEnd Relay::Run(std::stop_token stop, bool once) {
  Session session(access_, "keeper");
  bool enlisted = false;
  RelayEnd end = RelayEnd::kStopped;
  session.Run(stop, [&](Connection& connection) {
    PostgresRoster roster(connection, settings_.relay.lease / 4);
    if (!enlisted) {
      Enlist(roster);
      enlisted = true;
    }
  });
  if (!enlisted) return end;
  end = KeepHouse(stop, once);
  Drain();
  return end;
}

/// Registers what the file says, takes lanes, and starts the threads.
void Relay::Enlist(PostgresRoster& roster) {
  const auto foreign = roster.Register(settings_.destinations, incarnation_.name);
  for (const std::string& name : foreign) {
    access_.log.Warning("other_version",
                        "Another relay registered a newer version of this destination; leaving it "
                        "to that one. Make the files equal.",
                        {{"destination", name}});
  }
  registered_ = roster.ReadDestinations();
  const auto began = LeaseThread::BootTime();
  roster.Enroll(incarnation_);
  std::vector<std::string> gone;
  for (const Neighbour& neighbour : roster.ReadNeighbours(incarnation_)) {
    if (!ProcessLives(neighbour.pid, neighbour.pid_start)) gone.push_back(neighbour.id);
  }
  roster.Bury(gone);

  for (const RegisteredDestination& registered : registered_) {
    const Subscription& subscription = registered.subscription;
    const auto file = std::find_if(
        settings_.destinations.begin(), settings_.destinations.end(),
        [&](const DestinationSettings& d) { return d.name == subscription.name; });
    const bool other = std::find(foreign.begin(), foreign.end(), subscription.name) != foreign.end();
    if (file == settings_.destinations.end() || other) continue;
    served_[subscription.destination] = {
        *file, subscription,
        std::make_shared<RequestBuilder>(subscription.destination, file->http, secrets_,
                                         installation_.name, kVersion),
        std::make_shared<EgressGuard>(file->http.allow_private)};
    for (int shard = 0; shard < subscription.shards; ++shard) {
      wanted_.insert({subscription.destination, static_cast<std::int16_t>(shard)});
    }
  }
  wanted_.insert({kUnrouted, 0});

  lease_ = std::make_unique<LeaseThread>(access_, incarnation_, began);
  StartThreads();
  TakeFreeLanes(roster);
  fetcher_ = std::make_unique<FetchThread>(access_, exchange_, *this);
  tail_ = std::make_unique<TailThread>(access_, settings_.relay.poll, exchange_, clock_);
  started_.store(true);
}

void Relay::StartThreads() {
  recorder_ = std::make_unique<Recorder>(access_, incarnation_.id, settings_.relay.lease / 4);
  int threads = settings_.relay.threads;
  if (threads == 0) threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  const HostSurroundings surroundings{*recorder_, exchange_,          clock_,
                                      access_.metrics, access_.log, [this] { return lease_->MaySend(); }};
  for (int i = 0; i < threads; ++i) hosts_.push_back(std::make_unique<LaneHost>(surroundings));
}

void Relay::TakeFreeLanes(PostgresRoster& roster) {
  if (wanted_.empty()) return;
  const auto taken = roster.TakeLanes(incarnation_, {wanted_.begin(), wanted_.end()});
  for (const auto& [lane, epoch] : taken) {
    AddLane(lane, epoch);
    wanted_.erase(lane);
  }
  if (!wanted_.empty()) {
    access_.repeated.Info("lanes_owned_elsewhere",
                          "Lanes are owned by another relay; taking them when its lease ends.",
                          {{"lanes", wanted_.size()}});
  }
}

void Relay::AddLane(LaneId lane, std::int64_t epoch) {
  LaneHost& host = *hosts_[lanes_.size() % hosts_.size()];
  LaneFilter filter;
  filter.lane = lane;
  LaneLink* link = nullptr;
  if (lane.destination == kUnrouted) {
    for (const RegisteredDestination& d : registered_) filter.others.push_back(d.subscription);
    filter.ignored_topics = settings_.ignore_topics;
    link = &host.AddUnrouted(settings_.unrouted, epoch);
  } else {
    const Served& served = served_.at(lane.destination);
    filter.subscription = served.subscription;
    const auto lanes = static_cast<std::int64_t>(std::max<std::size_t>(1, wanted_.size()));
    const auto memory = static_cast<std::int64_t>(settings_.relay.max_memory) / (2 * lanes);
    link = &host.AddLane({MakeLaneSettings(served.settings, lane, std::max<std::int64_t>(
                                                                      memory, 1 << 20)),
                          epoch, served.settings, served.builder, served.guard});
  }
  host.SetRegistered(registered_);
  {
    const std::lock_guard lock(mutex_);
    lanes_[lane] = {link, &host, epoch, -1, std::nullopt};
  }
  std::vector<Feed> feeds;
  feeds.emplace_back(std::move(filter), *link);
  exchange_.GiveToFetcher(std::move(feeds));
  access_.log.Info("lane_taken", "Took a lane.",
                   {{"destination", lane.destination == kUnrouted
                                        ? std::string("(unrouted)")
                                        : served_.at(lane.destination).settings.name},
                    {"shard", lane.shard},
                    {"epoch", epoch}});
}

// -- Keeping house --------------------------------------------------------------------------------

RelayEnd Relay::KeepHouse(std::stop_token stop, bool once) {
  Session session(access_, "keeper");
  RelayEnd end = RelayEnd::kStopped;
  session.Run(stop, [&](Connection& connection) {
    PostgresRoster roster(connection, settings_.relay.lease / 4);
    std::mutex mutex;
    std::condition_variable_any wakes;
    while (!stop.stop_requested()) {
      if (const auto reason = LookForEnd(once)) {
        end = *reason;
        return;
      }
      HouseTurn(roster);
      std::unique_lock lock(mutex);
      wakes.wait_for(lock, stop, kHouseInterval, [] { return false; });
    }
  });
  return end;
}

std::optional<RelayEnd> Relay::LookForEnd(bool once) {
  if (lease_->lost() || recorder_->lost_fence()) return RelayEnd::kLost;
  if (!once) return std::nullopt;
  const std::lock_guard lock(mutex_);
  const bool quiet = wanted_.empty() && fetcher_->idle() && tail_->at_head() &&
                     recorder_->empty() &&
                     std::all_of(lanes_.begin(), lanes_.end(), [](const auto& entry) {
                       return entry.first.destination == kUnrouted || entry.second.link->quiet();
                     });
  quiet_looks_ = quiet ? quiet_looks_ + 1 : 0;
  if (quiet_looks_ < kQuietLooks) return std::nullopt;
  return RelayEnd::kDone;
}

void Relay::HouseTurn(PostgresRoster& roster) {
  TakeFreeLanes(roster);
  auto registered = roster.ReadDestinations();
  for (const auto& host : hosts_) host->SetRegistered(registered);
  for (const RegisteredDestination& destination : registered) {
    access_.metrics.ForDestination(destination.subscription.name).SetPaused(destination.paused);
  }
  SetGauges();
  if (steady_clock::now() < next_round_) return;
  next_round_ = steady_clock::now() + kRoundInterval;
  // The places are copied before the transaction id is assigned; see docs/protocols.md.
  exchange_.BeginRound();
  exchange_.FinishRound(roster.AssignXid());
  SavePositions(roster);
}

void Relay::SavePositions(PostgresRoster& roster) {
  const std::string canary = exchange_.canary();
  if (canary.empty()) return;
  std::vector<LaneProgress> progress;
  {
    const std::lock_guard lock(mutex_);
    for (auto& [id, owned] : lanes_) {
      const EventId closed = owned.link->ClosedUpTo();
      const auto mark = owned.link->pending_mark();
      // A saved row costs a row version: only what helps a recovery is worth one.
      const bool moved = closed != owned.saved || (mark && !owned.saved_mark);
      if (!moved || closed <= 0) continue;
      progress.push_back({id, owned.epoch, closed, mark});
      owned.saved = closed;
      owned.saved_mark = mark;
    }
  }
  roster.Save(incarnation_, progress, canary);
}

void Relay::SetGauges() {
  struct Sum {
    std::int64_t queued = 0;
    std::int64_t sending = 0;
    std::int64_t bytes = 0;
    Timestamp oldest = kNever;
  };
  std::map<DestinationId, Sum> sums;
  std::int64_t bytes = 0;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, owned] : lanes_) {
      const LaneLink::Gauges gauges = owned.link->gauges();
      Sum& sum = sums[id.destination];
      sum.queued += static_cast<std::int64_t>(gauges.stats.queued);
      sum.sending += static_cast<std::int64_t>(gauges.stats.sending);
      sum.oldest = std::min(sum.oldest, gauges.oldest_queued);
      bytes += gauges.stats.bytes;
    }
  }
  for (const auto& [id, sum] : sums) {
    if (id == kUnrouted) continue;
    DestinationMetrics& metrics = access_.metrics.ForDestination(served_.at(id).settings.name);
    metrics.SetDeliveries(DeliveryState::kQueued, sum.queued);
    metrics.SetDeliveries(DeliveryState::kSending, sum.sending);
    metrics.SetOldestDueAt(sum.oldest == kNever ? std::nullopt : std::optional(sum.oldest));
  }
  access_.metrics.relay().SetEventMemory(static_cast<std::size_t>(std::max<std::int64_t>(0, bytes)));
  access_.metrics.relay().SetEventMemoryLimit(settings_.relay.max_memory);
  access_.metrics.relay().SetLanes(LaneState::kOwned, static_cast<std::int64_t>(lanes_.size()));
}

// -- Ending ---------------------------------------------------------------------------------------

/// Takes nothing more, lets what is in flight finish, records it, and gives the lanes back.
void Relay::Drain() {
  const auto deadline = steady_clock::now() + settings_.relay.drain;
  access_.log.Info("draining", "Waiting for requests in flight.", {});
  exchange_.Stop();
  tail_->Stop();
  fetcher_->Stop();
  for (const auto& host : hosts_) host->StopLanes();
  const auto idle = [&] {
    return std::all_of(hosts_.begin(), hosts_.end(), [](const auto& h) { return h->Idle(); });
  };
  while (!idle() && steady_clock::now() < deadline) std::this_thread::sleep_for(milliseconds(10));
  if (!idle()) {
    access_.log.Warning("drain_timeout",
                        "Requests did not end within relay.drain; cutting them. They are tried "
                        "again.",
                        {});
    for (const auto& host : hosts_) host->Abandon();
  }
  recorder_->Finish(std::max(deadline, steady_clock::now() + seconds(2)));
  lease_->Stop();
  try {
    Connection connection(MakeConninfo(settings_.database, secrets_, "postrider/leave"));
    PostgresRoster roster(connection, settings_.relay.lease / 4);
    SavePositions(roster);
    roster.Leave(incarnation_);
  } catch (const std::exception& error) {
    access_.log.Warning("leave_failed",
                        "Could not give the lanes back; others take them when the lease ends.",
                        {{"error", error.what()}});
  }
  for (const auto& host : hosts_) host->Stop();
}

// -- For others -----------------------------------------------------------------------------------

void Relay::Reply(LaneId lane, BacklogReply reply) {
  LaneHost* host = nullptr;
  {
    const std::lock_guard lock(mutex_);
    const auto found = lanes_.find(lane);
    if (found != lanes_.end()) host = found->second.host;
  }
  if (host != nullptr) host->Reply(lane, std::move(reply));
}

void Relay::ForeignRow(const postrider::ForeignRow& row) {
  const auto served = served_.find(row.destination);
  if (served == served_.end()) return;
  const int shards = served->second.subscription.shards;
  const LaneId lane{row.destination, static_cast<std::int16_t>(row.slot % shards)};
  const std::lock_guard lock(mutex_);
  const auto found = lanes_.find(lane);
  if (found != lanes_.end()) found->second.host->ForeignRow(lane, row.due);
}

int Relay::Shards(LaneId lane) const { return served_.at(lane.destination).subscription.shards; }

bool Relay::BlocksAfterDead(LaneId lane) const {
  return served_.at(lane.destination).settings.order.after_dead == AfterDead::kBlock;
}

HealthReport Relay::Health() const {
  HealthReport report;
  if (!started_.load()) return report;
  for (std::size_t i = 0; i < hosts_.size(); ++i) {
    const auto age = steady_clock::now() - hosts_[i]->last_turn();
    const bool ok = age < seconds(10);
    report.checks.push_back({"loop_" + std::to_string(i), ok, ok ? "turning" : "hangs"});
    report.ok = report.ok && ok;
  }
  return report;
}

HealthReport Relay::Readiness() const {
  HealthReport report;
  const auto check = [&](const char* name, bool ok, std::string detail) {
    report.checks.push_back({name, ok, std::move(detail)});
    report.ok = report.ok && ok;
  };
  if (!started_.load()) {
    check("database", false, "not connected yet");
    return report;
  }
  const bool polls =
      steady_clock::now() - tail_->last_poll() < seconds(5) + 3 * settings_.relay.poll.max;
  check("last_poll", polls, polls ? "recent" : "no successful poll lately: is the database there?");
  const bool leased = lease_->MaySend();
  check("lease", leased, leased ? "held" : "not renewed lately");
  const bool whole = !tail_->sequence_went_back();
  check("sequence", whole, whole ? "rising" : "the id sequence went backwards; needs adopt");
  return report;
}

}  // namespace postrider
