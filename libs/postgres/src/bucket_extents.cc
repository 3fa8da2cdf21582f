#include "bucket_extents.h"

#include "buckets.h"
#include "event_rows.h"

namespace postrider {

std::string BucketExtents::Sql() {
  std::string sql;
  for (int bucket = 0; bucket < kBuckets; ++bucket) {
    const std::string number = std::to_string(bucket);
    const std::string end = "(SELECT e.id FROM outbox.event_" + number + " e ORDER BY e.id";
    sql += (sql.empty() ? "SELECT " : " UNION ALL SELECT ") + number + ", " + end + " LIMIT 1), " +
           end + " DESC LIMIT 1)";
  }
  return sql;
}

BucketExtents::BucketExtents(const Rows& rows) {
  for (int row = 0; row < rows.size(); ++row) {
    if (rows.IsNull(row, 1) || rows.IsNull(row, 2)) continue;
    extents_.push_back(
        {static_cast<int>(ReadInt(rows, row, 0)), ReadInt(rows, row, 1), ReadInt(rows, row, 2)});
  }
}

std::optional<int> BucketExtents::Only(EventId after, EventId up_to) const {
  std::optional<int> only;
  for (const Extent& extent : extents_) {
    if (extent.highest <= after || extent.lowest > up_to) continue;
    if (only) return std::nullopt;
    only = extent.bucket;
  }
  return only.value_or(0);
}

}  // namespace postrider
