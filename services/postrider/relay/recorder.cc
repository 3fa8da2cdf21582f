#include "relay/recorder.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "postrider/postgres/postgres_ledger.h"

namespace postrider {
namespace {

constexpr std::size_t kBatch = 2000;
/// What comes in a stream is gathered for this long: a commit costs the database as much as many
/// outcomes do.
constexpr milliseconds kGather{100};
/// It is no stream when nothing more came for this long. Longer than a thread waits for a core of a
/// busy machine, or a stream breaks up into small batches just when there is the most to do.
constexpr milliseconds kPause{20};
/// A batch that takes longer is a sign of trouble.
constexpr seconds kPatience{10};

/// The values themselves are the fault (class 22: data, 23: constraint), not the moment.
bool IsAboutTheData(const DatabaseFault& fault) {
  const std::string kind = fault.sqlstate().substr(0, 2);
  return kind == "22" || kind == "23";
}

/// A request waits for it to be durable.
bool IsIntent(const Settlement& settlement) {
  return settlement.backlog && settlement.backlog->waiting_for == WaitingFor::kAnswer;
}

/// The same delivery in one batch, which happens when a lane was given up and taken again: what is
/// final wins, `delivered` over all.
void Merge(Settlement& into, Settlement from) {
  std::move(from.attempts.begin(), from.attempts.end(), std::back_inserter(into.attempts));
  into.answers_cancel = into.answers_cancel || from.answers_cancel;
  const bool wins =
      (from.outcome && (!into.outcome || from.outcome->state == OutcomeState::kDelivered)) ||
      (from.backlog && !into.outcome);
  if (!wins) return;
  into.outcome = std::move(from.outcome);
  into.backlog = std::move(from.backlog);
  into.emitted = std::move(from.emitted);
  into.epoch = from.epoch;
  into.run = from.run;
}

}  // namespace

Recorder::Recorder(const DatabaseAccess& access, std::string owner, milliseconds timeout)
    : access_(access),
      owner_(std::move(owner)),
      timeout_(timeout),
      thread_([this](std::stop_token stop) { Work(stop); }) {}

Recorder::~Recorder() = default;

void Recorder::Add(Settlement settlement, LaneLink& link, std::size_t enough) {
  const std::lock_guard lock(mutex_);
  const bool urgent = ++waiting_of_[&link] >= enough || settlement.emitted || IsIntent(settlement);
  waiting_.push_back({std::move(settlement), &link});
  const bool first_urgent = urgent && !std::exchange(urgent_, urgent_ || urgent);
  if (waiting_.size() == 1 || waiting_.size() == kBatch || first_urgent) wakes_.notify_all();
}

bool Recorder::empty() const {
  const std::lock_guard lock(mutex_);
  return waiting_.empty() && !writing_;
}

bool Recorder::failing() const {
  const auto since = writing_since_.load();
  return since != 0 && std::chrono::steady_clock::now().time_since_epoch().count() - since >
                           std::chrono::steady_clock::duration(kPatience).count();
}

void Recorder::Finish(std::chrono::steady_clock::time_point deadline) {
  {
    std::unique_lock lock(mutex_);
    wakes_.wait_until(lock, deadline, [&] { return waiting_.empty() && !writing_; });
  }
  thread_.request_stop();
  thread_.join();
}

void Recorder::Work(std::stop_token stop) {
  Session session(access_, "recorder");
  Items batch;
  session.Run(stop, [&](Connection& connection) {
    if (!batch.empty()) {
      // A fault interrupted it, perhaps after the commit.
      PostgresLedger ledger(connection, owner_, timeout_, Doubt::kRepeated);
      WriteAll(ledger, batch);
    }
    PostgresLedger ledger(connection, owner_, timeout_);
    while (!stop.stop_requested()) {
      TakeWaiting(stop, batch);
      writing_since_.store(std::chrono::steady_clock::now().time_since_epoch().count());
      WriteAll(ledger, batch);
    }
  });
}

/// Throws DatabaseFault; what is not written yet stays in the batch.
void Recorder::WriteAll(Ledger& ledger, Items& batch) {
  Write(ledger, batch);
  batch.clear();
  writing_since_.store(0);
  const std::lock_guard lock(mutex_);
  writing_ = false;
  wakes_.notify_all();
}

void Recorder::TakeWaiting(std::stop_token stop, Items& taken) {
  std::unique_lock lock(mutex_);
  wakes_.wait(lock, stop, [&] { return !waiting_.empty(); });
  Gather(lock, stop);
  taken.swap(waiting_);
  waiting_of_.clear();
  urgent_ = false;
  writing_ = !taken.empty();
}

void Recorder::Gather(std::unique_lock<std::mutex>& lock, std::stop_token stop) {
  const auto enough = [this] { return urgent_ || waiting_.size() >= kBatch; };
  const auto deadline = std::chrono::steady_clock::now() + kGather;
  std::size_t before = 0;
  while (waiting_.size() > before && !enough() && std::chrono::steady_clock::now() < deadline) {
    before = waiting_.size();
    wakes_.wait_for(lock, stop, kPause, enough);
  }
}

void Recorder::Write(Ledger& ledger, Items& taken) {
  for (std::size_t begin = 0; begin < taken.size(); begin += kBatch) {
    WriteBatch(ledger, std::span(taken).subspan(begin, std::min(kBatch, taken.size() - begin)));
  }
}

void Recorder::WriteBatch(Ledger& ledger, std::span<Item> batch) {
  // One transaction for each canary (nearly always one), sorted so that two recorders cannot
  // deadlock.
  std::map<std::string, std::map<std::pair<EventId, DestinationId>, Item*>> groups;
  for (Item& item : batch) {
    if (item.link == nullptr) continue;  // written before a fault
    const Settlement& s = item.settlement;
    auto& group = groups[s.canary ? *s.canary : std::string()];
    Item*& slot = group[{s.event->id(), s.lane.destination}];
    if (slot == nullptr) {
      slot = &item;
    } else {
      Merge(slot->settlement, std::move(item.settlement));
      item.link = nullptr;
    }
  }
  for (auto& [canary, group] : groups) {
    std::vector<Item*> items;
    for (const auto& [key, item] : group) items.push_back(item);
    WriteGroup(ledger, std::move(items));
  }
}

void Recorder::WriteGroup(Ledger& ledger, std::vector<Item*> group) {
  std::vector<const Settlement*> settlements;
  for (const Item* item : group) settlements.push_back(&item->settlement);
  const auto began = std::chrono::steady_clock::now();
  try {
    const RecordResult result = ledger.Record(settlements);
    access_.metrics.relay().ObserveQuery("record", std::chrono::duration_cast<microseconds>(
                                                       std::chrono::steady_clock::now() - began));
    Note(result, group.size());
    StopLost(result, group);
    Acknowledge(result, group);
  } catch (const DatabaseFault& fault) {
    if (fault.connection_lost() || !IsAboutTheData(fault)) throw;
    if (group.size() == 1) return WriteOne(ledger, *group.front());
    // One of them cannot be written as it is: the others must not wait for it.
    const auto middle = group.begin() + static_cast<std::ptrdiff_t>(group.size() / 2);
    WriteGroup(ledger, {group.begin(), middle});
    WriteGroup(ledger, {middle, group.end()});
  }
}

/// Writes a settlement that the database refuses without what only people read of it.
void Recorder::WriteOne(Ledger& ledger, Item& item) {
  Settlement bare = item.settlement;
  for (AttemptRecord& attempt : bare.attempts) attempt.error.clear();
  if (bare.outcome) {
    bare.outcome->error = bare.outcome->answer = bare.outcome->request = "";
  }
  if (bare.backlog) bare.backlog->error.clear();
  access_.log.Error("settlement_refused",
                    "The database refused a settlement; recording it without answer and error.",
                    {{"event_id", bare.event->id()}});
  RecordResult result = ledger.Record({&bare});
  Note(result, 1);
  if (!result.dropped.empty()) result.dropped = {&item.settlement};
  Acknowledge(result, {&item});
}

/// What such a lane believes to be recorded is not: it must send nothing more, not even until this
/// incarnation ends.
void Recorder::StopLost(const RecordResult& result, const std::vector<Item*>& group) {
  const std::set<LaneId> lost(result.lost_lanes.begin(), result.lost_lanes.end());
  for (const Item* item : group) {
    if (!lost.contains(item->settlement.lane)) continue;
    item->link->Post([](LaneBase& lane) { lane.Stop(); });
  }
}

void Recorder::Acknowledge(const RecordResult& result, const std::vector<Item*>& group) {
  const std::set<const Settlement*> dropped(result.dropped.begin(), result.dropped.end());
  struct Ids {
    std::vector<EventId> settled;
    std::vector<EventId> dropped;
  };
  std::unordered_map<LaneLink*, Ids> ids;
  for (Item* item : group) {
    const Settlement& s = item->settlement;
    LaneLink* const link = std::exchange(item->link, nullptr);
    // A request that settled nothing leaves a row, and its delivery goes on.
    if (!s.outcome && !s.backlog) continue;
    (dropped.contains(&s) ? ids[link].dropped : ids[link].settled).push_back(s.event->id());
  }
  for (auto& [link, of_lane] : ids) {
    link->Post([of_lane = std::move(of_lane)](LaneBase& lane) {
      lane.OnSettled(of_lane.settled);
      lane.OnDropped(of_lane.dropped);
    });
  }
}

void Recorder::Note(const RecordResult& result, std::size_t size) {
  for (int i = 0; i < result.refused; ++i) access_.metrics.relay().CountRefusedWrite();
  if (!result.lost_lanes.empty() && !lost_fence_.exchange(true)) {
    access_.log.Warning("fence_lost", "Lanes belong to another relay or version by now.",
                        {{"lanes", result.lost_lanes.size()}});
  }
  if (result.strangers > 0) {
    access_.log.Warning("settlements_without_event",
                        "Settlements were dropped: their events are not in this history.",
                        {{"count", result.strangers}, {"of", size}});
  }
}

}  // namespace postrider
