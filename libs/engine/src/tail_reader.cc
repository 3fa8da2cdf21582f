#include "postrider/engine/tail_reader.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace postrider {

void TailReader::Remove(LaneId lane) {
  const auto is_it = [&](const Feed& feed) { return feed.filter().lane == lane; };
  std::erase_if(feeds_, is_it);
  std::erase_if(joining_, is_it);
}

bool TailReader::hurried() const {
  const auto sends = [](const Feed& feed) { return feed.filter().lane.destination != kUnrouted; };
  return !joining_.empty() || std::any_of(feeds_.begin(), feeds_.end(), sends);
}

std::vector<Feed> TailReader::Abandon() {
  // They stood where the tail stands: what they knew when they joined is long behind.
  for (Feed& feed : feeds_) feed.FallOff(tail_->position(), tail_->unfinished());
  std::vector<Feed> all = std::move(feeds_);
  std::move(joining_.begin(), joining_.end(), std::back_inserter(all));
  feeds_.clear();
  joining_.clear();
  tail_.reset();
  return all;
}

TailTurn TailReader::Turn(const MarkRounds& rounds) {
  // With nobody at the head there is nothing to read: only the place is followed.
  if (!tail_ || (feeds_.empty() && joining_.empty())) return StartTurn();
  return PollTurn(rounds);
}

TailTurn TailReader::StartTurn() {
  const TailStart start = log_.Start();
  TailTurn turn;
  turn.sequence_went_back = SequenceWentBack(start.head);
  turn.history_changed = HistoryChanged(start.head);
  if (turn.history_changed) turn.off_tail = Abandon();
  tail_.emplace(start);
  Publish();
  return turn;
}

TailTurn TailReader::PollTurn(const MarkRounds& rounds) {
  TailRequest request = tail_->NextRequest(limit_);
  const bool joining = !joining_.empty() && !tail_->reading_late() && !join_refused_;
  join_refused_ = false;
  if (joining) request.from = joining_.front().position();
  // What had been given out before the rounds were looked at: ids of this poll may belong to
  // transactions that began after the last round's.
  const EventId given_out = tail_->last_value();
  TailPage page = log_.Poll(request);
  TailTurn turn;
  turn.sequence_went_back = SequenceWentBack(page.head);
  if (HistoryChanged(page.head)) {
    turn.history_changed = true;
    turn.off_tail = Abandon();
    return turn;
  }
  if (turn.sequence_went_back) return turn;
  // A full page from behind the tail would leave the others in the middle of it: nobody moves.
  std::optional<Feed> joined;
  if (joining && !(joined = TryJoin(page, turn))) return turn;

  const Position before = tail_->position();
  const std::optional<Step> unfinished = tail_->unfinished();
  turn.more = page.more_late || page.more_fresh || !joining_.empty();
  const std::vector<EventRef> events = tail_->Absorb(request, std::move(page));
  turn.events = static_cast<int>(events.size());
  HandOut(events, before, unfinished, turn);
  if (joined) feeds_.push_back(std::move(*joined));
  Publish();
  if (!tail_->reading_late()) {
    for (Feed& feed : feeds_) feed.ObserveMarks(place_->position, given_out, rounds);
  }
  return turn;
}

std::optional<Feed> TailReader::TryJoin(const TailPage& page, TailTurn& turn) {
  Feed feed = std::move(joining_.front());
  joining_.pop_front();
  std::vector<EventRef> events = page.late;
  std::copy(page.fresh.begin(), page.fresh.end(), std::back_inserter(events));
  const bool fits =
      !page.more_late && !page.more_fresh && Offer(feed, events, feed.position(), page.head.canary);
  if (fits) return feed;
  feed.RefuseJoin();
  join_refused_ = true;
  turn.off_tail.push_back(std::move(feed));
  turn.more = true;
  return std::nullopt;
}

void TailReader::HandOut(const std::vector<EventRef>& events, const Position& before,
                         const std::optional<Step>& unfinished, TailTurn& turn) {
  if (events.empty()) return;
  std::vector<Feed> staying;
  for (Feed& feed : feeds_) {
    if (Offer(feed, events, before, head_.canary)) {
      staying.push_back(std::move(feed));
    } else {
      feed.FallOff(before, unfinished);
      turn.off_tail.push_back(std::move(feed));
    }
  }
  feeds_ = std::move(staying);
}

bool TailReader::Offer(Feed& feed, const std::vector<EventRef>& events, const Position& had,
                       const std::string& canary) {
  std::vector<EventRef> taken;
  std::int64_t bytes = 0;
  for (const EventRef& event : events) {
    if (Tail::HadAlready(had, *event) || !feed.filter().Takes(*event)) continue;
    taken.push_back(event);
    bytes += static_cast<std::int64_t>(event->body.size());
  }
  if (taken.empty()) return true;
  const LaneRoom room = feed.port().Room();
  if (room.events < static_cast<std::int64_t>(taken.size()) || room.bytes < bytes) return false;
  feed.port().Take(std::move(taken), canary);
  return true;
}

bool TailReader::SequenceWentBack(const LogHead& head) const {
  return !head_.canary.empty() && head.canary == head_.canary && head.last_value < head_.last_value;
}

bool TailReader::HistoryChanged(const LogHead& head) {
  const LogHead last = std::exchange(head_, head);
  if (last.started_at.empty()) return false;  // the first poll
  return head.canary.empty() || head.canary != last.canary || head.started_at != last.started_at;
}

void TailReader::Publish() {
  // A place in the middle of late pages is no position; the last one stays published.
  if (tail_->reading_late()) return;
  place_ = TailPlace{tail_->position(), tail_->last_value(), ++polls_};
}

}  // namespace postrider
