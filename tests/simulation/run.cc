#include "simulation/run.h"

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "simulation/simulated_relay.h"
#include "simulation/workload.h"

namespace postrider::simulation {
namespace {

constexpr microseconds kPatience{900'000'000};
constexpr microseconds kClosingTime{600'000};

/// Keeps one relay running, breaks things, and puts dead letters back like a person would.
class Installation {
 public:
  explicit Installation(std::uint64_t seed) : world_(seed), workload_(world_) {}

  RunResult Run() {
    busy_until_ = world_.time.now() + kBusyTime;
    StartRelay();
    workload_.Start(busy_until_);
    Trouble();
    Operate();
    Watch();
    world_.time.Pass(kBusyTime + milliseconds(3500));
    for (microseconds waited{0}; waited < kPatience && !world_.oracle.Drained();
         waited += milliseconds(50)) {
      world_.time.Pass(milliseconds(50));
    }
    world_.time.Pass(kClosingTime);
    world_.oracle.CheckEnd();
    return {world_.oracle.faults(), world_.statistics};
  }

 private:
  void StartRelay() {
    relay_ = std::make_shared<SimulatedRelay>(world_, ++incarnations_);
    relays_.push_back(relay_);
    relay_->Start();
  }

  void CrashRelay() {
    relay_->Crash();
    world_.time.After(world_.chance.Around(milliseconds(40)), [this] { StartRelay(); });
    restarting_ = true;
    world_.time.After(milliseconds(400), [this] { restarting_ = false; });
  }

  void Trouble() {
    world_.time.After(world_.chance.Between(milliseconds(50), milliseconds(900)), [this] {
      if (world_.time.now() >= busy_until_) return;
      BreakSomething(world_.chance.Below(100));
      Trouble();
    });
  }

  void BreakSomething(std::uint64_t draw) {
    if (draw < 45) {
      if (restarting_) return;
      world_.statistics.Count("crashes of the relay");
      CrashRelay();
    } else if (draw < 75) {
      world_.oracle.Trace("loss of a connection");
      relay_->BreakConnection();
    } else if (draw < 90) {
      world_.statistics.Count("crashes of the database");
      world_.oracle.Trace("crash of the database");
      world_.database.Crash(world_.chance.OneIn(2));
    } else {
      world_.statistics.Count("failovers");
      world_.oracle.Trace("failover");
      world_.database.FailOver(world_.chance.Below(60), world_.chance.OneIn(2));
    }
  }

  /// A relay that lost its lanes begins anew under a new id.
  void Watch() {
    world_.time.After(milliseconds(20), [this] {
      if (relay_->lost() && !restarting_) {
        world_.statistics.Count("fences lost");
        world_.oracle.Trace("loss of a fence");
        CrashRelay();
      }
      Watch();
    });
  }

  void Operate() {
    world_.time.After(milliseconds(130), [this] {
      std::vector<DeliveryKey> open;
      for (const auto& [key, dead] : world_.database.dead_letters()) {
        const bool blocks =
            key.destination != kUnrouted &&
            world_.scenario.Of(key.destination).settings.order.after_dead == AfterDead::kBlock;
        if (dead.open && blocks) open.push_back(key);
      }
      for (const DeliveryKey& key : open) {
        if (!world_.chance.OneIn(3)) Resolve(key);
      }
      if (world_.time.now() < busy_until_) {
        for (int i = 0; i < 3; ++i) Cancel();
        if (world_.chance.OneIn(8)) ReplaySome();
      }
      Operate();
    });
  }

  /// An event and a destination, both taken at random, of which the event is among the last.
  std::optional<DeliveryKey> Pick(std::uint64_t among) {
    const auto& events = world_.database.events();
    if (events.empty()) return std::nullopt;
    const EventId last = events.rbegin()->first;
    const EventId id = last - static_cast<EventId>(world_.chance.Below(among));
    const auto event = events.lower_bound(id);
    const std::size_t d = world_.chance.Below(world_.scenario.destinations.size());
    return DeliveryKey{world_.scenario.destinations[d].subscription.destination, event->first};
  }

  void Cancel() {
    const auto key = Pick(60);
    if (!key || world_.database.outcomes().contains(*key)) return;
    const EventRef& event = world_.database.events().at(key->id).whole;
    if (!world_.scenario.Of(key->destination).subscription.Takes(*event)) return;
    world_.statistics.Count("cancels");
    world_.oracle.OnCancelRequested(*event, key->destination);
    world_.database.RequestCancel(*key);
  }

  /// A stretch of what was delivered or died goes once more.
  void ReplaySome() {
    const auto from = Pick(400);
    if (!from) return;
    std::vector<DeliveryKey> ended;
    const auto& outcomes = world_.database.outcomes();
    for (auto it = outcomes.lower_bound(*from); it != outcomes.end() && ended.size() < 60; ++it) {
      if (it->first.destination != from->destination) break;
      const OutcomeState state = it->second.state;
      if (state == OutcomeState::kDelivered || state == OutcomeState::kDead) {
        ended.push_back(it->first);
      }
    }
    if (!ended.empty()) Replay(ended);
  }

  void Replay(const std::vector<DeliveryKey>& ended) {
    world_.statistics.Count("replays", static_cast<std::int64_t>(ended.size()));
    world_.database.Replay(ended);
    world_.oracle.OnReplayed(ended);
  }

  void Resolve(DeliveryKey key) {
    const EventRef event = world_.database.dead_letters().at(key).event;
    if (world_.chance.OneIn(3)) {
      world_.statistics.Count("discards");
      const auto released = world_.database.Discard(key);
      world_.oracle.OnDiscarded(*event, key.destination);
      if (released) {
        const EventRef& next = world_.database.backlog().at(*released).event;
        world_.oracle.OnReleased(*next, key.destination);
      }
    } else {
      Replay({key});
    }
  }

  World world_;
  Workload workload_;
  std::shared_ptr<SimulatedRelay> relay_;
  /// All of them, since requests of one that is dead may still be on their way.
  std::vector<std::shared_ptr<SimulatedRelay>> relays_;
  Timestamp busy_until_;
  int incarnations_ = 0;
  bool restarting_ = false;
};

}  // namespace

RunResult RunSeed(std::uint64_t seed) {
  const auto installation = std::make_unique<Installation>(seed);
  return installation->Run();
}

}  // namespace postrider::simulation
