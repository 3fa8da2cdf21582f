#pragma once

#include <cstdint>
#include <functional>
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

/// The fetcher: recovers and catches up, and answers what lanes ask of the backlog.
class SimulatedFetcher {
 public:
  using Reply = std::function<void(LaneId, BacklogReply)>;
  using Foreign = std::function<void(const ForeignRow&)>;

  SimulatedFetcher(SimulatedConnection& connection, Exchange& exchange, const Scenario& scenario,
                   Reply reply, Foreign foreign)
      : connection_(connection),
        exchange_(exchange),
        scenario_(scenario),
        reply_(std::move(reply)),
        foreign_(std::move(foreign)) {}

  microseconds Turn();
  void GiveUp();

 private:
  void Begin();
  void FollowEra();
  bool AnswerQueries();
  BacklogReply Answer(const LaneQuery& asked);

  SimulatedConnection& connection_;
  Exchange& exchange_;
  const Scenario& scenario_;
  const Reply reply_;
  const Foreign foreign_;
  std::optional<CatchUp> catch_up_;
  std::vector<Feed> feeds_;
  std::vector<LaneQuery> queries_;
  std::uint64_t era_ = 0;
};

}  // namespace postrider::simulation
