#include "postrider/telemetry/metrics.h"

#include <utility>

#include "exposition.h"

namespace postrider {

Metrics::Metrics(std::string version, std::function<Timestamp()> now)
    : now_(std::move(now)), relay_(std::move(version)) {}

DestinationMetrics& Metrics::ForDestination(std::string_view name) {
  const std::lock_guard lock(mutex_);
  auto found = destinations_.find(name);
  if (found == destinations_.end()) {
    auto metrics = std::make_unique<DestinationMetrics>(std::string(name));
    found = destinations_.emplace(name, Destination{std::move(metrics)}).first;
  }
  found->second.shown = true;
  return *found->second.metrics;
}

void Metrics::Remove(std::string_view name) {
  const std::lock_guard lock(mutex_);
  const auto found = destinations_.find(name);
  if (found != destinations_.end()) found->second.shown = false;
}

void Metrics::ReleaseHousekeeping() {
  relay_.ReleaseHousekeeping();
  const std::lock_guard lock(mutex_);
  for (auto& [name, destination] : destinations_) destination.metrics->ReleaseHousekeeping();
}

std::string Metrics::Render() const {
  Exposition exposition;
  relay_.AddTo(exposition);
  const Timestamp now = now_();
  const std::lock_guard lock(mutex_);
  for (const auto& [name, destination] : destinations_) {
    if (destination.shown) destination.metrics->AddTo(exposition, now);
  }
  return exposition.Text();
}

}  // namespace postrider
