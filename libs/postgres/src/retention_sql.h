#pragma once

#include <string>

#include "postrider/engine/subscription.h"

namespace postrider {

/// Part of a bucket: events with `after < id <= up_to`.
struct BucketRange {
  int bucket = 0;
  EventId after = 0;
  EventId up_to = 0;
};

/// One row: whether a lane of the destination, which is neither retired nor paused for longer than
/// `keep` (an SQL interval), has not settled an event of the range that it takes.
std::string WaitingSql(const BucketRange& range, const Subscription& subscription,
                       const std::string& keep);

/// Audits the range for the lanes of a destination and puts into the backlog, with copies, what was
/// lost and what outlives its bucket. One row: lost, copied, still waiting.
std::string AuditSql(const BucketRange& range, const Subscription& subscription,
                     const std::string& keep);

/// The same for the unrouted lane, where what was lost becomes a dead letter.
/// @param filter  of the unrouted lane
std::string UnroutedAuditSql(const BucketRange& range, const LaneFilter& filter);

/// Gives the backlog's rows of the range their own copies. One row: how many got one, and how many
/// were locked by somebody and did not.
std::string CopyBacklogSql(const BucketRange& range);

}  // namespace postrider
