#include "lane_filter_sql.h"

#include "sql_text.h"

namespace postrider {
namespace {

std::string TopicSql(const std::string& pattern) {
  if (pattern == "*") return "true";
  if (pattern.size() >= 2 && pattern.ends_with(".*")) {
    const std::string prefix = sql_text::Quote(pattern.substr(0, pattern.size() - 1));
    return "(starts_with(e.topic, " + prefix + ") AND e.topic <> " + prefix + ")";
  }
  return "e.topic = " + sql_text::Quote(pattern);
}

std::string SubscriptionSql(const Subscription& subscription) {
  std::string any = "false";
  for (const TopicSince& topic : subscription.topics) {
    any += " OR (e.id > " + std::to_string(topic.since) + " AND " + TopicSql(topic.pattern) + ")";
  }
  return "((e.destination_id IS NULL OR e.destination_id = " +
         std::to_string(subscription.destination) + ") AND (" + any + "))";
}

}  // namespace

std::string LaneFilterSql(const LaneFilter& filter) {
  std::string sql = "e.duplicate_of IS NULL";
  if (filter.lane.destination != kUnrouted) {
    sql += " AND " + SubscriptionSql(filter.subscription);
    if (filter.subscription.shards > 1) {
      sql += " AND outbox.slot(e.key, e.id) % " + std::to_string(filter.subscription.shards) +
             " = " + std::to_string(filter.lane.shard);
    }
    return sql;
  }
  sql += " AND coalesce(e.destination_id, 0) >= 0";
  for (const Subscription& other : filter.others) sql += " AND NOT " + SubscriptionSql(other);
  for (const std::string& topic : filter.ignored_topics) sql += " AND NOT " + TopicSql(topic);
  return sql;
}

}  // namespace postrider
