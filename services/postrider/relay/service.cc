#include "relay/service.h"

#include <algorithm>
#include <condition_variable>
#include <utility>

#include "postrider/postgres/migrator.h"
#include "relay/descriptors.h"
#include "relay/obstacle.h"
#include "relay/version.h"

namespace postrider {
namespace {

constexpr milliseconds kRepeatInterval{10000};
constexpr milliseconds kLookAgain{2000};
constexpr milliseconds kBeginAgain{300};
constexpr seconds kChangePatience{5};
/// Incarnations of which somebody may still expect an answer.
constexpr std::size_t kFormer = 8;

void WaitUnlessStopped(std::stop_token stop, milliseconds time) {
  std::mutex mutex;
  std::condition_variable_any wakes;
  std::unique_lock lock(mutex);
  wakes.wait_for(lock, stop, time, [] { return false; });
}

}  // namespace

Service::Service(Settings settings, Reload::Source source)
    : settings_(std::move(settings)),
      secret_reader_(ProcessEnvironment()),
      secrets_(secret_reader_.Resolver()),
      log_(settings_.log),
      repeated_(log_, kRepeatInterval),
      metrics_(kVersion, [this] { return clock_.Now(); }),
      reload_(std::move(source), settings_, log_, metrics_, clock_),
      server_(settings_.metrics, {[this] { return Health(); }, [this] { return Readiness(); },
                                  [this] { return metrics_.Render(); }}) {}

Service::Generation::Generation(Service& service)
    : settings(service.settings_),
      access{settings.database, service.secrets_, service.log_, service.repeated_,
             service.metrics_} {}

int Service::Run(std::stop_token stop, bool once) {
  server_.Start();
  log_.Info("started", "Postrider has started.",
            {{"version", kVersion}, {"metrics", server_.AddressText()}});
  bool goes_on = true;
  while (goes_on && !stop.stop_requested()) {
    std::stop_source round;
    {
      const std::lock_guard lock(mutex_);
      round_ = round;
    }
    const std::stop_callback with_the_process(stop, [&round] { round.request_stop(); });
    // After the round has its source: what is read from here on ends it.
    TakeUpNext();
    const std::shared_ptr<Handover> before = std::exchange(handover_, nullptr);
    goes_on = RunOnce(std::make_shared<Generation>(*this), before.get(), round.get_token(), once);
    // It may have been told of yet another file before it was listed.
    if (before != nullptr && !before->complete()) handover_ = before;
  }
  if (handover_ != nullptr) handover_->Complete();  // nobody follows
  if (drain_.joinable()) drain_.join();
  log_.Info("stopped", "Postrider has stopped.", {});
  server_.Stop();
  return 0;
}

bool Service::RunOnce(const SharedGeneration& generation, Handover* before, std::stop_token stop,
                      bool once) {
  FitDescriptors(generation->settings);
  auto installation = AwaitDatabase(*generation, stop);
  if (!installation) return true;  // stopped, or to be begun with other settings
  generation->relay = std::make_unique<Relay>(generation->settings, secrets_, generation->access,
                                              clock_, *installation,
                                              RelayTies{former_,
                                                        [before] {
                                                          if (before != nullptr) before->Complete();
                                                        },
                                                        [this] { return ReadAgain(); }});
  former_.push_back(generation->relay->id());
  if (former_.size() > kFormer) former_.erase(former_.begin());
  {
    const std::lock_guard lock(mutex_);
    present_ = generation;
  }
  const RelayEnd end = generation->relay->Serve(stop, once);
  if (end == RelayEnd::kStopped && TakeUpNext()) {
    DrainBeside(generation, settings_);
    return true;
  }
  generation->relay->Drain();
  SetObstacle("beginning anew");
  {
    const std::lock_guard lock(mutex_);
    present_.reset();
  }
  if (end != RelayEnd::kLost) return false;
  WaitUnlessStopped(stop, kBeginAgain);
  return true;
}

void Service::FitDescriptors(const Settings& settings) {
  const std::uint64_t needed = NeededDescriptors(settings);
  const DescriptorLimits limits = RaiseDescriptorLimit(needed);
  if (needed <= limits.now) return;
  log_.Warning("descriptors_short",
               "The destinations may have more in flight than this process may have open; what is "
               "beyond that fails and is tried again. Raise the hard limit (LimitNOFILE in the "
               "unit file, ulimit -Hn), or lower concurrency.",
               {{"needed", needed}, {"limit", limits.now}});
}

void Service::DrainBeside(SharedGeneration generation, const Settings& next) {
  if (drain_.joinable()) drain_.join();  // of the generation before
  NoteChange();
  Relay& relay = *generation->relay;
  handover_ = std::make_shared<Handover>();
  drain_ = std::jthread([this, generation, next, handover = handover_] {
    generation->relay->Drain(handover.get());
    ClearGauges(generation->settings, next);
  });
  // Their registration takes the lanes from whoever has them: in flight must be nothing then.
  relay.AwaitRelease(WithOtherSubscription(generation->settings, next));
  NoteChange();
}

void Service::ClearGauges(const Settings& before, const Settings& now) {
  for (const DestinationSettings& then : before.destinations) {
    const bool stays =
        std::any_of(now.destinations.begin(), now.destinations.end(),
                    [&](const DestinationSettings& d) { return d.name == then.name; });
    if (stays) continue;
    DestinationMetrics& metrics = metrics_.ForDestination(then.name);
    for (const DeliveryState state :
         {DeliveryState::kQueued, DeliveryState::kSending, DeliveryState::kScheduled,
          DeliveryState::kRetrying, DeliveryState::kBlocked}) {
      metrics.SetDeliveries(state, 0);
    }
    metrics.SetOldestDueAt(std::nullopt);
  }
}

bool Service::TakeUpNext() {
  auto next = reload_.TakeNext();
  if (!next) return false;
  settings_ = std::move(*next);
  return true;
}

ReloadAnswer Service::ReadAgain() {
  std::optional<InstallationRecord> installation;
  {
    const std::lock_guard lock(mutex_);
    if (present_ != nullptr) installation = present_->relay->installation();
  }
  ReloadAnswer answer = reload_.Read([&](const Settings& settings) {
    return installation ? ObstacleTo(settings, *installation) : std::string();
  });
  if (answer.taken) {
    const std::lock_guard lock(mutex_);
    round_.request_stop();
  }
  return answer;
}

void Service::SetObstacle(std::string obstacle) {
  const std::lock_guard lock(mutex_);
  if (!obstacle.empty()) changes_until_ = {};
  obstacle_ = std::move(obstacle);
}

/// What nobody would notice but those who ask whether the relay is ready is not worth an alarm.
void Service::NoteChange() {
  const std::lock_guard lock(mutex_);
  present_.reset();
  changes_until_ = std::chrono::steady_clock::now() + kChangePatience;
}

std::string Service::LookAt(Connection& connection, const Settings& settings,
                            std::optional<InstallationRecord>& ready) {
  try {
    const SchemaVersion schema = Migrator(connection).Check();
    if (schema.installed < schema.known) {
      return "the schema is at version " + std::to_string(schema.installed) +
             ", this program needs " + std::to_string(schema.known) + ": run 'postrider migrate'";
    }
    PostgresRoster roster(connection, seconds(5));
    InstallationRecord installation = roster.ReadInstallation();
    if (installation.rewound) roster.NoteRewound();
    std::string obstacle = ObstacleTo(settings, installation);
    if (obstacle.empty()) ready = std::move(installation);
    return obstacle;
  } catch (const DatabaseFault& fault) {
    SetObstacle(fault.what());
    throw;
  }
}

std::optional<InstallationRecord> Service::AwaitDatabase(const Generation& generation,
                                                         std::stop_token stop) {
  Session session(generation.access, "start");
  std::optional<InstallationRecord> ready;
  session.Run(stop, [&](Connection& connection) {
    while (!stop.stop_requested()) {
      const std::string obstacle = LookAt(connection, generation.settings, ready);
      SetObstacle(obstacle);
      if (ready) return;
      repeated_.Error("not_ready", "This database cannot be served; nothing is sent.",
                      {{"error", obstacle}});
      WaitUnlessStopped(stop, kLookAgain);
    }
  });
  return ready;
}

HealthReport Service::Health() const {
  const std::lock_guard lock(mutex_);
  HealthReport report;
  if (present_ != nullptr) report = present_->relay->Health();
  report.checks.insert(report.checks.begin(), {"process", true, "running"});
  return report;
}

HealthReport Service::Readiness() const {
  const std::lock_guard lock(mutex_);
  HealthReport report;
  if (present_ != nullptr) report = present_->relay->Readiness();
  if (present_ != nullptr && report.ok) return report;
  if (std::chrono::steady_clock::now() < changes_until_) {
    return {true, {{"configuration", true, "taking up another one"}}};
  }
  if (present_ != nullptr) return report;
  report.ok = false;
  report.checks.push_back({"database", false, obstacle_});
  return report;
}

}  // namespace postrider
