#include "postrider/engine/tail.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace postrider {

Tail::Tail(const TailStart& start)
    : position_{start.max_visible_id, start.head.snapshot}, last_value_(start.head.last_value) {}

std::optional<Step> Tail::unfinished() const {
  if (!late_target_) return std::nullopt;
  return Step{*late_target_, position_.high, true, late_after_};
}

TailRequest Tail::NextRequest(int limit) const {
  return {position_, limit, late_target_, late_after_};
}

std::vector<EventRef> Tail::Absorb(const TailRequest& request, TailPage page) {
  const EventId previous_last_value = std::exchange(last_value_, page.head.last_value);
  if (late_target_) return AbsorbLatePage(std::move(page));
  if (page.more_late) return FixLateSet(std::move(page));

  EventId high = std::max(position_.high, request.from.high);
  if (!page.fresh.empty()) high = std::max(high, page.fresh.back()->id());
  // Gaps and rows not visible yet need not be scanned again: what appears there is late.
  if (!page.more_fresh) high = std::max(high, previous_last_value);
  position_ = {high, page.head.snapshot};

  std::vector<EventRef> events = std::move(page.late);
  std::move(page.fresh.begin(), page.fresh.end(), std::back_inserter(events));
  return events;
}

std::vector<EventRef> Tail::AbsorbLatePage(TailPage page) {
  if (page.more_late) {
    late_after_ = page.late.back()->id();
  } else {
    position_.snapshot = *std::exchange(late_target_, std::nullopt);
  }
  return std::move(page.late);
}

std::vector<EventRef> Tail::FixLateSet(TailPage page) {
  // `high` does not move while late pages run, and the fresh rows of this poll are dropped: they
  // are found again by `id > high`.
  late_target_ = page.head.snapshot;
  late_after_ = page.late.back()->id();
  return std::move(page.late);
}

bool Tail::HadAlready(const Position& position, const Event& event) {
  return event.id() <= position.high && position.snapshot.Finished(event.identity.xid);
}

}  // namespace postrider
