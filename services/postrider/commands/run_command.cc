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

/// Turns the first SIGTERM or SIGINT into a request to stop, and the second into the end. SIGHUP is
/// taken and ignored, so that a reload meant well does not end the relay. The signals are blocked
/// in all threads that are made afterwards.
class SignalThread {
 public:
  explicit SignalThread(std::stop_source& stop) {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGTERM);
    sigaddset(&signals_, SIGINT);
    sigaddset(&signals_, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    thread_ = std::thread([this, &stop] { Wait(stop); });
  }
  ~SignalThread() {
    ended_.store(true);
    pthread_kill(thread_.native_handle(), SIGHUP);
    thread_.join();
  }

 private:
  void Wait(std::stop_source& stop) {
    int signal = 0;
    while (sigwait(&signals_, &signal) == 0 && !ended_.load()) {
      if (signal == SIGHUP) continue;
      if (!stop.request_stop()) _exit(kExitFailed);
    }
  }

  sigset_t signals_{};
  std::atomic<bool> ended_{false};
  std::thread thread_;
};

}  // namespace

int RunRelay(const RunOptions& options) {
  const auto config = LoadConfiguration(options.config);
  if (!config) return kExitUsage;
  std::stop_source stop;
  const SignalThread signals(stop);
  if (options.migrate) {
    SecretReader secrets(ProcessEnvironment());
    Connection connection(
        MakeConninfo(config->settings.database, secrets.Resolver(), "postrider/migrate"));
    Migrator(connection).Migrate({});
  }
  Settings settings = config->settings;
  if (options.json) settings.log.format = LogFormat::kJson;
  Service service(std::move(settings));
  return service.Run(stop.get_token(), options.once);
}

}  // namespace postrider
