#pragma once

#include <atomic>
#include <functional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "postrider/engine/catch_up.h"
#include "postrider/engine/lane_effects.h"
#include "relay/exchange.h"
#include "relay/patience.h"
#include "relay/session.h"

namespace postrider {

class PostgresEventLog;

/// Where the fetcher delivers what lanes asked for, rows that people put back, and what they want
/// cancelled.
class BacklogReceiver {
 public:
  virtual ~BacklogReceiver() = default;
  virtual void Reply(LaneId lane, BacklogReply reply) = 0;
  virtual void ForeignRows(const std::vector<ForeignRow>& rows) = 0;
  virtual void Cancel(const CancelRequest& request) = 0;
  /// Number of shards of the lane's destination, and whether open dead letters block its keys.
  virtual int Shards(LaneId lane) const = 0;
  virtual bool BlocksAfterDead(LaneId lane) const = 0;
};

/// The fetcher: on a connection of its own, recovers lanes and brings them back to the tail, and
/// reads the backlog for all of them. A slow one of these never delays the tail.
class FetchThread {
 public:
  FetchThread(const DatabaseAccess& access, Exchange& exchange, BacklogReceiver& receiver);

  void RequestStop() { thread_.request_stop(); }
  void Stop();
  /// No lane is off the tail, and no question is open.
  bool idle() const { return idle_.load(); }

 private:
  void Work(std::stop_token stop);
  void Fetch(std::stop_token stop, Connection& connection);
  void FollowEra(PostgresEventLog& log, BacklogStore& backlog);
  bool CatchUpOnce();
  bool AnswerQueries(BacklogStore& backlog);
  BacklogReply Answer(BacklogStore& backlog, const LaneQuery& query);
  void LookForForeignRows(BacklogStore& backlog);
  void LookForCancels(BacklogStore& backlog, bool all);

  const DatabaseAccess& access_;
  Exchange& exchange_;
  BacklogReceiver& receiver_;
  CatchUp* catch_up_ = nullptr;  ///< of the present connection
  std::vector<Feed> feeds_;      ///< while there is no connection
  std::uint64_t era_ = 0;
  Lookout others_;  ///< for rows and cancels of others
  std::chrono::steady_clock::time_point next_look_;
  std::atomic<bool> idle_{false};
  Patience patience_;
  std::jthread thread_;
};

}  // namespace postrider
