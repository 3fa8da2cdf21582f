#include "postrider/policy/rate_windows.h"

#include <algorithm>
#include <cassert>

namespace postrider {
namespace {

constexpr int kAllowancePart = 25;  // 4 %
constexpr microseconds kLargestAllowance = seconds(1);

microseconds WithAllowance(microseconds length) {
  return length + std::min(length / kAllowancePart, kLargestAllowance);
}

}  // namespace

RateWindows::RateWindows(const std::vector<RateWindow>& windows) {
  for (const RateWindow& window : windows) {
    const Window kept{static_cast<std::size_t>(std::max(window.count, 1)),
                      WithAllowance(window.length)};
    capacity_ = std::max(capacity_, kept.count);
    longest_ = std::max(longest_, kept.length);
    windows_.push_back(kept);
  }
}

// The request before which exactly `count - 1` others were sent ends the wait: with those that are
// reserved, which no interval can be said to have left behind, there is less room.
Timestamp RateWindows::NextAt(Timestamp now) const {
  Timestamp next = now;
  for (const Window& window : windows_) {
    if (reserved_ >= window.count) return kNever;
    const std::size_t room = window.count - reserved_;
    if (times_.size() < room) continue;
    next = std::max(next, times_[times_.size() - room] + window.length);
  }
  return next;
}

void RateWindows::Note(Timestamp sent) {
  if (windows_.empty()) return;
  if (times_.empty() || times_.back() <= sent) {
    times_.push_back(sent);
  } else {
    times_.insert(std::upper_bound(times_.begin(), times_.end(), sent), sent);
  }
  Trim();
}

void RateWindows::Reserve() { ++reserved_; }

void RateWindows::Written(Timestamp at) {
  Release();
  Note(at);
}

void RateWindows::Release() {
  assert(reserved_ > 0);
  --reserved_;
}

void RateWindows::NoteLate(Timestamp noted, Timestamp written) {
  if (written <= noted) return;
  const auto found = std::lower_bound(times_.begin(), times_.end(), noted);
  if (found != times_.end() && *found == noted) times_.erase(found);
  Note(written);
}

void RateWindows::Restore(const std::vector<Timestamp>& times, std::size_t unknown, Timestamp now) {
  if (windows_.empty()) return;
  for (const Timestamp time : times) {
    if (now - time < longest_) times_.push_back(std::min(time, now));
  }
  times_.insert(times_.end(), std::min(unknown, capacity_), now);
  std::sort(times_.begin(), times_.end());
  Trim();
}

void RateWindows::Trim() {
  while (times_.size() > capacity_) times_.pop_front();
}

std::optional<std::vector<RateWindow>> DivideRates(const std::vector<RateWindow>& windows,
                                                   int shards, int shard) {
  assert(shards > 0 && shard >= 0 && shard < shards);
  std::vector<RateWindow> parts = windows;
  for (RateWindow& part : parts) {
    if (part.count < shards) return std::nullopt;
    part.count = part.count / shards + (shard < part.count % shards ? 1 : 0);
  }
  return parts;
}

}  // namespace postrider
