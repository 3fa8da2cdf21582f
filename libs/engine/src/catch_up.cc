#include "postrider/engine/catch_up.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace postrider {
namespace {

bool IsNear(const Feed& feed, const TailPlace& tail, EventId near) {
  return !feed.needs_recovery() && !feed.step() && !feed.join_refused() &&
         tail.position.high - feed.position().high <= near;
}

}  // namespace

void CatchUp::BeginRecovery(std::uint64_t era, bool history_changed) {
  for (Feed& feed : feeds_) feed.BeginRecovery(era, history_changed);
}

std::vector<Feed> CatchUp::TakeAll() {
  std::vector<Feed> all;
  std::move(feeds_.begin(), feeds_.end(), std::back_inserter(all));
  feeds_.clear();
  return all;
}

void CatchUp::Remove(LaneId lane) {
  feeds_.remove_if([&](const Feed& feed) { return feed.filter().lane == lane; });
}

bool CatchUp::Turn(const TailPlace& tail, const MarkRounds& rounds, const std::string& canary) {
  bool done = false;
  for (Feed& feed : feeds_) {
    done = TurnOne(feed, tail, canary) || done;
    if (!feed.needs_recovery()) feed.ObserveMarks(feed.position(), tail.last_value, rounds);
  }
  return done;
}

std::vector<Feed> CatchUp::TakeNear(const TailPlace& tail) {
  std::vector<Feed> near;
  for (auto feed = feeds_.begin(); feed != feeds_.end();) {
    if (IsNear(*feed, tail, limits_.near) && PageFor(*feed) > 0) {
      near.push_back(std::move(*feed));
      feed = feeds_.erase(feed);
    } else {
      ++feed;
    }
  }
  return near;
}

bool CatchUp::TurnOne(Feed& feed, const TailPlace& tail, const std::string& canary) {
  if (feed.needs_recovery()) {
    if (!feed.ReadyToRecover(tail.poll)) return false;
    feed.Recover(log_.ReadLane(feed.filter().lane), tail.position, canary);
    return true;
  }
  const int limit = PageFor(feed);
  if (limit == 0) return false;
  if (!feed.step()) {
    if (IsNear(feed, tail, limits_.near)) return false;
    feed.StepTo(tail.position);
  }
  const Step& step = *feed.step();
  if (!step.late && step.after >= step.high) {
    feed.FinishPart();
    return true;
  }
  StepRequest request;
  request.filter = feed.filter();
  request.from = feed.position();
  request.target = step.target;
  request.late = step.late;
  request.after = step.after;
  request.up_to = RangeEnd(feed);
  request.unsettled = feed.recovering();
  request.limit = limit;
  HandOver(feed, request, log_.ReadStep(request), canary);
  return true;
}

int CatchUp::PageFor(const Feed& feed) const {
  const LaneRoom room = feed.port().Room();
  if (room.bytes <= 0 || room.events < limits_.page / limits_.refill) return 0;
  const std::int64_t rows = std::min<std::int64_t>(room.events, limits_.page);
  return static_cast<int>(std::min(rows, feed.RowsWithin(room.bytes)));
}

EventId CatchUp::RangeEnd(const Feed& feed) const {
  const Step& step = *feed.step();
  if (step.late) return feed.position().high;
  return step.high - step.after > limits_.scan ? step.after + limits_.scan : step.high;
}

void CatchUp::HandOver(Feed& feed, const StepRequest& request, StepPage page,
                       const std::string& canary) {
  const EventId last = page.events.empty() ? request.after : page.events.back()->id();
  const bool empty = page.events.empty();
  feed.NotePage(page.events);
  if (!empty) feed.port().Take(std::move(page.events), canary);
  if (page.full) return feed.Advance(last);
  if (request.late || request.up_to == feed.step()->high) return feed.FinishPart();
  // Nothing more up to the end of the range. Where ids have a hole, step over it at once.
  EventId reached = request.up_to;
  if (empty) {
    const EventId next = log_.NextId(reached).value_or(feed.step()->high + 1);
    reached = std::min(next - 1, feed.step()->high);
  }
  if (reached == feed.step()->high) return feed.FinishPart();
  feed.Advance(reached);
}

}  // namespace postrider
