#include <CLI/CLI.hpp>
#include <csignal>
#include <exception>
#include <iostream>

#include "partners.h"

namespace {

using postrider::partners::LimitSettings;
using postrider::partners::Partners;
using postrider::partners::PartnersSettings;

/// Blocks the signals in this and all later threads, so that they can be waited for.
sigset_t BlockStopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

struct Options {
  PartnersSettings settings;
  int per_second = 10;
  int per_minute = 100;
  int per_window = 0;
  int window_seconds = 5;
  int ban_seconds = 300;
  int keep_seconds = 24 * 3600;
};

void AddOptions(CLI::App& app, Options& options) {
  PartnersSettings& settings = options.settings;
  app.footer("Example: postrider-partners --cj-port 9301 --kakao-port 9302 --cj-key secret");
  app.add_option("--cj-port", settings.cj_port, "Port of the fulfilment partner; 0: a free one");
  app.add_option("--kakao-port", settings.kakao_port,
                 "Port of the messaging partner; 0: a free one");
  app.add_option("--cj-key", settings.cj_key, "X-Api-Key to ask for; none by default");
  app.add_option("--state-file", settings.state_file, "Remember shipments and messages here");
  app.add_option("--per-second", options.per_second, "Requests per second and key; 0: no limit")
      ->capture_default_str();
  app.add_option("--per-minute", options.per_minute, "Requests per minute and key; 0: no limit")
      ->capture_default_str();
  app.add_option("--per-window", options.per_window, "Requests per window and key; 0: no limit")
      ->capture_default_str();
  app.add_option("--window-seconds", options.window_seconds, "Length of that window")
      ->capture_default_str();
  app.add_flag("--fixed-windows", settings.cj_limits.fixed,
               "Count from the beginning of each second and minute");
  app.add_option("--ban-after", settings.cj_limits.ban_after, "Refusals in a row; 0: never")
      ->capture_default_str();
  app.add_option("--ban-seconds", options.ban_seconds, "Length of a ban")->capture_default_str();
  app.add_option("--keep-seconds", options.keep_seconds, "How long an Idempotency-Key is known")
      ->capture_default_str();
}

PartnersSettings SettingsOf(const Options& options) {
  PartnersSettings settings = options.settings;
  LimitSettings& limits = settings.cj_limits;
  if (options.per_second > 0)
    limits.windows.push_back({options.per_second, std::chrono::seconds(1)});
  if (options.per_minute > 0)
    limits.windows.push_back({options.per_minute, std::chrono::minutes(1)});
  if (options.per_window > 0)
    limits.windows.push_back({options.per_window, std::chrono::seconds(options.window_seconds)});
  limits.ban = std::chrono::seconds(options.ban_seconds);
  settings.keep = std::chrono::seconds(options.keep_seconds);
  return settings;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Stand-ins for partner APIs, with their limits and their faults",
               "postrider-partners");
  Options options;
  AddOptions(app, options);
  CLI11_PARSE(app, argc, argv);
  const sigset_t signals = BlockStopSignals();
  try {
    const Partners partners(SettingsOf(options), postrider::partners::SteadyWallClock());
    std::cout << "cj " << partners.cj_url() << "\nkakao " << partners.kakao_url() << std::endl;
    int signal = 0;
    sigwait(&signals, &signal);
  } catch (const std::exception& error) {
    std::cerr << "postrider-partners: " << error.what() << '\n';
    return 1;
  }
  return 0;
}
