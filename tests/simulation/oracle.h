#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "postrider/engine/lane_effects.h"
#include "postrider/policy/verdict.h"
#include "simulation/in_memory_database.h"
#include "simulation/scenario.h"
#include "simulation/simulated_partner.h"
#include "simulation/statistics.h"

namespace postrider::simulation {

/// Knows everything that happens and says what must not: sees commits, requests, answers and
/// records as they really are, not as the relay believes.
class Oracle : public DatabaseWatcher {
 public:
  Oracle(const Scenario& scenario, VirtualTime& time, const InMemoryDatabase& database,
         const SimulatedPartner& partner, Statistics& statistics);

  // -- DatabaseWatcher --------------------------------------------------------------------------
  void OnCommitted(const EventRef& event) override;
  void OnLost(const EventRef& event) override;
  void OnRecorded(const Settlement& settlement) override;
  void OnDropped(const Settlement& settlement) override;
  void OnRecordLost(const EventRef& event, DestinationId destination) override;
  void OnSaved(LaneId lane, EventId closed_up_to) override;

  // -- Of the relay -----------------------------------------------------------------------------
  /// @param asks  the request asks what became of an earlier one
  void OnStarted(int incarnation, LaneId lane, const Event& event, bool asks);
  void OnNotWritten(int incarnation, LaneId lane, const Event& event);
  /// @param allowed  by what the partner counts
  void OnArrived(const Event& event, DestinationId destination, bool allowed);
  void OnAnswered(int incarnation, LaneId lane, const Event& event, const HttpAnswer& answer,
                  bool asks);
  /// The lane has decided, though it is not durable yet.
  void OnDecided(LaneId lane, const Event& event, OutcomeState state);
  void OnCrashed(int incarnation);
  /// A relay has taken all lanes, and given nothing to them yet.
  void OnTakenOver();
  /// Persons put them back, in one operation, or gave one up, or let the next one of its key go.
  void OnReplayed(const std::vector<DeliveryKey>& ended);
  void OnDiscarded(const Event& event, DestinationId destination);
  void OnReleased(const Event& event, DestinationId destination);
  void OnCancelRequested(const Event& event, DestinationId destination);
  /// 1, or 2 once a person has put it back.
  int RunOf(const Event& event, DestinationId destination) const;

  /// Prints a line when the run is traced: POSTRIDER_TRACE names an event or a key.
  void Trace(const std::string& what) const;
  void Trace(const std::string& what, const Event& event, DestinationId destination = 0) const;
  void Trace(const std::string& what, const std::string& key, DestinationId destination) const;

  // -- The end ----------------------------------------------------------------------------------

  /// Everything that is taken has its outcome.
  bool Drained() const;
  void CheckEnd();
  const std::vector<std::string>& faults() const { return faults_; }

 private:
  /// An event by what nothing else has, in any history.
  using Identity = std::int64_t;
  struct Delivery {
    int sent = 0;
    int charged = 0;          ///< answers that count
    bool accepted = false;    ///< the relay was told so
    bool may_repeat = false;  ///< a crash or failover forgot it
    bool disturbed = false;   ///< attempts may have been forgotten
    bool replayed = false;
    bool released = false;  ///< a person resolved what it waited for
    bool unwanted = false;  ///< a person asked to cancel it, in whatever history
    bool doubtful = false;  ///< nobody could know whether the partner had acted
    int repeats = 0;        ///< how often a person, or a failover, let it be sent once more
  };
  using KeyName = std::pair<DestinationId, std::string>;
  using Key = std::pair<DestinationId, Identity>;
  using KeyLine = std::map<EventId, Identity>;  ///< undecided events of one key, in order

  static Identity IdentityOf(const Event& event);
  void Fault(const std::string& what, const Event& event, DestinationId destination);
  bool Ordered(const Event& event, DestinationId destination) const;
  KeyLine& LineOf(const Event& event, DestinationId destination);
  void Release(const Settlement& settlement);
  void Undecide(const Event& event, DestinationId destination);
  bool HasEnded(EventId id, DestinationId destination) const;
  bool InPresentHistory(const Event& event) const;
  void CheckOrder(int incarnation, const Event& event, LaneId lane, const Delivery& delivery);
  void CheckOrderOfReplays(const Event& event, DestinationId destination);
  bool IsForgetful(DestinationId destination) const;
  void CheckRepeats(const Event& event, DestinationId destination, int most);
  void CheckCancels();
  void CheckClosed(LaneId lane, EventId closed_up_to);
  void CheckOutcome(const Event& event, LaneId lane);
  bool TakenBy(const Event& event, LaneId lane) const;

  const Scenario& scenario_;
  VirtualTime& time_;
  const InMemoryDatabase& database_;
  const SimulatedPartner& partner_;
  Statistics& statistics_;
  const VerdictPolicy verdicts_;
  const VerdictPolicy findings_;
  std::map<LaneId, LaneFilter> filters_;
  std::map<Identity, EventRef> known_;  ///< committed once, in whatever history
  std::map<Key, Delivery> deliveries_;
  std::map<KeyName, KeyLine> lines_;
  /// Keys of which a failover took records back: two of their events may wait for a retry at once.
  std::set<KeyName> rewound_;
  /// What was put back and has not been sent since, with the number of the operation.
  std::map<KeyName, std::map<EventId, int>> put_back_;
  int operations_ = 0;
  using Flight = std::pair<int, LaneId>;  ///< incarnation and lane
  std::map<Flight, std::set<Identity>> in_flight_;
  std::map<Flight, std::set<Identity>> unsettled_;
  std::map<std::tuple<int, LaneId, std::string>, int> keys_in_flight_;
  std::map<LaneId, EventId> closed_;  ///< as saved, and checked
  std::vector<std::string> faults_;
};

}  // namespace postrider::simulation
