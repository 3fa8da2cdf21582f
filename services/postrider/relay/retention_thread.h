#pragma once

#include <chrono>
#include <map>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "postrider/model/settings.h"
#include "postrider/postgres/retention.h"
#include "relay/lane_registry.h"
#include "relay/session.h"

namespace postrider {

/// Removes what is older than it has to be, while this relay owns the unrouted lane and so keeps
/// house for all. Looks now and then, each time on a connection of its own, so that neither leases
/// nor deliveries wait for it. Borrowed parts must outlive it.
class RetentionThread {
 public:
  /// @param bucket_period  of the installation; how often is looked follows from it
  RetentionThread(const DatabaseAccess& access, const Settings& settings, seconds bucket_period,
                  const LaneRegistry& lanes);

  void RequestStop() { thread_.request_stop(); }

 private:
  using Blocked = std::map<DestinationId, microseconds>;

  void Work(std::stop_token stop);
  void Pass(std::stop_token stop, Connection& connection);
  /// Returns false when a destination still needs the bucket.
  bool Empty(std::stop_token stop, PostgresRetention& retention, const OldBucket& bucket);
  Truncation TruncateBetweenLocks(std::stop_token stop, PostgresRetention& retention,
                                  const BucketAudit& audit);
  void ReportFound(const BucketAudit& audit);
  void ReportWaiting(const OldBucket& bucket, const BucketAudit& audit);
  void ReportLocked(PostgresRetention& retention, const OldBucket& bucket, Truncation why);
  void SweepUp(std::stop_token stop, PostgresRetention& retention);
  std::string NameOf(DestinationId destination) const;

  const DatabaseAccess& access_;
  const Settings& settings_;
  const milliseconds interval_;
  const LaneRegistry& lanes_;
  std::map<DestinationId, std::string> names_;  ///< of all destinations, as of this pass
  Blocked blocked_;                             ///< in this pass
  std::jthread thread_;
};

}  // namespace postrider
