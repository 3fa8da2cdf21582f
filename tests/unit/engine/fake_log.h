#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "postrider/engine/event_log.h"
#include "postrider/engine/lane_port.h"
#include "unit/engine/events.h"

namespace postrider::test {

/// A log in memory: rows with the transactions that wrote them, and snapshots that the test makes.
/// It answers like PostgreSQL and remembers what it was asked.
class FakeLog : public EventLog {
 public:
  LogHead head{.snapshot = {100, 100, {}},
               .last_value = 0,
               .in_recovery = false,
               .started_at = "start",
               .canary = "canary",
               .now = {}};
  std::map<EventId, EventRef> rows;
  std::set<EventId> settled;  ///< left out of recoveries
  SavedLane saved;
  std::vector<StepRequest> steps;

  /// Commits an event of its own transaction, which is the newest.
  EventRef Commit(EventId id, const std::string& key = "") {
    auto event = NewEvent(id, key);
    event->identity.xid = head.snapshot.xmax;
    return Insert(event);
  }
  /// A transaction that has its number and is still running.
  Xid Begin() {
    const Xid xid = head.snapshot.xmax++;
    head.snapshot.in_progress.push_back(xid);
    head.snapshot.xmin = head.snapshot.in_progress.front();
    return xid;
  }
  void End(Xid xid) {
    std::erase(head.snapshot.in_progress, xid);
    head.snapshot.xmin =
        head.snapshot.in_progress.empty() ? head.snapshot.xmax : head.snapshot.in_progress.front();
  }
  EventRef InsertBy(Xid xid, EventId id) {
    auto event = NewEvent(id);
    event->identity.xid = xid;
    rows[id] = event;
    head.last_value = std::max(head.last_value, id);
    return event;
  }

  TailStart Start() override {
    EventId high = 0;
    for (const auto& [id, row] : rows) {
      if (Visible(*row)) high = id;
    }
    return {head, high};
  }
  TailPage Poll(const TailRequest& request) override {
    TailPage page;
    page.head = head;
    const auto limit = static_cast<std::size_t>(request.limit);
    for (const auto& [id, row] : rows) {
      const Xid xid = row->identity.xid;
      const bool late = id <= request.from.high && !request.from.snapshot.Finished(xid) &&
                        id > (request.late_target ? request.late_after : 0);
      const bool visible = request.late_target ? request.late_target->Finished(xid) : Visible(*row);
      if (late && visible) page.late.push_back(row);
      if (id > request.from.high && Visible(*row) && page.fresh.size() < limit) {
        page.fresh.push_back(row);
      }
    }
    page.more_late = page.late.size() > limit;
    if (page.more_late) page.late.resize(limit);
    if (page.more_late || request.late_target) page.fresh.clear();
    page.more_fresh = page.fresh.size() == limit;
    return page;
  }
  StepPage ReadStep(const StepRequest& request) override {
    steps.push_back(request);
    StepPage page;
    for (const auto& [id, row] : rows) {
      const Xid xid = row->identity.xid;
      if (id <= request.after || id > request.up_to || !request.target.Finished(xid)) continue;
      if (request.late && request.from.snapshot.Finished(xid)) continue;
      if (request.unsettled && settled.contains(id)) continue;
      if (!request.filter.Takes(*row)) continue;
      page.full = page.events.size() == static_cast<std::size_t>(request.limit);
      if (page.full) break;
      page.events.push_back(row);
    }
    return page;
  }
  std::optional<EventId> NextId(EventId after) override {
    const auto next = rows.upper_bound(after);
    if (next == rows.end()) return std::nullopt;
    return next->first;
  }
  SavedLane ReadLane(LaneId) override { return saved; }

 private:
  bool Visible(const Event& event) const { return head.snapshot.Finished(event.identity.xid); }
  EventRef Insert(const EventRef& event) {
    rows[event->id()] = event;
    head.last_value = std::max(head.last_value, event->id());
    ++head.snapshot.xmax;
    if (head.snapshot.in_progress.empty()) head.snapshot.xmin = head.snapshot.xmax;
    return event;
  }
};

/// A lane as its readers see it, which takes what it has room for.
class FakePort : public LanePort {
 public:
  LaneRoom room{1000, 1'000'000};
  std::vector<EventId> taken;
  std::vector<EventId> judged;
  std::uint64_t reset_era = 0;
  bool forgets_at_once = true;
  std::uint64_t recovered_era = 0;
  EventId closed = 0;
  std::optional<Mark> mark;

  LaneRoom Room() const override { return room; }
  void Reset(std::uint64_t era) override {
    if (forgets_at_once) reset_era = era;
  }
  bool WasReset(std::uint64_t era) const override { return reset_era >= era; }
  void SetClosed(EventId high) override { closed = high; }
  void Take(std::vector<EventRef> events, const std::string&) override {
    for (const EventRef& event : events) taken.push_back(event->id());
    room.events -= static_cast<std::int64_t>(events.size());
  }
  void Recovered(std::uint64_t era) override { recovered_era = era; }
  void Judge(EventId high) override { judged.push_back(high); }
  EventId ClosedUpTo() const override { return closed; }
  void SetPendingMark(std::optional<Mark> pending) override { mark = pending; }
};

/// A filter that takes everything.
inline LaneFilter Everything(DestinationId destination = 1) {
  LaneFilter filter;
  filter.lane.destination = destination;
  filter.subscription.destination = destination;
  filter.subscription.topics = {{"*", 0}};
  return filter;
}

}  // namespace postrider::test
