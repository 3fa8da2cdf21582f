#include "simulation/run.h"

#include <memory>
#include <utility>

#include "simulation/simulated_relay.h"
#include "simulation/workload.h"

namespace postrider::simulation {
namespace {

constexpr microseconds kPatience{60'000'000};
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
        const bool blocks = key.destination != kUnrouted &&
                            world_.scenario.Of(key.destination).settings.order.after_dead ==
                                AfterDead::kBlock;
        if (dead.open && blocks) open.push_back(key);
      }
      for (const DeliveryKey& key : open) {
        if (!world_.chance.OneIn(3)) Resolve(key);
      }
      Operate();
    });
  }

  void Resolve(DeliveryKey key) {
    const EventRef event = world_.database.dead_letters().at(key).event;
    if (world_.chance.OneIn(3)) {
      world_.statistics.Count("discards");
      world_.database.Discard(key);
      world_.oracle.OnDiscarded(*event, key.destination);
    } else {
      world_.statistics.Count("replays");
      world_.database.Replay(key);
      world_.oracle.OnReplayed(*event, key.destination);
    }
  }

  World world_;
  Workload workload_;
  std::shared_ptr<SimulatedRelay> relay_;
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
