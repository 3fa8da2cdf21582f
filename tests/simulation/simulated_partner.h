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
  /// A request to deliver an event arrives.
  /// @param spent  of the time that the call may take
  Reply Deliver(const Event& event, DestinationId destination, int run, microseconds spent);
  /// A question arrives: whether it has acted on the event.
  Reply Ask(const Event& event, DestinationId destination, microseconds spent);

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
  Reply Timed(HttpAnswer answer, DestinationId destination, microseconds spent);
  HttpAnswer AnswerTo(const Event& event, DestinationId destination, int run);
  HttpAnswer Failure(std::uint64_t script, DestinationId destination);
  HttpAnswer Broken();
  void MayAct(std::uint64_t script, DestinationId destination);

  const Scenario& scenario_;
  VirtualTime& time_;
  Chance& chance_;
  std::map<DestinationId, std::vector<Stretch>> outages_;
  std::map<DestinationId, std::vector<Stretch>> refusals_;
  std::map<DestinationId, std::vector<Stretch>> throttles_;
  using Key = std::pair<std::uint64_t, DestinationId>;
  std::map<Key, int> failures_;  ///< transient ones had so far
  std::map<Key, int> accepted_;
};

}  // namespace postrider::simulation
