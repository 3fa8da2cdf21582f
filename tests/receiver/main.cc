#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <exception>
#include <iostream>
#include <string>
#include <thread>

#include "receiver/behaviour.h"
#include "receiver/receiver.h"

namespace {

using postrider::receiver::Behaviour;
using postrider::receiver::Receiver;

/// Blocks the signals in this and all later threads, so that they can be waited for.
sigset_t BlockStopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

/// As many connections as we may have.
void RaiseDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

/// Serves until one of the signals comes.
void Serve(Receiver& receiver, const sigset_t& signals) {
  std::cout << receiver.url() << std::endl;
  std::thread server([&receiver] { receiver.Run(); });
  int signal = 0;
  sigwait(&signals, &signal);
  receiver.Stop();
  server.join();
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Records every POST and answers as told", "postrider-test-receiver");
  int port = 0;
  std::string record;
  int delay_ms = 0;
  std::size_t body_bytes = 0;
  Behaviour behaviour;
  app.add_option("--port", port, "0: a free one, printed when ready");
  app.add_option("--record", record, "File to append one line per request to");
  app.add_option("--status", behaviour.status, "Status of the answers")->capture_default_str();
  app.add_option("--delay-ms", delay_ms, "Time before each answer");
  app.add_option("--fail-every", behaviour.fail_every, "Answer each n-th request 503");
  app.add_option("--body", body_bytes, "Bytes of the answers' body");
  CLI11_PARSE(app, argc, argv);
  behaviour.delay = std::chrono::milliseconds(delay_ms);
  behaviour.body.assign(body_bytes, 'x');
  const sigset_t signals = BlockStopSignals();
  RaiseDescriptorLimit();
  try {
    Receiver receiver(port, record, behaviour);
    Serve(receiver, signals);
  } catch (const std::exception& error) {
    std::cerr << "postrider-test-receiver: " << error.what() << '\n';
    return 1;
  }
  return 0;
}
