// How an incarnation ends.

#include <algorithm>
#include <thread>

#include "postrider/postgres/conninfo.h"
#include "relay/lane_link.h"
#include "relay/relay.h"

namespace postrider {
namespace {

using std::chrono::steady_clock;

constexpr milliseconds kGlance{10};
constexpr milliseconds kGiveBackInterval{100};
/// For what was cut to be recorded.
constexpr seconds kRecordCut{3};
/// For the successor to be listed; a database that does not let it must not hold up the end.
constexpr milliseconds kHandover{5000};

}  // namespace

void Relay::Drain(Handover* successor) {
  const auto deadline = steady_clock::now() + settings_.relay.drain;
  // Mostly all have finished by then, and go together.
  next_give_back_ = steady_clock::now() + kGiveBackInterval;
  StopReading();
  for (const auto& host : hosts_) host->StopLanes();
  access_.log.Info("draining", "Waiting for requests in flight.", {});
  AwaitFinish(deadline, true);
  if (!Finished()) {
    access_.log.Warning("drain_timeout",
                        "Requests did not end within relay.drain; cutting them. They are tried "
                        "again.",
                        {});
    for (const auto& host : hosts_) host->Abandon();
    // What was cut becomes settlements on the loops first; only then is the recorder asked to end.
    AwaitFinish(steady_clock::now() + kRecordCut, false);
  }
  if (recorder_) recorder_->Finish(std::max(deadline, steady_clock::now() + seconds(2)));
  if (lease_) lease_->Stop();
  Leave(successor);
  for (const auto& host : hosts_) host->Stop();
  const std::lock_guard lock(release_mutex_);
  drained_ = true;
  released_.notify_all();
}

void Relay::StopReading() {
  exchange_.Stop();
  if (retention_) retention_->RequestStop();
  if (operations_) operations_->RequestStop();
  if (tail_) tail_->RequestStop();
  if (fetcher_) fetcher_->RequestStop();
  if (tail_) tail_->Stop();
  if (fetcher_) fetcher_->Stop();
}

bool Relay::Finished() const {
  return std::all_of(hosts_.begin(), hosts_.end(),
                     [](const auto& host) { return host->Finished(); });
}

void Relay::AwaitFinish(steady_clock::time_point deadline, bool give_back) {
  while (!Finished() && steady_clock::now() < deadline) {
    if (give_back && gives_back_) GiveBackFinished();
    std::this_thread::sleep_for(kGlance);
  }
}

/// One partner that is slow to answer must not keep the lanes of others from whoever serves next.
void Relay::GiveBackFinished() {
  if (steady_clock::now() < next_give_back_) return;
  next_give_back_ = steady_clock::now() + kGiveBackInterval;
  std::vector<LaneId> finished;
  for (const auto& [lane, owned] : lanes_.All()) {
    if (owned.link->finished() && !given_back_.contains(lane)) finished.push_back(lane);
  }
  // Looked at afterwards: requests that settled nothing leave rows, too, and these need the fence.
  if (finished.empty() || !recorder_->empty()) return;
  try {
    Connection connection(MakeConninfo(settings_.database, secrets_, "postrider/leave"));
    PostgresRoster roster(connection, patience_);
    housekeeper_.SavePositions(roster);
    roster.Release(incarnation_, finished);
  } catch (const std::exception& error) {
    gives_back_ = false;  // all together at the end
    access_.log.Warning("give_back_failed",
                        "Could not give back the lanes that have finished; they go with the rest.",
                        {{"error", error.what()}});
    return;
  }
  NoteGivenBack(finished);
}

void Relay::NoteGivenBack(const std::vector<LaneId>& lanes) {
  const std::lock_guard lock(release_mutex_);
  given_back_.insert(lanes.begin(), lanes.end());
  released_.notify_all();
}

void Relay::AwaitRelease(const std::set<std::string>& destinations) {
  std::vector<LaneId> lanes;
  for (const auto& [lane, owned] : lanes_.All()) {
    if (lane.destination == kUnrouted) continue;
    if (destinations.contains(served_.at(lane.destination).settings.name)) lanes.push_back(lane);
  }
  std::unique_lock lock(release_mutex_);
  released_.wait(lock, [&] {
    return drained_ || std::all_of(lanes.begin(), lanes.end(),
                                   [&](const LaneId& lane) { return given_back_.contains(lane); });
  });
}

void Relay::Leave(Handover* successor) {
  try {
    Connection connection(MakeConninfo(settings_.database, secrets_, "postrider/leave"));
    PostgresRoster roster(connection, patience_);
    housekeeper_.SavePositions(roster);
    const bool quiet = Finished() && (!recorder_ || recorder_->empty());
    if (successor != nullptr && quiet) {
      // The lanes first: the successor may wait for them before it begins.
      std::vector<LaneId> lanes;
      for (const auto& [lane, owned] : lanes_.All()) lanes.push_back(lane);
      roster.Release(incarnation_, lanes);
      NoteGivenBack(lanes);
      successor->Await(kHandover);
    }
    roster.Leave(incarnation_, quiet);
  } catch (const std::exception& error) {
    access_.log.Warning("leave_failed",
                        "Could not give the lanes back; others take them when the lease ends.",
                        {{"error", error.what()}});
  }
}

}  // namespace postrider
