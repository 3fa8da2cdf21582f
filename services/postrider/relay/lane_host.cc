#include "relay/lane_host.h"

#include <algorithm>
#include <random>
#include <utility>

namespace postrider {
namespace {

HttpClientOptions ClientOptions(const HostSurroundings& surroundings) {
  HttpClientOptions options;
  options.may_send = surroundings.may_send;
  return options;
}

}  // namespace

LaneHost::LaneHost(const HostSurroundings& surroundings)
    : around_(surroundings),
      random_(std::random_device{}()),
      http_(loop_, ClientOptions(surroundings)) {
  thread_ = std::jthread([this] { loop_.Run(); });
}

LaneHost::~LaneHost() { Stop(); }

LaneLink& LaneHost::MakeLink(LaneId id) {
  auto post = [this, id](LaneLink::Task task) {
    loop_.Post([this, id, task = std::move(task)] {
      LaneRunner* runner = Runner(id);
      if (runner == nullptr) return;
      task(runner->lane());
      runner->Pump();
    });
  };
  auto& link = links_[id];
  link = std::make_unique<LaneLink>(id, std::move(post), [this] { return around_.clock.Now(); });
  return *link;
}

LaneLink& LaneHost::AddLane(LanePlan plan) {
  const LaneId id = plan.settings.id;
  LaneLink& link = MakeLink(id);
  loop_.Post([this, id, &link, plan = std::move(plan)] {
    const LaneSurroundings surroundings{loop_,
                                        http_,
                                        crew_,
                                        around_.recorder,
                                        around_.exchange,
                                        around_.pauses,
                                        around_.cool_downs,
                                        around_.clock,
                                        random_,
                                        around_.metrics.ForDestination(plan.settings.name),
                                        around_.log};
    lanes_[id] = std::make_unique<HostedLane>(plan, link, surroundings);
  });
  return link;
}

LaneLink& LaneHost::AddUnrouted(UnroutedSettings settings, std::int64_t epoch) {
  LaneLink& link = MakeLink({kUnrouted, 0});
  loop_.Post([this, settings, epoch, &link] {
    unrouted_ = std::make_unique<UnroutedHost>(settings, epoch, link, loop_, around_.exchange,
                                               around_.clock, around_.recorder, around_.metrics,
                                               around_.log);
  });
  return link;
}

LaneRunner* LaneHost::Runner(LaneId id) {
  if (id.destination == kUnrouted) return unrouted_ ? &unrouted_->runner() : nullptr;
  const auto found = lanes_.find(id);
  return found == lanes_.end() ? nullptr : &found->second->runner();
}

template <typename Task>
void LaneHost::WithLane(LaneId id, Task task) {
  loop_.Post([this, id, task = std::move(task)] {
    const auto found = lanes_.find(id);
    if (found == lanes_.end()) return;
    task(found->second->lane());
    found->second->runner().Pump();
  });
}

void LaneHost::SetRegistered(std::vector<RegisteredDestination> destinations) {
  for (const RegisteredDestination& destination : destinations) {
    for (const auto& [id, link] : links_) {
      if (id.destination != destination.subscription.destination) continue;
      WithLane(id, [paused = destination.paused](Lane& lane) { lane.SetPaused(paused); });
    }
  }
  loop_.Post([this, destinations = std::move(destinations)] {
    if (unrouted_ == nullptr) return;
    std::vector<Subscription> subscriptions;
    for (const auto& destination : destinations) subscriptions.push_back(destination.subscription);
    unrouted_->lane().SetSubscriptions(std::move(subscriptions));
  });
}

void LaneHost::NotePaused(DestinationId destination) {
  for (const auto& [id, link] : links_) {
    if (id.destination == destination) WithLane(id, [](Lane& lane) { lane.NotePaused(); });
  }
}

void LaneHost::Reply(LaneId id, BacklogReply reply) {
  WithLane(id, [this, reply = std::move(reply)](Lane& lane) {
    lane.OnReply(reply, around_.clock.Now());
  });
}

void LaneHost::ForeignRows(LaneId id, std::vector<DueOrder> rows) {
  WithLane(id, [rows = std::move(rows)](Lane& lane) { lane.OnForeignRows(rows); });
}

void LaneHost::Cancel(LaneId id, CancelRequest request) {
  WithLane(id, [request = std::move(request)](Lane& lane) { lane.OnCancel(request); });
}

void LaneHost::FollowCoolDown(LaneId id, int shard, std::optional<Timestamp> until) {
  WithLane(id, [this, shard, until](Lane& lane) {
    lane.FollowCoolDown(shard, until, around_.clock.Now());
  });
}

void LaneHost::StopLanes() {
  for (const auto& [id, link] : links_) link->Stop();
}

bool LaneHost::Finished() const {
  return std::all_of(links_.begin(), links_.end(),
                     [](const auto& entry) { return entry.second->finished(); });
}

void LaneHost::Abandon() {
  loop_.Post([this] { http_.AbandonAll(); });
}

void LaneHost::Stop() {
  if (!thread_.joinable()) return;
  // Lanes go before the client and on their own thread: timers and requests refer to them.
  loop_.Post([this] {
    http_.AbandonAll();
    lanes_.clear();
    unrouted_.reset();
    loop_.Stop();
  });
  thread_.join();
}

}  // namespace postrider
