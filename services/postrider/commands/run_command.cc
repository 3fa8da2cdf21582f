#include "commands/run_command.h"

#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <stop_token>
#include <thread>
#include <utility>

#include "commands/command_line.h"
#include "commands/configuration.h"
#include "postrider/postgres/conninfo.h"
#include "postrider/postgres/migrator.h"
#include "relay/service.h"

namespace postrider {
namespace {

/// Blocks the signals that a relay waits for, in this thread and all that it makes afterwards.
sigset_t BlockSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return signals;
}

/// Turns the first SIGTERM or SIGINT into a request to stop, and the second into the end. At SIGHUP
/// the file is read again.
class SignalThread {
 public:
  SignalThread(const sigset_t& signals, std::stop_source& stop, Service& service)
      : signals_(signals), thread_([this, &stop, &service] { Wait(stop, service); }) {}
  ~SignalThread() {
    ended_.store(true);
    pthread_kill(thread_.native_handle(), SIGHUP);
    thread_.join();
  }

 private:
  void Wait(std::stop_source& stop, Service& service) {
    int signal = 0;
    while (sigwait(&signals_, &signal) == 0 && !ended_.load()) {
      if (signal == SIGHUP) {
        static_cast<void>(service.ReadAgain());
        continue;
      }
      if (!stop.request_stop()) _exit(kExitFailed);
    }
  }

  const sigset_t signals_;
  std::atomic<bool> ended_{false};
  std::thread thread_;
};

/// What the file says, as `run` takes it.
LoadedConfig ReadFor(const RunOptions& options) {
  LoadedConfig config = ReadConfiguration(options.config, SecretsNeeded::kAll);
  if (options.json) config.settings.log.format = LogFormat::kJson;
  return config;
}

void MigrateFirst(const Settings& settings) {
  SecretReader secrets(ProcessEnvironment());
  Connection connection(MakeConninfo(settings.database, secrets.Resolver(), "postrider/migrate"));
  Migrator(connection).Migrate({});
}

}  // namespace

int RunRelay(const RunOptions& options) {
  const auto config = LoadConfiguration(options.config);
  if (!config) return kExitUsage;
  Settings settings = config->settings;
  if (options.json) settings.log.format = LogFormat::kJson;
  const sigset_t signals = BlockSignals();
  std::stop_source stop;
  Service service(settings, [options] { return ReadFor(options); });
  const SignalThread signal_thread(signals, stop, service);
  if (options.migrate) MigrateFirst(settings);
  return service.Run(stop.get_token(), options.once);
}

}  // namespace postrider
