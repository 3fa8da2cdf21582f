#include "simulation/simulated_connection.h"

#include <utility>

namespace postrider::simulation {
namespace {

constexpr microseconds kHalfRoundTrip{400};

}  // namespace

SimulatedConnection::SimulatedConnection(VirtualTime& time, Chance& chance,
                                         InMemoryDatabase& database, const bool& dead,
                                         std::string owner, Statistics& statistics)
    : time_(time),
      chance_(chance),
      database_(database),
      dead_(dead),
      owner_(std::move(owner)),
      statistics_(statistics) {}

bool SimulatedConnection::Connected() const { return !broken_ && session_ == database_.session(); }

void SimulatedConnection::Check() const {
  if (dead_) throw Crashed{};
  if (!Connected()) throw ConnectionLost("connection lost");
}

void SimulatedConnection::Connect() {
  time_.Pass(chance_.Around(milliseconds(5)));
  if (dead_) throw Crashed{};
  broken_ = false;
  session_ = database_.session();
  foreign_begun_ = false;
}

template <typename Statement>
auto SimulatedConnection::Call(Statement statement) {
  Check();
  time_.Pass(chance_.Around(kHalfRoundTrip));
  Check();
  auto result = statement();
  time_.Pass(chance_.Around(kHalfRoundTrip));
  Check();
  return result;
}

TailStart SimulatedConnection::Start() {
  return Call([&] { return database_.Start(); });
}

TailPage SimulatedConnection::Poll(const TailRequest& request) {
  TailPage page = Call([&] { return database_.Poll(request); });
  statistics_.Count("late rows", static_cast<std::int64_t>(page.late.size()));
  if (page.more_late) statistics_.Count("late pages");
  return page;
}

StepPage SimulatedConnection::ReadStep(const StepRequest& request) {
  return Call([&] { return database_.ReadStep(request); });
}

std::optional<EventId> SimulatedConnection::NextId(EventId after) {
  return Call([&] { return database_.NextId(after); });
}

SavedLane SimulatedConnection::ReadLane(LaneId lane) {
  return Call([&] { return database_.ReadLane(lane); });
}

void SimulatedConnection::EnsureCanary() {
  Call([&] { return database_.EnsureCanary(), 0; });
}

std::vector<DueOrder> SimulatedConnection::ReadDue(LaneId lane, int shards, DueLine line,
                                                   DueOrder after, int limit) {
  return Call([&] { return database_.ReadDue(lane, shards, line, after, limit); });
}

std::vector<StoredDelivery> SimulatedConnection::Load(LaneId lane,
                                                      const std::vector<EventId>& ids) {
  return Call([&] { return database_.Load(lane, ids); });
}

std::vector<StoredDelivery> SimulatedConnection::LoadKey(LaneId lane, const std::string& key,
                                                         int limit, bool unless_dead) {
  return Call([&] { return database_.LoadKey(lane, key, limit, unless_dead); });
}

std::vector<StoredKey> SimulatedConnection::ReadKeys(LaneId lane, int shards, bool with_dead) {
  return Call([&] { return database_.ReadKeys(lane, shards, with_dead); });
}

std::vector<ForeignRow> SimulatedConnection::ReadForeign() {
  return Call([&] {
    std::vector<ForeignRow> rows = database_.ReadForeign(foreign_seen_);
    if (!std::exchange(foreign_begun_, true)) rows.clear();
    return rows;
  });
}

std::vector<CancelRequest> SimulatedConnection::ReadCancels(bool all) {
  return Call([&] { return database_.ReadCancels(all, cancels_seen_); });
}

EventRef SimulatedConnection::LoadBody(LaneId /*lane*/, const EventIdentity& event) {
  statistics_.Count("big bodies");
  return Call([&] { return database_.LoadBody(event); });
}

/// A commit in doubt: the statement has left, so it may be carried out whatever becomes of us.
RecordResult SimulatedConnection::Record(const std::vector<const Settlement*>& batch) {
  Check();
  time_.Pass(chance_.Around(2 * kHalfRoundTrip));
  if (chance_.OneIn(2000)) {
    statistics_.Count("slow commits");
    time_.Pass(chance_.Between(milliseconds(100), milliseconds(3000)));
  }
  const bool unsure = dead_ || !Connected();
  const bool arrives = session_ == database_.session() && chance_.OneIn(2);
  if (unsure && !arrives) Check();
  RecordResult result = database_.Record(batch, owner_);
  if (unsure) statistics_.Count("commits in doubt");
  time_.Pass(chance_.Around(kHalfRoundTrip));
  if (!unsure && !dead_ && !Connected()) statistics_.Count("commits in doubt");
  Check();
  return result;
}

std::map<LaneId, std::int64_t> SimulatedConnection::TakeLanes(const std::vector<LaneId>& lanes) {
  return Call([&] { return database_.TakeLanes(owner_, lanes); });
}

std::vector<microseconds> SimulatedConnection::ReadSent(LaneId lane, int shards,
                                                        microseconds within, std::size_t limit) {
  return Call([&] { return database_.ReadSent(lane, shards, within, limit); });
}

Xid SimulatedConnection::AssignXid() {
  return Call([&] { return database_.AssignXid(); });
}

void SimulatedConnection::Save(const std::vector<SavedPlace>& places, const std::string& canary) {
  Call([&] { return database_.Save(owner_, places, canary), 0; });
}

}  // namespace postrider::simulation
