#include "postrider/policy/call_window.h"

#include <algorithm>

namespace postrider {

CallWindow::CallWindow(const std::variant<int, seconds>& window) {
  if (const auto* length = std::get_if<seconds>(&window)) {
    by_time_.emplace(*length);
  } else {
    calls_.resize(static_cast<std::size_t>(std::max(std::get<int>(window), 1)));
  }
}

void CallWindow::Add(bool failed, bool slow, Timestamp now) {
  if (by_time_) {
    by_time_->Add(kCall, now);
    if (failed) by_time_->Add(kFailed, now);
    if (slow) by_time_->Add(kSlow, now);
    return;
  }
  Call& place = calls_[next_];
  next_ = (next_ + 1) % calls_.size();
  if (counts_.calls == *capacity()) Count(place, -1);
  place = {failed, slow};
  Count(place, 1);
}

void CallWindow::Count(const Call& call, std::int64_t by) {
  counts_.calls += by;
  if (call.failed) counts_.failed += by;
  if (call.slow) counts_.slow += by;
}

void CallWindow::Clear() {
  if (by_time_) by_time_->Clear();
  next_ = 0;
  counts_ = {};
}

CallWindow::Counts CallWindow::counts() const {
  if (!by_time_) return counts_;
  const auto& total = by_time_->total();
  return {.calls = total[kCall], .failed = total[kFailed], .slow = total[kSlow]};
}

std::optional<std::int64_t> CallWindow::capacity() const {
  if (by_time_) return std::nullopt;
  return static_cast<std::int64_t>(calls_.size());
}

}  // namespace postrider
