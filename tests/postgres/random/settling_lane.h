#pragma once

#include <deque>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "postgres/random/exercised.h"
#include "postgres/random/oracle.h"
#include "postrider/engine/closing.h"
#include "postrider/engine/lane_port.h"
#include "postrider/engine/ledger.h"

namespace postrider::test {

/// The simplest lane: sends everything at once to the oracle, and settles it by a later call. It
/// fails the test when the readers give it an event twice between two recoveries.
class SettlingLane : public LanePort {
 public:
  /// @param max_events  held in memory; @param max_unsettled  sent and not durably settled
  struct Limits {
    std::size_t max_events = 3000;
    std::size_t max_unsettled = 1500;
  };

  SettlingLane(LaneId id, std::int64_t epoch, Limits limits, Oracle& oracle, Exercised& exercised)
      : id_(id), epoch_(epoch), limits_(limits), oracle_(oracle), exercised_(exercised) {}

  LaneRoom Room() const override;
  void Reset(std::uint64_t era) override;
  bool WasReset(std::uint64_t era) const override { return era_ == era; }
  void SetClosed(EventId high) override { closing_.Set(high); }
  void Take(std::vector<EventRef> events, const std::string& canary) override;
  void Recovered(std::uint64_t) override { remembered_.clear(); }
  void Judge(EventId high) override;
  EventId ClosedUpTo() const override { return closing_.closed_up_to(); }
  void SetPendingMark(std::optional<Mark> mark) override { pending_ = mark; }

  /// Sends what waits, or records what was sent. A batch that a fault interrupted is kept and
  /// recorded again.
  void Work(Ledger& ledger);
  /// Takes no notice of Work for so many calls: the partner is slow.
  void Stall(int calls) { stalled_ = calls; }

  LaneId id() const { return id_; }
  std::int64_t epoch() const { return epoch_; }
  std::size_t unsettled() const { return sent_.size(); }
  bool idle() const { return queue_.empty() && sent_.empty(); }
  const std::optional<Mark>& pending() const { return pending_; }
  /// What was sent and not recorded, for a zombie that records it after its successor began.
  const std::vector<Settlement>& sent() const { return sent_; }

 private:
  void Send();
  Settlement Settle(const EventRef& event) const;

  const LaneId id_;
  const std::int64_t epoch_;
  const Limits limits_;
  Oracle& oracle_;
  Exercised& exercised_;

  std::uint64_t era_ = 0;
  std::shared_ptr<const std::string> canary_;
  std::deque<EventRef> queue_;
  std::vector<Settlement> sent_;
  bool faulted_ = false;                    ///< the batch may have been committed already
  std::unordered_set<EventId> remembered_;  ///< under way when the era began
  std::vector<bool> taken_;                 ///< in this era, by id
  Closing closing_;
  std::optional<Mark> pending_;
  int stalled_ = 0;
};

}  // namespace postrider::test
