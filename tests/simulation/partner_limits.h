#pragma once

#include <deque>
#include <map>

#include "simulation/scenario.h"
#include "simulation/statistics.h"
#include "simulation/virtual_time.h"

namespace postrider::simulation {

/// Counts what arrives at each partner in every interval of its windows' lengths.
class PartnerLimits {
 public:
  PartnerLimits(const Scenario& scenario, VirtualTime& time, Statistics& statistics)
      : scenario_(scenario), time_(time), statistics_(statistics) {}

  /// How much longer one request may be on its way than another: a little less than windows allow.
  microseconds Jitter(DestinationId destination) const;
  /// A request arrives. False when it is one too many.
  [[nodiscard]] bool Arrive(DestinationId destination);
  /// A new owner has read what was sent. What a failover has taken back it cannot know.
  /// @param failovers  that there have been
  void OnTakenOver(int failovers);

 private:
  const std::vector<RateWindow>& WindowsOf(DestinationId destination) const {
    return scenario_.Of(destination).settings.rate;
  }

  const Scenario& scenario_;
  VirtualTime& time_;
  Statistics& statistics_;
  int failovers_ = 0;
  std::map<DestinationId, std::deque<Timestamp>> arrivals_;
};

}  // namespace postrider::simulation
