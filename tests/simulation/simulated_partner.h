#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "postrider/model/http.h"
#include "simulation/in_memory_database.h"
#include "simulation/scenario.h"
#include "simulation/virtual_time.h"

namespace postrider::simulation {

/// How the script of an event ends at one destination.
enum class Fate { kAccepted, kKilled, kExhausted };

/// Partners that answer by a script which each event carries in its body, through outages and
/// stretches of refused credentials, and remember what they accepted.
class SimulatedPartner {
 public:
  /// @param until  outages lie before it
  SimulatedPartner(const Scenario& scenario, VirtualTime& time, Chance& chance, Timestamp until);

  struct Reply {
    HttpAnswer answer;
    microseconds after{0};
  };
  Reply Call(const Event& event, DestinationId destination, int run);

  Fate FateOf(const Event& event, DestinationId destination) const;
  /// How often the partner acted on the event.
  int Accepted(const Event& event, DestinationId destination) const;

 private:
  struct Stretch {
    Timestamp from;
    Timestamp to;
  };
  static bool Within(const std::vector<Stretch>& stretches, Timestamp now);
  std::vector<Stretch> Stretches(int count, microseconds length, Timestamp until);
  HttpAnswer AnswerTo(const Event& event, DestinationId destination, int run);
  HttpAnswer Broken();

  const Scenario& scenario_;
  VirtualTime& time_;
  Chance& chance_;
  std::map<DestinationId, std::vector<Stretch>> outages_;
  std::map<DestinationId, std::vector<Stretch>> refusals_;
  using Key = std::pair<std::uint64_t, DestinationId>;
  std::map<Key, int> failures_;  ///< transient ones had so far
  std::map<Key, int> accepted_;
};

}  // namespace postrider::simulation
