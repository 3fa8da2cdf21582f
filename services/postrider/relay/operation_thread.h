#pragma once

#include <stop_token>
#include <thread>

#include "relay/commit_watch.h"
#include "relay/lane_registry.h"
#include "relay/session.h"

namespace postrider {

/// Goes on with operations that people began from SQL, or whose command was interrupted, while this
/// relay owns the unrouted lane and so keeps house for all. Has a connection of its own, so that
/// neither leases nor deliveries wait for it. Borrowed parts must outlive it.
class OperationThread {
 public:
  OperationThread(const DatabaseAccess& access, const LaneRegistry& lanes,
                  const CommitWatch& commits);

  void RequestStop() { thread_.request_stop(); }

 private:
  void Work(std::stop_token stop);
  bool KeepsHouse() const { return lanes_.Find({kUnrouted, 0}).has_value(); }

  const DatabaseAccess& access_;
  const LaneRegistry& lanes_;
  const CommitWatch& commits_;
  std::jthread thread_;
};

}  // namespace postrider
