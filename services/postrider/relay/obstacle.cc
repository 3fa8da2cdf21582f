#include "relay/obstacle.h"

namespace postrider {
namespace {

/// Of the eight in the ring: one is being written, and one is time to empty the oldest.
constexpr int kRetainedBuckets = 6;
constexpr char kAdopt[] =
    "nothing is sent until 'postrider adopt --resume', --dead or --new has said how to go on (see "
    "Moving in docs/operations.md)";

}  // namespace

std::string ObstacleTo(const Settings& settings, const InstallationRecord& installation) {
  const std::string& wanted = settings.database.installation;
  if (!wanted.empty() && wanted != installation.name) {
    return "database.installation is " + wanted + ", this database is " + installation.name +
           ": correct the configuration or database.url; if it is meant, " + kAdopt;
  }
  if (installation.moved) {
    return std::string(
               "the outbox was brought here from another server (restore, move or upgrade): ") +
           kAdopt;
  }
  if (installation.sequence_cache != 1) {
    return "the sequence outbox.event_id_seq has cache " +
           std::to_string(installation.sequence_cache) +
           ": run ALTER SEQUENCE outbox.event_id_seq CACHE 1";
  }
  if (installation.rewound) {
    return "the sequence outbox.event_id_seq went backwards (it is at " +
           std::to_string(installation.last_value) + ", known are ids up to " +
           std::to_string(installation.highest_known) + "): " + kAdopt;
  }
  const seconds longest = kRetainedBuckets * installation.bucket_period;
  if (settings.retention.delivered > longest) {
    return "retention.delivered is " + std::to_string(settings.retention.delivered.count()) +
           " s, but this outbox was installed with buckets of " +
           std::to_string(installation.bucket_period.count()) + " s, of which " +
           std::to_string(kRetainedBuckets) + " are kept: at most " +
           std::to_string(longest.count()) + " s";
  }
  return "";
}

}  // namespace postrider
