#include "commands/dead_filter.h"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "commands/time_argument.h"

namespace postrider {
namespace {

std::string IdArray(const std::vector<std::int64_t>& ids) {
  std::string list;
  for (const std::int64_t id : ids) list += (list.empty() ? "" : ",") + std::to_string(id);
  return "'{" + list + "}'::bigint[]";
}

/// The functions know neither events nor a limit: for these the ids are looked up.
std::vector<std::int64_t> MatchingIds(CommandContext& context, const DeadFilter& filter) {
  std::string select = "SELECT id FROM outbox.dead_letters WHERE " +
                       DeadCondition(context, filter) + " ORDER BY died_at, id";
  if (filter.limit > 0) select += " LIMIT " + std::to_string(filter.limit);
  std::vector<std::int64_t> ids;
  for (const Json& row : context.Query("dead_list", select)) {
    ids.push_back(row["id"].get<std::int64_t>());
  }
  return ids;
}

}  // namespace

bool DeadFilter::empty() const {
  return ids.empty() && !event && destination.empty() && topic.empty() && key.empty() &&
         reason.empty() && since.empty() && until.empty();
}

void AddDeadFilter(CLI::App& command, DeadFilter& filter) {
  command.add_option("--id", filter.ids, "Id of a dead letter; may be repeated");
  command.add_option("--event", filter.event, "Id of the event");
  command.add_option("--destination", filter.destination, "Where it died");
  command.add_option("--topic", filter.topic, "Exact, or a prefix such as 'shipment.*'");
  command.add_option("--key", filter.key, "Of the event");
  command.add_option("--reason", filter.reason, "Why it died")
      ->check(CLI::IsMember({"refused", "exhausted", "unknown", "no_route", "loop", "template",
                             "restored", "parked", "operator"}));
  command.add_option("--since", filter.since, "Died since: a time, a date, or 15m, 2h, 3d");
  command.add_option("--until", filter.until, "Died before");
}

std::string DeadCondition(CommandContext& context, const DeadFilter& filter) {
  std::string condition = "true";
  const auto add = [&condition](const std::string& part) { condition += " AND " + part; };
  if (!filter.ids.empty()) add("id = ANY (" + IdArray(filter.ids) + ")");
  if (filter.event) add("event_id = " + std::to_string(*filter.event));
  if (!filter.destination.empty()) {
    context.RequireDestination(filter.destination);
    add("destination = " + context.Quote(filter.destination));
  }
  if (!filter.topic.empty()) {
    add("outbox.topic_matches(" + context.Quote(filter.topic) + ", topic)");
  }
  if (!filter.key.empty()) add("key = " + context.Quote(filter.key));
  if (!filter.reason.empty()) add("reason = " + context.Quote(filter.reason));
  if (!filter.since.empty()) add("died_at >= " + TimeExpression("--since", filter.since));
  if (!filter.until.empty()) add("died_at < " + TimeExpression("--until", filter.until));
  return condition;
}

std::string DeadArguments(CommandContext& context, const DeadFilter& filter) {
  if (!filter.destination.empty()) context.RequireDestination(filter.destination);
  if (filter.event || filter.limit > 0) {
    return "ids => " + IdArray(MatchingIds(context, filter));
  }
  std::string arguments = "destination => " + context.QuoteOrNull(filter.destination) +
                          ", topic => " + context.QuoteOrNull(filter.topic) + ", key => " +
                          context.QuoteOrNull(filter.key) + ", reason => " +
                          context.QuoteOrNull(filter.reason);
  if (!filter.ids.empty()) arguments += ", ids => " + IdArray(filter.ids);
  if (!filter.since.empty()) {
    arguments += ", since => " + context.PinnedTime("--since", filter.since);
  }
  if (filter.until.empty() && !filter.ids.empty()) return arguments;
  return arguments + ", until => " +
         context.PinnedTime("--until", filter.until.empty() ? "now" : filter.until);
}

}  // namespace postrider
