#pragma once

#include <vector>

#include "relay/lane_link.h"
#include "simulation/simulated_connection.h"

namespace postrider::simulation {

/// Gathers settlements while a commit is under way and writes them in the next, as the recorder of
/// the service does.
class SimulatedRecorder {
 public:
  explicit SimulatedRecorder(SimulatedConnection& connection) : connection_(connection) {}

  void Add(Settlement settlement, LaneLink& link);
  bool has_work() const { return !batch_.empty() || !waiting_.empty(); }
  /// One batch. After a fault the same batch is written again by the next call.
  /// @return  false when a fence was lost
  bool Turn();

 private:
  struct Item {
    Settlement settlement;
    LaneLink* link = nullptr;
  };

  bool WriteGroup(const std::vector<Item*>& group);

  SimulatedConnection& connection_;
  std::vector<Item> waiting_;
  std::vector<Item> batch_;
};

}  // namespace postrider::simulation
