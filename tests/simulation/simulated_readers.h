#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "postrider/engine/tail_reader.h"
#include "relay/exchange.h"
#include "simulation/scenario.h"
#include "simulation/simulated_connection.h"

namespace postrider::simulation {

/// The reader of the tail, as the service's thread does it. Each Turn is one round of its loop and
/// returns how long it waits before the next.
class SimulatedTail {
 public:
  SimulatedTail(SimulatedConnection& connection, Exchange& exchange, Statistics& statistics)
      : connection_(connection), exchange_(exchange), statistics_(statistics) {}

  microseconds Turn();
  /// After a fault.
  void GiveUp();

 private:
  void Begin();
  void TakeJoining();
  void Note(const TailTurn& turn);

  SimulatedConnection& connection_;
  Exchange& exchange_;
  Statistics& statistics_;
  std::optional<TailReader> reader_;
  std::string canary_;
  std::uint64_t era_ = 0;
};

/// Where the fetcher delivers what it has read.
class BacklogReceiver {
 public:
  virtual ~BacklogReceiver() = default;
  virtual void Reply(LaneId lane, BacklogReply reply) = 0;
  virtual void ForeignRows(const std::vector<ForeignRow>& rows) = 0;
  virtual void Cancel(const CancelRequest& request) = 0;
};

/// The fetcher: recovers and catches up, and answers what lanes ask of the backlog.
class SimulatedFetcher {
 public:
  SimulatedFetcher(SimulatedConnection& connection, Exchange& exchange, const Scenario& scenario,
                   BacklogReceiver& receiver)
      : connection_(connection), exchange_(exchange), scenario_(scenario), receiver_(receiver) {}

  microseconds Turn();
  void GiveUp();

 private:
  void Begin();
  void FollowEra();
  void LookForCancels(bool all);
  bool AnswerQueries();
  BacklogReply Answer(const LaneQuery& asked);

  SimulatedConnection& connection_;
  Exchange& exchange_;
  const Scenario& scenario_;
  BacklogReceiver& receiver_;
  std::optional<CatchUp> catch_up_;
  std::vector<Feed> feeds_;
  std::uint64_t era_ = 0;
};

}  // namespace postrider::simulation
