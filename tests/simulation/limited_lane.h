#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "simulation/limited_partner.h"
#include "simulation/statistics.h"
#include "simulation/virtual_time.h"
#include "unit/engine/lane_driver.h"

namespace postrider::simulation {

/// A lane with its policies before a LimitedPartner, in virtual time: connections that have to be
/// made, requests that are delayed on their way, commits that take a while, and kills after which
/// another relay takes over from the records.
class LimitedLane {
 public:
  explicit LimitedLane(std::uint64_t seed);

  /// Until everything is delivered, or a day has passed.
  void Run();

  const std::vector<std::string>& faults() const { return faults_; }
  const Statistics& statistics() const { return statistics_; }

 private:
  void Plan();
  void Insert(int n);
  void Kill();
  void TakeOver();
  void After(microseconds delay, VirtualTime::Task task);

  // What the lane has asked for since the last look, and its timer.
  void Follow();
  void Launch(EventId id);
  void Write(EventId id, Timestamp began, bool known_dead);
  void Answer(EventId id, Timestamp began, HttpAnswer answer);
  void Commit();
  void Wake(Timestamp at);
  void Check(bool holds, const std::string& what);
  void CheckEnd();

  VirtualTime time_;
  Chance chance_;
  LaneSettings settings_;
  microseconds jitter_{0};  ///< at most so long on the way longer than another
  std::unique_ptr<LimitedPartner> partner_;
  std::unique_ptr<test::LaneDriver> driver_;  ///< null between a kill and the takeover
  int life_ = 0;                              ///< of the process
  int kills_ = 0;
  Timestamp wake_ = kNever;
  bool commits_ = false;
  bool answers_ = false;

  // What is durable.
  EventId inserted_ = 0;
  std::set<EventId> delivered_;
  std::map<EventId, StoredDelivery> rows_;
  std::vector<Timestamp> recorded_;  ///< requests, when each was over

  std::set<EventId> arrived_;
  int requests_ = 0;
  int wakes_ = 0;
  int tried_while_away_ = 0;  ///< written or not
  std::vector<std::string> faults_;
  Statistics statistics_;
};

}  // namespace postrider::simulation
