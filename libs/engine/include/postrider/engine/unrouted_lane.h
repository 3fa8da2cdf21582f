#pragma once

#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "postrider/engine/closing.h"
#include "postrider/engine/lane_base.h"
#include "postrider/engine/lane_effects.h"
#include "postrider/engine/subscription.h"
#include "postrider/model/settings.h"

namespace postrider {

/// The lane of events that no destination takes. Each waits for some time, in which somebody may
/// register for it; then it is dead-lettered (reason `no_route`) or ignored. Pure, one thread.
class UnroutedLane : public LaneBase {
 public:
  /// @param effects  only Settle is called
  UnroutedLane(UnroutedSettings settings, std::int64_t epoch, std::int64_t max_events,
               std::int64_t max_bytes, LaneEffects& effects, LaneObserver& observer);

  /// What the registered versions take by now.
  void SetSubscriptions(std::vector<Subscription> subscriptions);

  void Reset(std::uint64_t era) override;
  void SetClosed(EventId high) override { closing_.Set(high); }
  void Take(const std::vector<EventRef>& events, std::shared_ptr<const std::string> canary,
            Timestamp now) override;
  void Recovered(std::uint64_t era) override;
  void Judge(EventId high) override;
  void OnSettled(const std::vector<EventId>& ids) override;
  void OnDropped(const std::vector<EventId>& ids) override { OnSettled(ids); }
  void Stop() override { stopped_ = true; }
  void Pump(Timestamp now) override;
  Timestamp NextWake() const override;
  std::int64_t room_events() const override;
  std::int64_t room_bytes() const override { return max_bytes_ - bytes_; }
  EventId closed_up_to() const override { return closing_.closed_up_to(); }
  bool idle() const override { return settling_ == 0; }
  LaneStats stats() const override;
  Timestamp oldest_queued() const override { return kNever; }

 private:
  struct Waiting {
    EventRef event;
    std::shared_ptr<const std::string> canary;
    bool settling = false;
  };

  void TakeOne(const EventRef& event, const std::shared_ptr<const std::string>& canary);
  void EndOne(EventId id, Timestamp now);
  void Forget(EventId id);

  const UnroutedSettings settings_;
  const std::int64_t epoch_;
  const std::int64_t max_events_;
  const std::int64_t max_bytes_;
  LaneEffects& effects_;
  LaneObserver& observer_;
  std::vector<Subscription> subscriptions_;
  std::unordered_map<EventId, Waiting> memory_;
  std::multimap<Timestamp, EventId> due_;
  /// Events whose id is that of another event still in memory (a changed history).
  std::vector<std::pair<EventRef, std::shared_ptr<const std::string>>> clashing_;
  Closing closing_;
  std::int64_t bytes_ = 0;
  int settling_ = 0;
  std::uint64_t era_ = 0;
  bool stopped_ = false;
};

}  // namespace postrider
