#include "relay/reload.h"

#include <algorithm>
#include <utility>

namespace postrider {
namespace {

std::string WithoutLastLineEnd(std::string text) {
  text.erase(text.find_last_not_of('\n') + 1);
  return text;
}

}  // namespace

Reload::Reload(Source source, const Settings& running, Logger& log, Metrics& metrics,
               const DatabaseClock& clock)
    : source_(std::move(source)),
      listen_(running.metrics),
      log_settings_(running.log),
      log_(log),
      metrics_(metrics),
      clock_(clock) {
  metrics_.relay().CountReload(true, clock_.Now());
}

ReloadAnswer Reload::Read(const Check& check) {
  LoadedConfig config = source_();
  if (!config.errors.empty()) return Refuse(WithoutLastLineEnd(FormatErrors(config.errors)));
  if (std::string obstacle = check(config.settings); !obstacle.empty()) {
    return Refuse(std::move(obstacle));
  }
  ReloadAnswer answer{true, WhatWaitsForARestart(config.settings)};
  {
    const std::lock_guard lock(mutex_);
    next_ = std::move(config.settings);
  }
  metrics_.relay().CountReload(true, clock_.Now());
  log_.Info("reloaded", "The configuration was read again and is taken up.", {});
  if (!answer.detail.empty()) {
    log_.Warning("reload_incomplete", "Some of what has changed waits for a restart.",
                 {{"error", answer.detail}});
  }
  return answer;
}

ReloadAnswer Reload::Refuse(std::string what) {
  metrics_.relay().CountReload(false, clock_.Now());
  log_.Error("reload_refused",
             "The configuration was read again and is not right; nothing is changed. 'postrider "
             "check' looks at it.",
             {{"error", what}});
  return {false, std::move(what)};
}

std::string Reload::WhatWaitsForARestart(const Settings& settings) const {
  std::string what;
  if (settings.metrics.host != listen_.host || settings.metrics.port != listen_.port) {
    what = "metrics.listen";
  }
  const bool same_log =
      settings.log.level == log_settings_.level && settings.log.format == log_settings_.format;
  if (!same_log) what += what.empty() ? "log" : ", log";
  return what.empty() ? "" : "only a restart changes: " + what;
}

std::optional<Settings> Reload::TakeNext() {
  const std::lock_guard lock(mutex_);
  return std::exchange(next_, std::nullopt);
}

std::set<std::string> WithOtherSubscription(const Settings& before, const Settings& after) {
  std::set<std::string> names;
  for (const DestinationSettings& now : after.destinations) {
    for (const DestinationSettings& then : before.destinations) {
      if (then.name != now.name) continue;
      if (then.topics != now.topics || then.shards != now.shards) names.insert(now.name);
    }
  }
  return names;
}

}  // namespace postrider
