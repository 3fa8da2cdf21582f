// What readers of the log ask.
#include <algorithm>

#include "simulation/in_memory_database.h"

namespace postrider::simulation {

TailStart InMemoryDatabase::Start() {
  return {Head(), events_.empty() ? 0 : events_.rbegin()->first};
}

/// Rows that finished between the two snapshots with `after < id <= from.high`, by id.
std::vector<EventRef> InMemoryDatabase::LateRows(const Position& from, const Snapshot& until,
                                                 EventId after) const {
  std::vector<EventRef> rows;
  const auto add = [&](const std::vector<EventId>& ids) {
    for (const EventId id : ids) {
      const EventRef& row = events_.at(id).paged;
      if (id > after && id <= from.high && !row->duplicate_of) rows.push_back(row);
    }
  };
  for (const Xid xid : from.snapshot.in_progress) {
    const auto found = by_xid_.find(xid);
    if (found != by_xid_.end() && until.Finished(xid)) add(found->second);
  }
  for (auto it = by_xid_.lower_bound(from.snapshot.xmax);
       it != by_xid_.end() && it->first < until.xmax; ++it) {
    if (until.Finished(it->first)) add(it->second);
  }
  std::sort(rows.begin(), rows.end(),
            [](const EventRef& a, const EventRef& b) { return a->id() < b->id(); });
  return rows;
}

TailPage InMemoryDatabase::Poll(const TailRequest& request) {
  TailPage page;
  page.head = Head();
  page.late = LateRows(request.from, request.late_target.value_or(page.head.snapshot),
                       request.late_target ? request.late_after : 0);
  const auto limit = static_cast<std::size_t>(request.limit);
  page.more_late = page.late.size() > limit;
  if (page.more_late) page.late.resize(limit);
  if (page.more_late || request.late_target) return page;
  for (auto it = events_.upper_bound(request.from.high);
       it != events_.end() && page.fresh.size() < limit; ++it) {
    if (!it->second.paged->duplicate_of) page.fresh.push_back(it->second.paged);
  }
  page.more_fresh = page.fresh.size() == limit;
  return page;
}

bool InMemoryDatabase::Unsettled(const Event& event, DestinationId destination) const {
  const DeliveryKey key{destination, event.id()};
  return !outcomes_.contains(key) && !backlog_.contains(key);
}

StepPage InMemoryDatabase::ReadStep(const StepRequest& request) const {
  StepPage page;
  const auto limit = static_cast<std::size_t>(request.limit);
  const auto take = [&](const EventRef& row) {
    if (!request.filter.Takes(*row)) return true;
    if (request.unsettled && !Unsettled(*row, request.filter.lane.destination)) return true;
    page.full = page.events.size() == limit;
    if (!page.full) page.events.push_back(row);
    return !page.full;
  };
  if (request.late) {
    for (const EventRef& row : LateRows(request.from, request.target, request.after)) {
      if (!take(row)) break;
    }
    return page;
  }
  for (auto it = events_.upper_bound(request.after);
       it != events_.end() && it->first <= request.up_to; ++it) {
    const EventRef& row = it->second.paged;
    if (request.target.Finished(row->identity.xid) && !take(row)) break;
  }
  return page;
}

std::optional<EventId> InMemoryDatabase::NextId(EventId after) const {
  const auto next = events_.upper_bound(after);
  if (next == events_.end()) return std::nullopt;
  return next->first;
}

SavedLane InMemoryDatabase::ReadLane(LaneId lane) const {
  const auto found = lanes_.find(lane);
  if (found == lanes_.end()) return {};
  SavedLane saved;
  saved.closed_up_to = found->second.closed_up_to;
  if (found->second.mark_canary == canary_) saved.mark = found->second.mark;
  return saved;
}

EventRef InMemoryDatabase::LoadBody(const EventIdentity& event) const {
  const auto found = events_.find(event.id);
  if (found == events_.end() || !(found->second.whole->identity == event)) return nullptr;
  return found->second.whole;
}

}  // namespace postrider::simulation
