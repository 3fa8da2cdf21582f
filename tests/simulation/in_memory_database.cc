// Transactions, snapshots, crashes and failovers.
#include "simulation/in_memory_database.h"

#include <algorithm>

#include "simulation/in_memory_commit.h"

namespace postrider::simulation {
namespace {

/// How many commits a failover may take back.
constexpr std::size_t kCommitsKept = 400;

}  // namespace

// -- Producers ------------------------------------------------------------------------------------

InMemoryDatabase::Writer InMemoryDatabase::BeginWriting() {
  const Xid xid = next_xid_++;
  open_[xid];
  return {xid, started_};
}

bool InMemoryDatabase::Lives(const Writer& writer) const {
  return writer.started == started_ && open_.contains(writer.xid);
}

EventId InMemoryDatabase::Reserve(const Writer& writer, const Event& draft) {
  const EventId id = ++last_value_;
  auto shown = std::make_unique<Event>();
  shown->topic = draft.topic;
  shown->key = draft.key;
  shown->slot = draft.slot;
  shown->duplicate_of = draft.duplicate_of;
  shown->identity.id = id;
  open_.at(writer.xid).reserved[id] = std::move(shown);
  return id;
}

void InMemoryDatabase::Insert(const Writer& writer, std::unique_ptr<Event> row) {
  Open& open = open_.at(writer.xid);
  row->identity.xid = writer.xid;
  open.rows.push_back(std::move(row));
}

void InMemoryDatabase::Commit(const Writer& writer) {
  if (!Lives(writer)) return;
  BeginCommit();
  std::vector<std::unique_ptr<Event>> rows = std::move(open_.at(writer.xid).rows);
  Complete(writer.xid);
  for (auto& row : rows) AddEvent(std::move(row));
}

void InMemoryDatabase::Rollback(const Writer& writer) {
  if (Lives(writer)) Complete(writer.xid);
}

void InMemoryDatabase::AddEvent(std::unique_ptr<Event> event) {
  const EventRef whole(std::move(event));
  EventRef paged = whole;
  if (whole->body_bytes > kInlineBytes) {
    auto small = std::make_unique<Event>();
    small->identity = whole->identity;
    small->topic = whole->topic;
    small->key = whole->key;
    small->slot = whole->slot;
    small->duplicate_of = whole->duplicate_of;
    small->deliver_after = whole->deliver_after;
    small->deliver_before = whole->deliver_before;
    small->body_bytes = whole->body_bytes;
    small->body_deferred = true;
    paged = EventRef(std::move(small));
  }
  const EventId id = whole->id();
  const Xid xid = whole->identity.xid;
  events_[id] = {whole, paged};
  by_xid_[xid].push_back(id);
  commits_.back().undo.push_back([this, id, xid, whole] {
    events_.erase(id);
    by_xid_.erase(xid);
    watcher_->OnLost(whole);
  });
  watcher_->OnCommitted(whole);
}

Timestamp InMemoryDatabase::UniqueNow() {
  last_now_ = std::max(time_.now(), last_now_ + microseconds(1));
  return last_now_;
}

std::vector<const Event*> InMemoryDatabase::OpenRows() const {
  std::vector<const Event*> rows;
  for (const auto& [xid, open] : open_) {
    for (const auto& [id, row] : open.reserved) rows.push_back(row.get());
  }
  return rows;
}

// -- Snapshots ------------------------------------------------------------------------------------

Snapshot InMemoryDatabase::TakeSnapshot() const {
  Snapshot snapshot;
  snapshot.xmax = latest_completed_ + 1;
  snapshot.xmin = snapshot.xmax;
  for (const auto& [xid, open] : open_) {
    if (xid >= snapshot.xmax) break;
    snapshot.in_progress.push_back(xid);
  }
  if (!snapshot.in_progress.empty()) snapshot.xmin = snapshot.in_progress.front();
  return snapshot;
}

void InMemoryDatabase::Complete(Xid xid) {
  open_.erase(xid);
  latest_completed_ = std::max(latest_completed_, xid);
}

LogHead InMemoryDatabase::Head() {
  LogHead head;
  head.snapshot = TakeSnapshot();
  head.last_value = last_value_;
  head.started_at = std::to_string(started_);
  head.canary = canary_;
  head.now = time_.now();
  return head;
}

Xid InMemoryDatabase::AssignXid() {
  const Xid xid = next_xid_++;
  Complete(xid);
  return xid;
}

// -- Commits and faults ---------------------------------------------------------------------------

void InMemoryDatabase::BeginCommit() {
  CommitRecord record;
  record.last_value = last_value_;
  record.next_xid = next_xid_;
  commits_.push_back(std::move(record));
  if (commits_.size() > kCommitsKept) commits_.pop_front();
}

void InMemoryDatabase::EnsureCanary() {
  if (canary_.empty()) canary_ = "canary-" + std::to_string(++canaries_);
}

void InMemoryDatabase::Restart(bool hidden) {
  ++started_;
  if (!hidden) ++session_;
  canary_.clear();
  while (!open_.empty()) Complete(open_.begin()->first);
}

void InMemoryDatabase::Crash(bool hidden) {
  Restart(hidden);
  // Ids fetched ahead are gone.
  last_value_ += static_cast<EventId>(chance_.Below(33));
}

void InMemoryDatabase::FailOver(std::size_t commits, bool hidden) {
  Restart(hidden);
  ++failovers_;
  for (; commits > 0 && !commits_.empty(); --commits) {
    CommitRecord record = std::move(commits_.back());
    commits_.pop_back();
    for (auto undo = record.undo.rbegin(); undo != record.undo.rend(); ++undo) (*undo)();
    last_value_ = record.last_value;
    next_xid_ = record.next_xid;
  }
  // What had its id or xid by then but was open is known to the standby as aborted.
  if (!events_.empty()) last_value_ = std::max(last_value_, events_.rbegin()->first);
  latest_completed_ = next_xid_ - 1;
}

}  // namespace postrider::simulation
