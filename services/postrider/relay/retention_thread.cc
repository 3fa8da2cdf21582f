#include "relay/retention_thread.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "postrider/postgres/postgres_roster.h"

namespace postrider {
namespace {

constexpr milliseconds kShortestInterval{500};
constexpr milliseconds kLongestInterval{15 * 60 * 1000};
/// Looks in a bucket period.
constexpr int kLooks = 48;
/// Polls and settlements have locks on every bucket for moments: how often a gap is looked for.
constexpr int kLockTries = 200;
constexpr milliseconds kLockPause{5};
constexpr double kMicroseconds = 1e6;

void Wait(const std::stop_token& stop, milliseconds time) {
  std::mutex mutex;
  std::condition_variable_any wakes;
  std::unique_lock lock(mutex);
  wakes.wait_for(lock, stop, time, [] { return false; });
}

double InSeconds(microseconds duration) {
  return static_cast<double>(duration.count()) / kMicroseconds;
}

}  // namespace

RetentionThread::RetentionThread(const DatabaseAccess& access, const Settings& settings,
                                 seconds bucket_period, const LaneRegistry& lanes)
    : access_(access),
      settings_(settings),
      interval_(
          std::clamp(milliseconds(bucket_period) / kLooks, kShortestInterval, kLongestInterval)),
      lanes_(lanes),
      thread_([this](std::stop_token stop) { Work(stop); }) {}

void RetentionThread::Work(std::stop_token stop) {
  while (!stop.stop_requested()) {
    if (lanes_.Find({kUnrouted, 0})) {
      Session session(access_, "retention");
      session.Run(stop, [&](Connection& connection) { Pass(stop, connection); });
    }
    Wait(stop, interval_);
  }
}

void RetentionThread::Pass(std::stop_token stop, Connection& connection) {
  names_.clear();
  blocked_.clear();
  for (const auto& registered : PostgresRoster(connection, seconds(5)).ReadDestinations()) {
    names_[registered.subscription.destination] = registered.subscription.name;
  }
  PostgresRetention retention(connection, settings_.retention, settings_.unrouted,
                              settings_.ignore_topics);
  retention.NoteRules();
  for (const OldBucket& bucket : retention.FindOld()) {
    if (stop.stop_requested()) return;
    Empty(stop, retention, bucket);
  }
  for (const auto& [id, name] : names_) {
    access_.metrics.ForDestination(name).SetRetentionBlocked(blocked_[id]);
  }
  SweepUp(stop, retention);
}

bool RetentionThread::Empty(std::stop_token stop, PostgresRetention& retention,
                            const OldBucket& bucket) {
  const BucketAudit audit = retention.Audit(bucket, stop);
  ReportFound(audit);
  if (!audit.clear()) {
    ReportWaiting(bucket, audit);
    return false;
  }
  const Truncation truncation = TruncateBetweenLocks(stop, retention, audit);
  if (truncation != Truncation::kTruncated) {
    ReportLocked(retention, bucket, truncation);
    return false;
  }
  access_.log.Info(
      "bucket_emptied",
      "Removed old events with all that became of them; what still waits has its copy.",
      {{"bucket", bucket.number},
       {"count", audit.events},
       {"copied", audit.copied},
       {"lowest_id", bucket.lowest},
       {"highest_id", bucket.highest}});
  return true;
}

Truncation RetentionThread::TruncateBetweenLocks(std::stop_token stop, PostgresRetention& retention,
                                                 const BucketAudit& audit) {
  Truncation truncation = Truncation::kLocked;
  for (int i = 0; i < kLockTries && !stop.stop_requested(); ++i) {
    truncation = retention.Truncate(audit);
    if (truncation != Truncation::kLocked) return truncation;
    Wait(stop, kLockPause);
  }
  return truncation;
}

void RetentionThread::ReportFound(const BucketAudit& audit) {
  for (const auto& [destination, count] : audit.found) {
    access_.metrics.relay().CountFoundByAudit(count);
    access_.log.Error(
        "found_by_audit",
        "Old events had never been delivered and nothing knew of them: they are sent "
        "now. This is a fault of Postrider; please report it.",
        {{"destination", NameOf(destination)}, {"bucket", audit.bucket}, {"count", count}});
  }
}

void RetentionThread::ReportWaiting(const OldBucket& bucket, const BucketAudit& audit) {
  for (const DestinationId destination : audit.waiting) {
    blocked_[destination] = std::max(blocked_[destination], bucket.overdue);
    access_.repeated.Warning("retention_blocked",
                             "Old events cannot go before the destination has finished with them.",
                             {{"destination", NameOf(destination)},
                              {"bucket", bucket.number},
                              {"overdue_s", InSeconds(bucket.overdue)}});
  }
}

void RetentionThread::ReportLocked(PostgresRetention& retention, const OldBucket& bucket,
                                   Truncation why) {
  std::string holder = "a row that came after the audit; looking again";
  if (why == Truncation::kLocked) {
    holder = retention.LockHolder(bucket.number);
    if (holder.empty()) holder = "many short transactions; looking again";
  }
  access_.repeated.Warning(
      "bucket_in_use", "A bucket of old events is in use and stays for now.",
      {{"bucket", bucket.number}, {"overdue_s", InSeconds(bucket.overdue)}, {"error", holder}});
}

void RetentionThread::SweepUp(std::stop_token stop, PostgresRetention& retention) {
  std::int64_t expired = 0;
  for (std::int64_t some = 1; some > 0 && !stop.stop_requested(); expired += some) {
    some = retention.ExpireDeadLetters();
  }
  if (expired > 0) {
    access_.log.Warning("dead_letters_expired",
                        "Dead letters were older than retention.dead and are discarded.",
                        {{"count", expired}});
  }
  while (!stop.stop_requested() && retention.Sweep() > 0) {
  }
}

std::string RetentionThread::NameOf(DestinationId destination) const {
  const auto found = names_.find(destination);
  return found == names_.end() ? "(unrouted)" : found->second;
}

}  // namespace postrider
