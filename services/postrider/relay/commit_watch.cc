#include "relay/commit_watch.h"

namespace postrider {
namespace {

/// A poll older than this says nothing: the reader is slow, or has no connection.
constexpr milliseconds kTrust{100};

}  // namespace

void CommitWatch::Saw(const Snapshot& snapshot, Clock::time_point began) {
  const std::lock_guard lock(mutex_);
  if (snapshot_ != snapshot) {
    snapshot_ = snapshot;
    ++view_.changes;
  }
  view_.polled_at = began;
}

void CommitWatch::Forget() {
  const std::lock_guard lock(mutex_);
  snapshot_.reset();
  ++view_.changes;
}

CommitWatch::View CommitWatch::view() const {
  const std::lock_guard lock(mutex_);
  return view_;
}

bool Lookout::Due() {
  const CommitWatch::View view = commits_.view();
  began_ = CommitWatch::Clock::now();
  changes_ = view.changes;
  return !looked_at_ || view.changes != looked_changes_ || began_ - view.polled_at > kTrust ||
         began_ - *looked_at_ >= longest_;
}

void Lookout::Looked() {
  looked_at_ = began_;
  looked_changes_ = changes_;
}

}  // namespace postrider
