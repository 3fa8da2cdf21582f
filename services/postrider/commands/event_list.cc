#include "commands/event_list.h"

#include <algorithm>
#include <cstdint>
#include <iostream>
#include <nlohmann/json.hpp>

#include "commands/command_context.h"
#include "commands/command_line.h"
#include "commands/table.h"
#include "commands/time_argument.h"

namespace postrider {
namespace {

constexpr char kColumns[] =
    "event_id, destination, topic, key, state, waiting_for, attempts, http_status, class, "
    "last_error, recorded_at, due_at, finished_at";

// The view is made to be asked by event_id, so the log is walked backwards in ranges of ids: small
// ones first, because what is looked for is mostly new.
constexpr std::int64_t kFirstRange = 1000;
constexpr std::int64_t kLargestRange = 50'000;
constexpr std::int64_t kMostIds = 1'000'000;

std::string Filters(const CommandContext& context, const EventListArguments& arguments,
                    const std::string& since) {
  std::string filters = "recorded_at >= " + since;
  if (!arguments.topic.empty()) {
    filters += " AND outbox.topic_matches(" + context.Quote(arguments.topic) + ", topic)";
  }
  if (!arguments.destination.empty()) {
    filters += " AND destination = " + context.Quote(arguments.destination);
  }
  if (!arguments.state.empty()) filters += " AND state = " + context.Quote(arguments.state);
  return filters;
}

Json ListByKey(CommandContext& context, const EventListArguments& arguments,
               const std::string& since) {
  return context.Query("event_list", "SELECT " + std::string(kColumns) + " FROM outbox.find(" +
                                         context.Quote(arguments.key) + ", now() - (" + since +
                                         ")) WHERE " + Filters(context, arguments, since) +
                                         " ORDER BY event_id DESC, destination LIMIT " +
                                         std::to_string(arguments.limit));
}

std::int64_t NewestId(CommandContext& context) {
  const Json rows = context.Query(
      "event_list", "SELECT coalesce(max(closed_up_to + open_ids), 0) AS id FROM outbox.status");
  return rows.at(0)["id"].get<std::int64_t>();
}

Json ListByRange(CommandContext& context, const EventListArguments& arguments,
                 const std::string& since) {
  const std::string filters = Filters(context, arguments, since);
  const auto limit = static_cast<std::size_t>(arguments.limit);
  const std::int64_t newest = NewestId(context);
  Json found = Json::array();
  std::int64_t range = kFirstRange;
  std::int64_t high = newest;
  while (high > 0 && found.size() < limit) {
    const std::int64_t low = std::max<std::int64_t>(high - range, 0);
    const Json part = context.Query(
        "event_list", "WITH part AS MATERIALIZED (SELECT * FROM outbox.delivery WHERE event_id > " +
                          std::to_string(low) + " AND event_id <= " + std::to_string(high) +
                          "), hit AS (SELECT " + kColumns + " FROM part WHERE " + filters +
                          " ORDER BY event_id DESC, destination LIMIT " +
                          std::to_string(limit - found.size()) +
                          ") SELECT (SELECT json_agg(hit) FROM hit) AS items, "
                          "(SELECT max(recorded_at) < " +
                          since + " FROM part) AS older");
    for (const Json& row : part.at(0)["items"]) found.push_back(row);
    if (part.at(0)["older"] == true) break;
    if (newest - low >= kMostIds && low > 0) {
      std::cerr << "note: only the newest " << kMostIds
                << " ids were looked at; --key finds more\n";
      break;
    }
    high = low;
    range = std::min(range * 4, kLargestRange);
  }
  return found;
}

}  // namespace

int RunEventList(const EventListArguments& arguments) {
  const std::string since = TimeExpression("--since", arguments.since);
  CommandContext context(arguments.common);
  if (!arguments.destination.empty()) context.RequireDestination(arguments.destination);
  const Json rows = arguments.key.empty() ? ListByRange(context, arguments, since)
                                          : ListByKey(context, arguments, since);
  if (context.json()) {
    PrintItems(rows);
  } else if (rows.empty()) {
    std::cout << "No delivery matches (--since " << arguments.since << ").\n";
  } else {
    std::cout << RenderTable(rows, {{"event_id", "EVENT", Format::kNumber},
                                    {"topic", "TOPIC"},
                                    {"key", "KEY", Format::kShort},
                                    {"destination", "DESTINATION"},
                                    {"state", "STATE"},
                                    {"attempts", "ATTEMPTS", Format::kNumber},
                                    {"http_status", "HTTP", Format::kNumber},
                                    {"recorded_at", "RECORDED", Format::kTime},
                                    {"due_at", "DUE", Format::kTime},
                                    {"finished_at", "FINISHED", Format::kTime},
                                    {"last_error", "LAST ERROR", Format::kShort}});
  }
  return rows.empty() ? kExitNoMatch : kExitDone;
}

}  // namespace postrider
