#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "postrider/policy/random.h"
#include "simulation/simulated_lane.h"
#include "simulation/simulated_readers.h"
#include "simulation/world.h"

namespace postrider::simulation {

/// One incarnation of a relay: tail, fetcher, keeper, recorder and lanes, put together like the
/// service's, each with its own connection, in virtual time.
class SimulatedRelay : public std::enable_shared_from_this<SimulatedRelay>,
                       private BacklogReceiver {
 public:
  SimulatedRelay(World& world, int incarnation);

  void Start();
  /// At any moment: nothing of it happens any more, but for a commit that is on its way.
  void Crash();
  /// One of its connections breaks.
  void BreakConnection();
  /// It learned that its lanes are somebody else's.
  bool lost() const { return lost_; }

 private:
  // -- BacklogReceiver --------------------------------------------------------------------------
  void Reply(LaneId lane, BacklogReply reply) override;
  void ForeignRows(const std::vector<ForeignRow>& rows) override;
  void Cancel(const CancelRequest& request) override;

  void Later(microseconds delay, std::function<void()> task);
  /// Calls `turn` again and again, each time after what it returned; `fault` when it lost its
  /// connection.
  void Loop(std::function<microseconds()> turn, std::function<void()> fault);
  void Enlist();
  void AddLane(LaneId lane, std::int64_t epoch);
  void RestoreSent(LaneId lane, std::int64_t epoch);
  LaneId LaneOf(DestinationId destination, std::int32_t slot) const;
  microseconds KeepHouse();
  microseconds RecordTurn();
  void SavePlaces();

  struct Owned {
    std::unique_ptr<SimulatedLane> lane;
    std::int64_t epoch = 0;
    EventId saved = -1;
  };

  World& world_;
  const int incarnation_;
  bool dead_ = false;
  bool lost_ = false;
  bool recorder_connected_ = false;
  bool keeper_connected_ = false;
  Timestamp next_round_;
  SeededRandom random_;
  Exchange exchange_;
  SimulatedConnection tail_connection_;
  SimulatedConnection fetch_connection_;
  SimulatedConnection keeper_connection_;
  SimulatedConnection recorder_connection_;
  SimulatedRecorder recorder_;
  SimulatedTail tail_;
  SimulatedFetcher fetcher_;
  std::map<LaneId, Owned> lanes_;
};

}  // namespace postrider::simulation
