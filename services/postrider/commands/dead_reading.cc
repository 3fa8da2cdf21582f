#include "commands/dead_reading.h"

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "commands/command_error.h"
#include "commands/command_line.h"
#include "commands/table.h"

namespace postrider {
namespace {

// What every role with access to the view may read.
constexpr char kColumns[] =
    "id, event_id, destination, topic, key, reason, class, http_status, last_error, attempts, "
    "recorded_at, first_attempt_at, died_at";

int NothingMatches(const CommandContext& context) {
  if (context.json()) {
    PrintItems(Json::array());
  } else {
    std::cout << "No open dead letter matches.\n";
  }
  return kExitNoMatch;
}

void PrintText(const Json& letter, const char* key, const char* title) {
  const auto found = letter.find(key);
  if (found == letter.end() || !found->is_string()) return;
  std::cout << "\n" << title << ":\n";
  // As it is, line by line: only what could steer a terminal is shown escaped.
  std::string_view text = found->get_ref<const std::string&>();
  while (!text.empty()) {
    const std::string line(text.substr(0, text.find('\n')));
    std::cout << "  " << CellText(Json{{"line", line}}, {"line", ""}) << "\n";
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
}

void PrintLetter(const Json& letter) {
  std::cout << RenderFields(letter, {{"id", "dead letter"},
                                     {"event_id", "event"},
                                     {"destination", "destination"},
                                     {"topic", "topic"},
                                     {"key", "key"},
                                     {"cause_id", "cause"},
                                     {"reason", "reason"},
                                     {"class", "class"},
                                     {"http_status", "HTTP status"},
                                     {"last_error", "last error"},
                                     {"attempts", "attempts"},
                                     {"recorded_at", "recorded at", Format::kTime},
                                     {"first_attempt_at", "first attempt", Format::kTime},
                                     {"died_at", "died at", Format::kTime},
                                     {"content_type", "content type"},
                                     {"headers", "headers"},
                                     {"body", "body"}});
  PrintText(letter, "payload", "Payload");
  PrintText(letter, "request", "Request");
  PrintText(letter, "answer", "Answer");
  if (!letter.contains("payload")) {
    std::cout << "\nThe payload is not shown: that takes the role outbox_operator.\n";
  }
}

}  // namespace

Json SummariseDead(CommandContext& context, const std::string& condition) {
  return context.Query("dead_summary",
                       "SELECT destination, reason, class, http_status, count(*) AS letters, "
                       "min(died_at) AS oldest_died_at, max(died_at) AS newest_died_at, "
                       "max(id) AS newest_id FROM outbox.dead_letters WHERE " +
                           condition +
                           " GROUP BY destination, reason, class, http_status "
                           "ORDER BY letters DESC, destination, reason, class, http_status");
}

std::string RenderDeadSummary(const Json& rows) {
  return RenderTable(rows, {{"letters", "LETTERS", Format::kNumber},
                            {"destination", "DESTINATION"},
                            {"reason", "REASON"},
                            {"class", "CLASS"},
                            {"http_status", "HTTP", Format::kNumber},
                            {"oldest_died_at", "OLDEST", Format::kTime},
                            {"newest_died_at", "NEWEST", Format::kTime},
                            {"newest_id", "FOR EXAMPLE", Format::kNumber}});
}

int RunDeadSummary(const DeadListArguments& arguments) {
  CommandContext context(arguments.common);
  const Json rows = SummariseDead(context, DeadCondition(context, arguments.filter));
  if (rows.empty()) return NothingMatches(context);
  if (context.json()) {
    PrintItems(rows);
  } else {
    std::cout << RenderDeadSummary(rows);
  }
  return kExitDone;
}

int RunDeadList(const DeadListArguments& arguments) {
  CommandContext context(arguments.common);
  const Json rows = context.Query("dead_list", "SELECT " + std::string(kColumns) +
                                                   " FROM outbox.dead_letters WHERE " +
                                                   DeadCondition(context, arguments.filter) +
                                                   " ORDER BY died_at DESC, id DESC LIMIT " +
                                                   std::to_string(arguments.filter.limit));
  if (rows.empty()) return NothingMatches(context);
  if (context.json()) {
    PrintItems(rows);
    return kExitDone;
  }
  std::cout << RenderTable(rows, {{"id", "ID", Format::kNumber},
                                  {"event_id", "EVENT", Format::kNumber},
                                  {"destination", "DESTINATION"},
                                  {"topic", "TOPIC"},
                                  {"key", "KEY", Format::kShort},
                                  {"reason", "REASON"},
                                  {"class", "CLASS"},
                                  {"http_status", "HTTP", Format::kNumber},
                                  {"attempts", "ATTEMPTS", Format::kNumber},
                                  {"died_at", "DIED", Format::kTime},
                                  {"last_error", "LAST ERROR", Format::kShort}});
  if (rows.size() == static_cast<std::size_t>(arguments.filter.limit)) {
    std::cout << "There may be more: --limit shows more than " << arguments.filter.limit << ".\n";
  }
  return kExitDone;
}

int RunDeadShow(const DeadShowArguments& arguments) {
  CommandContext context(arguments.common);
  const std::string id = std::to_string(arguments.id);
  const Json rights = context.Query(
      "dead_show", "SELECT has_column_privilege('outbox.dead_letters', 'payload', 'SELECT') AS ok");
  std::string columns = std::string(kColumns) + ", content_type, run, cause_id, request, answer";
  if (rights.at(0)["ok"] == true) columns += ", headers, payload, body";
  const Json rows = context.Query(
      "dead_show", "SELECT " + columns + " FROM outbox.dead_letters WHERE id = " + id);
  if (rows.empty()) {
    throw CommandError(kExitNoMatch, "there is no open dead letter " + id,
                       "'postrider dead list' shows their ids, --event finds those of an event.");
  }
  if (context.json()) {
    PrintJson(rows.at(0));
  } else {
    PrintLetter(rows.at(0));
  }
  return kExitDone;
}

}  // namespace postrider
