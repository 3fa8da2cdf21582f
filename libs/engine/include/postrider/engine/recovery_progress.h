#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "postrider/model/event.h"

namespace postrider {

/// How far the recovery of a lane has come in the log, which it is given in the order of ids, and
/// which keys wait for it. What is blocked in the backlog may run only when nothing before it can
/// still come from the log: an earlier event of its key may be in no row at all, because a crash
/// ended it in memory or a failover lost its row.
class RecoveryProgress {
 public:
  void Begin();
  /// All up to this id have been given.
  void Reach(EventId id);
  void End() { ended_ = true; }

  bool ended() const { return ended_; }
  bool has_reached(EventId id) const { return ended_ || id <= reached_; }

  /// The key cannot go on before this id is reached.
  void Await(EventId id, std::string key) { waiting_.emplace(id, std::move(key)); }
  /// Keys that waited for what has been reached.
  std::vector<std::string> TakeReached();

 private:
  bool ended_ = false;
  EventId reached_ = 0;
  std::set<std::pair<EventId, std::string>> waiting_;
};

}  // namespace postrider
