#include "relay/exchange.h"

#include <iterator>
#include <utility>

namespace postrider {
namespace {

void Append(std::vector<Feed>& to, std::vector<Feed> feeds) {
  std::move(feeds.begin(), feeds.end(), std::back_inserter(to));
}

}  // namespace

std::uint64_t Exchange::BeginEra(bool history_changed) {
  const std::lock_guard lock(mutex_);
  ++era_.number;
  if (history_changed) era_.history = era_.number;
  fetcher_wakes_.notify_one();
  return era_.number;
}

void Exchange::Publish(const TailPlace& place, const LogHead& head) {
  const std::lock_guard lock(mutex_);
  place_ = place;
  canary_ = head.canary;
  last_value_ = head.last_value;
}

void Exchange::GiveToFetcher(std::vector<Feed> feeds) {
  if (feeds.empty()) return;
  const std::lock_guard lock(mutex_);
  Append(to_fetcher_, std::move(feeds));
  fetcher_wakes_.notify_one();
}

std::vector<Feed> Exchange::TakeForTail() {
  const std::lock_guard lock(mutex_);
  return std::exchange(to_tail_, {});
}

void Exchange::WaitForTail(milliseconds time) {
  std::unique_lock lock(mutex_);
  tail_wakes_.wait_for(lock, time,
                       [&] { return stopped_ || !to_tail_.empty() || places_wanted_ > 0; });
  if (places_wanted_ > 0) --places_wanted_;
}

Exchange::Era Exchange::era() const {
  const std::lock_guard lock(mutex_);
  return era_;
}

std::optional<TailPlace> Exchange::place() const {
  const std::lock_guard lock(mutex_);
  return place_;
}

std::string Exchange::canary() const {
  const std::lock_guard lock(mutex_);
  return canary_;
}

EventId Exchange::last_value() const {
  const std::lock_guard lock(mutex_);
  return last_value_;
}

std::vector<Feed> Exchange::TakeForFetcher() {
  const std::lock_guard lock(mutex_);
  return std::exchange(to_fetcher_, {});
}

void Exchange::GiveToTail(std::vector<Feed> feeds) {
  if (feeds.empty()) return;
  const std::lock_guard lock(mutex_);
  Append(to_tail_, std::move(feeds));
  tail_wakes_.notify_one();
}

void Exchange::WantPlaces() {
  constexpr int kPolls = 2;  // one may be under way already
  const std::lock_guard lock(mutex_);
  places_wanted_ = kPolls;
  tail_wakes_.notify_one();
}

std::vector<LaneQuery> Exchange::TakeQueries() {
  const std::lock_guard lock(mutex_);
  return std::exchange(queries_, {});
}

void Exchange::WaitForFetcher(milliseconds time) {
  std::unique_lock lock(mutex_);
  fetcher_wakes_.wait_for(
      lock, time, [&] { return stopped_ || room_ || !to_fetcher_.empty() || !queries_.empty(); });
  room_ = false;
}

void Exchange::Ask(LaneQuery query) {
  const std::lock_guard lock(mutex_);
  queries_.push_back(std::move(query));
  fetcher_wakes_.notify_one();
}

void Exchange::NoteRoom() {
  const std::lock_guard lock(mutex_);
  room_ = true;
  fetcher_wakes_.notify_one();
}

void Exchange::BeginRound() {
  const std::lock_guard lock(mutex_);
  ++rounds_.begun;
}

void Exchange::FinishRound(Xid xid) {
  const std::lock_guard lock(mutex_);
  rounds_.finished = rounds_.begun;
  rounds_.xid = xid;
}

MarkRounds Exchange::rounds() const {
  const std::lock_guard lock(mutex_);
  return rounds_;
}

void Exchange::Stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  tail_wakes_.notify_all();
  fetcher_wakes_.notify_all();
}

}  // namespace postrider
