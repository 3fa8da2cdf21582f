#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "postrider/model/http.h"
#include "postrider/model/settings.h"
#include "simulation/statistics.h"
#include "simulation/virtual_time.h"

namespace postrider::simulation {

/// A partner that counts what arrives in every interval of its windows' lengths, is away for a
/// while, and now and then says that it is too much.
class LimitedPartner {
 public:
  /// @param windows  what it allows
  LimitedPartner(std::vector<RateWindow> windows, VirtualTime& time, Chance& chance)
      : windows_(std::move(windows)), time_(time), chance_(chance) {}

  /// It is away from then on, for so long.
  void GoAway(Timestamp from, microseconds time);
  /// It answers 429 from then on, for so long.
  void Refuse(Timestamp from, microseconds time);

  bool away() const { return Within(away_); }
  Timestamp back_at() const { return away_.to; }

  /// A request has arrived. What is answered, if anything is.
  HttpAnswer Arrive();

  /// More than a window allows.
  int violations() const { return violations_; }
  int arrived_while_away() const { return arrived_while_away_; }
  Statistics statistics;

 private:
  struct Stretch {
    Timestamp from = Timestamp::max();
    Timestamp to = Timestamp::min();
  };
  bool Within(const Stretch& stretch) const {
    return stretch.from <= time_.now() && time_.now() < stretch.to;
  }
  void Count();
  HttpAnswer Broken();

  const std::vector<RateWindow> windows_;
  VirtualTime& time_;
  Chance& chance_;
  Stretch away_;
  std::vector<Stretch> refusals_;
  std::deque<Timestamp> arrivals_;
  int violations_ = 0;
  int arrived_while_away_ = 0;
};

}  // namespace postrider::simulation
