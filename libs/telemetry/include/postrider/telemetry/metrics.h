#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "postrider/model/time.h"
#include "postrider/telemetry/destination_metrics.h"
#include "postrider/telemetry/relay_metrics.h"

namespace postrider {

/// Every metric of a relay (docs/metrics.md), in the text format of Prometheus.
/// Labels are bounded: what is not an enumeration is the name of a configured destination, a query
/// or a table; never a topic, a key or an id. Thread-safe.
class Metrics {
 public:
  /// @param version  for `postrider_build_info`
  /// @param now      the present time by the clock of the database; called at each `Render`
  Metrics(std::string version, std::function<Timestamp()> now);

  /// The handle of a destination, valid as long as this object. Always the same one for a name.
  /// Takes a lock: ask once, keep the reference.
  DestinationMetrics& ForDestination(std::string_view name);

  /// The destination has left the configuration: its series are no longer shown. The handle stays
  /// valid; asking for it again shows them again.
  void Remove(std::string_view name);

  RelayMetrics& relay() { return relay_; }

  /// This relay no longer keeps house: the keeper's gauges of all destinations and of the relay are
  /// not shown until they are set again, so that no two relays report them.
  void ReleaseHousekeeping();

  /// The whole exposition, to be sent as `text/plain; version=0.0.4; charset=utf-8`.
  std::string Render() const;

 private:
  struct Destination {
    std::unique_ptr<DestinationMetrics> metrics;
    bool shown = true;
  };

  const std::function<Timestamp()> now_;
  RelayMetrics relay_;
  mutable std::mutex mutex_;  // guards destinations_
  std::map<std::string, Destination, std::less<>> destinations_;
};

}  // namespace postrider
