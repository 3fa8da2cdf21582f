// What a relay says of its own health.
#include <chrono>
#include <string>
#include <utility>

#include "relay/relay.h"

namespace postrider {

using std::chrono::steady_clock;

HealthReport Relay::Health() const {
  HealthReport report;
  if (!started_.load()) return report;
  for (std::size_t i = 0; i < hosts_.size(); ++i) {
    const bool ok = steady_clock::now() - hosts_[i]->last_turn() < seconds(10);
    report.checks.push_back({"loop_" + std::to_string(i), ok, ok ? "turning" : "hangs"});
    report.ok = report.ok && ok;
  }
  return report;
}

HealthReport Relay::Readiness() const {
  HealthReport report;
  const auto check = [&](const char* name, bool ok, std::string detail) {
    report.checks.push_back({name, ok, std::move(detail)});
    report.ok = report.ok && ok;
  };
  if (!started_.load()) {
    check("database", false, "not connected yet");
    return report;
  }
  const bool polls =
      steady_clock::now() - tail_->last_poll() < seconds(5) + 3 * settings_.relay.poll.max;
  check("last_poll", polls, polls ? "recent" : "no successful poll lately: is the database there?");
  const bool halted = exchange_.halted();
  check("sequence", !halted, halted ? "the id sequence went backwards" : "whole");
  const bool leased = lease_->MaySend();
  check("lease", leased, leased ? "held" : "not renewed lately");
  const bool records = !recorder_->failing();
  check("recorder", records, records ? "writing" : "outcomes cannot be written: see the log");
  return report;
}

}  // namespace postrider
