#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "postrider/engine/lane_base.h"
#include "postrider/engine/lane_port.h"
#include "postrider/model/lane_id.h"

namespace postrider {

/// The bridge from the readers to a lane that lives on an event loop: messages become tasks of the
/// loop, the lane's state is published in atomics. Outlives the lane and its readers.
class LaneLink : public LanePort {
 public:
  using Task = std::function<void(LaneBase&)>;
  /// @param post  runs a task with the lane, on its loop, and lets the lane do what has become
  ///              possible; nothing when the lane is gone
  LaneLink(LaneId id, std::function<void(Task)> post, std::function<Timestamp()> now);

  LaneId id() const { return id_; }

  // -- LanePort ---------------------------------------------------------------------------------
  LaneRoom Room() const override;
  void Reset(std::uint64_t era) override;
  bool WasReset(std::uint64_t era) const override { return era_.load() >= era; }
  void SetHistory(const std::string& canary) override;
  void SetClosed(EventId high) override;
  void Take(std::vector<EventRef> events, const std::string& canary) override;
  void Recovered(std::uint64_t era) override;
  void Judge(EventId high) override;
  EventId ClosedUpTo() const override { return closed_.load(); }
  void SetPendingMark(std::optional<Mark> mark) override;

  // -- For others -------------------------------------------------------------------------------

  /// By the loop, after each task: what the lane looks like now.
  void Publish(const LaneBase& lane);
  std::optional<Mark> pending_mark() const;
  /// What may be saved as closed in the history of that canary; nullopt: nothing yet.
  std::optional<EventId> ClosedUnder(const std::string& canary) const;
  void Post(Task task) { post_(std::move(task)); }
  /// The lane takes and sends nothing more, from some moment soon on: see finished().
  void Stop();
  /// It was stopped, what was in flight has ended, and all of it is durable.
  bool finished() const { return stopped_.load() && idle_.load(); }
  struct Gauges {
    LaneStats stats;
    Timestamp oldest_queued = kNever;
  };
  Gauges gauges() const;
  /// Nothing is queued, on its way, in flight or due, and all is durable. For `run --once`.
  bool quiet() const { return quiet_.load() && on_the_way_.load() == 0; }

 private:
  const LaneId id_;
  const std::function<void(Task)> post_;
  const std::function<Timestamp()> now_;
  std::atomic<std::int64_t> room_events_{0};
  std::atomic<std::int64_t> room_bytes_{0};
  std::atomic<std::int64_t> on_the_way_{0};  ///< events given, not taken by the lane yet
  std::atomic<std::int64_t> bytes_on_the_way_{0};
  std::atomic<std::uint64_t> era_{0};
  std::atomic<EventId> closed_{0};
  std::atomic<bool> idle_{true};
  std::atomic<bool> stopped_{false};
  std::atomic<bool> quiet_{false};
  mutable std::mutex mutex_;
  std::optional<Mark> mark_;                   ///< guarded by mutex_
  std::string closed_canary_;                  ///< guarded by mutex_
  Gauges gauges_;                              ///< guarded by mutex_
  std::shared_ptr<const std::string> canary_;  ///< of the reader that gave last
};

}  // namespace postrider
