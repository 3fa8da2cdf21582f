#include "relay/service.h"

#include <algorithm>
#include <condition_variable>
#include <utility>

#include "postrider/postgres/migrator.h"
#include "relay/version.h"

namespace postrider {
namespace {

constexpr milliseconds kRepeatInterval{10000};
constexpr milliseconds kLookAgain{2000};
constexpr milliseconds kBeginAgain{300};
/// Of the eight in the ring: one is being written, and one is time to empty the oldest.
constexpr int kRetainedBuckets = 6;
constexpr char kAdopt[] =
    "nothing is sent until 'postrider adopt --resume', --dead or --new has said how to go on (see "
    "Moving in docs/operations.md)";

void WaitUnlessStopped(std::stop_token stop, milliseconds time) {
  std::mutex mutex;
  std::condition_variable_any wakes;
  std::unique_lock lock(mutex);
  wakes.wait_for(lock, stop, time, [] { return false; });
}

}  // namespace

Service::Service(Settings settings)
    : settings_(std::move(settings)),
      secret_reader_(ProcessEnvironment()),
      secrets_(secret_reader_.Resolver()),
      log_(settings_.log),
      repeated_(log_, kRepeatInterval),
      metrics_(kVersion, [this] { return clock_.Now(); }),
      access_{settings_.database, secrets_, log_, repeated_, metrics_},
      server_(settings_.metrics, {[this] { return Health(); }, [this] { return Readiness(); },
                                  [this] { return metrics_.Render(); }}) {}

int Service::Run(std::stop_token stop, bool once) {
  server_.Start();
  log_.Info("started", "Postrider has started.",
            {{"version", kVersion}, {"metrics", server_.AddressText()}});
  while (!stop.stop_requested()) {
    auto installation = AwaitDatabase(stop);
    if (!installation) break;
    {
      const std::lock_guard lock(mutex_);
      relay_ = std::make_unique<Relay>(settings_, secrets_, access_, clock_, *installation);
    }
    const RelayEnd end = relay_->Run(stop, once);
    std::unique_lock lock(mutex_);
    relay_.reset();
    obstacle_ = "beginning anew";
    if (end != RelayEnd::kLost) break;
    lock.unlock();
    WaitUnlessStopped(stop, kBeginAgain);
  }
  log_.Info("stopped", "Postrider has stopped.", {});
  server_.Stop();
  return 0;
}

std::optional<InstallationRecord> Service::AwaitDatabase(std::stop_token stop) {
  Session session(access_, "start");
  std::optional<InstallationRecord> ready;
  session.Run(stop, [&](Connection& connection) {
    while (!stop.stop_requested()) {
      std::string obstacle;
      const SchemaVersion schema = Migrator(connection).Check();
      if (schema.installed < schema.known) {
        obstacle = "the schema is at version " + std::to_string(schema.installed) +
                   ", this program needs " + std::to_string(schema.known) +
                   ": run 'postrider migrate'";
      } else {
        PostgresRoster roster(connection, seconds(5));
        InstallationRecord installation = roster.ReadInstallation();
        if (installation.rewound) roster.NoteRewound();
        obstacle = Obstacle(installation);
        if (obstacle.empty()) ready = std::move(installation);
      }
      {
        const std::lock_guard lock(mutex_);
        obstacle_ = obstacle;
      }
      if (ready) return;
      repeated_.Error("not_ready", "This database cannot be served; nothing is sent.",
                      {{"error", obstacle}});
      WaitUnlessStopped(stop, kLookAgain);
    }
  });
  return ready;
}

std::string Service::Obstacle(const InstallationRecord& installation) const {
  const std::string& wanted = settings_.database.installation;
  if (!wanted.empty() && wanted != installation.name) {
    return "database.installation is " + wanted + ", this database is " + installation.name +
           ": correct the configuration or database.url; if it is meant, " + kAdopt;
  }
  if (installation.moved) {
    return std::string(
               "the outbox was brought here from another server (restore, move or upgrade): ") +
           kAdopt;
  }
  if (installation.sequence_cache != 1) {
    return "the sequence outbox.event_id_seq has cache " +
           std::to_string(installation.sequence_cache) +
           ": run ALTER SEQUENCE outbox.event_id_seq CACHE 1";
  }
  if (installation.rewound) {
    return "the sequence outbox.event_id_seq went backwards (it is at " +
           std::to_string(installation.last_value) + ", known are ids up to " +
           std::to_string(installation.highest_known) + "): " + kAdopt;
  }
  const seconds longest = kRetainedBuckets * installation.bucket_period;
  if (settings_.retention.delivered > longest) {
    return "retention.delivered is " + std::to_string(settings_.retention.delivered.count()) +
           " s, but this outbox was installed with buckets of " +
           std::to_string(installation.bucket_period.count()) + " s, of which " +
           std::to_string(kRetainedBuckets) + " are kept: at most " +
           std::to_string(longest.count()) + " s";
  }
  return "";
}

HealthReport Service::Health() const {
  const std::lock_guard lock(mutex_);
  HealthReport report;
  if (relay_ != nullptr) report = relay_->Health();
  report.checks.insert(report.checks.begin(), {"process", true, "running"});
  return report;
}

HealthReport Service::Readiness() const {
  const std::lock_guard lock(mutex_);
  if (relay_ != nullptr) return relay_->Readiness();
  HealthReport report;
  report.ok = false;
  report.checks.push_back({"database", false, obstacle_});
  return report;
}

}  // namespace postrider
