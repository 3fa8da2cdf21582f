#include "commands/event_show.h"

#include <iostream>
#include <nlohmann/json.hpp>

#include "commands/command_context.h"
#include "commands/command_error.h"
#include "commands/command_line.h"
#include "commands/readable.h"
#include "commands/table.h"

namespace postrider {
namespace {

struct EventRecord {
  Json event;       ///< null: not found
  Json deliveries;  ///< rows of outbox.delivery
  Json attempts;    ///< rows of outbox.attempts
  Json dead_letters;
};

constexpr char kContent[] = ", headers, payload, body";

/// Whether this role may see what was sent.
bool SeesContent(CommandContext& context) {
  return context
             .Query("event_show",
                    "SELECT has_column_privilege('outbox.events', 'payload', 'SELECT') AS ok")
             .at(0)["ok"] == true;
}

/// The event as it is in the log, else what a dead letter has kept of it; null: neither.
Json ReadEvent(CommandContext& context, const std::string& id) {
  const std::string content = SeesContent(context) ? kContent : "";
  Json rows = context.Query("event_show",
                            "SELECT id, topic, key, recorded_at, deliver_after, deliver_before, "
                            "dedup_key, duplicate_of, cause_id, destination, content_type" +
                                content + " FROM outbox.events WHERE id = " + id);
  if (rows.empty()) {
    rows = context.Query("event_show",
                         "SELECT event_id AS id, topic, key, recorded_at, cause_id, content_type" +
                             content + " FROM outbox.dead_letters WHERE event_id = " + id +
                             " ORDER BY dead_letters.id LIMIT 1");
  }
  return rows.empty() ? Json() : rows.at(0);
}

/// What the views know of an event that has left the log already.
Json EventOf(const Json& delivery) {
  return {{"id", delivery["event_id"]},
          {"topic", delivery["topic"]},
          {"key", delivery["key"]},
          {"recorded_at", delivery["recorded_at"]}};
}

EventRecord ReadRecord(CommandContext& context, const std::string& id) {
  EventRecord record;
  record.event = ReadEvent(context, id);
  record.deliveries = context.Query(
      "event_show",
      "SELECT event_id, destination, topic, key, state, waiting_for, attempts, http_status, class, "
      "last_error, recorded_at, due_at, finished_at, run, predecessor, latency_ms, cause_id "
      "FROM outbox.delivery WHERE event_id = " +
          id + " ORDER BY destination");
  if (record.event.is_null() && !record.deliveries.empty()) {
    record.event = EventOf(record.deliveries.at(0));
  }
  record.attempts =
      context.Query("event_show",
                    "SELECT destination, started_at, latency_ms, http_status, result, charged, "
                    "class, error FROM outbox.attempts WHERE event_id = " +
                        id + " ORDER BY started_at, epoch, n");
  record.dead_letters = context.Query(
      "event_show",
      "SELECT id, destination FROM outbox.dead_letters WHERE event_id = " + id + " ORDER BY id");
  return record;
}

void PrintEvent(const Json& event) {
  std::cout << RenderFields(event, {{"id", "event"},
                                    {"topic", "topic"},
                                    {"key", "key"},
                                    {"recorded_at", "recorded at", Format::kTime},
                                    {"deliver_after", "deliver after", Format::kTime},
                                    {"deliver_before", "deliver before", Format::kTime},
                                    {"dedup_key", "dedup key"},
                                    {"duplicate_of", "duplicate of"},
                                    {"cause_id", "cause"},
                                    {"destination", "only for"},
                                    {"headers", "headers"},
                                    {"content_type", "content type"},
                                    {"payload", "payload"},
                                    {"body", "body"}});
  if (!event.contains("payload")) {
    std::cout << "The payload is not shown: that takes the role outbox_operator, and an event that "
                 "is still kept.\n";
  }
}

void PrintDeliveries(const Json& rows) {
  if (rows.empty()) {
    std::cout << "\nNo destination takes it.\n";
    return;
  }
  std::cout << "\n"
            << RenderTable(rows, {{"destination", "DESTINATION"},
                                  {"state", "STATE"},
                                  {"waiting_for", "WAITING FOR"},
                                  {"attempts", "ATTEMPTS", Format::kNumber},
                                  {"http_status", "HTTP", Format::kNumber},
                                  {"class", "CLASS"},
                                  {"due_at", "DUE", Format::kTime},
                                  {"finished_at", "FINISHED", Format::kTime},
                                  {"last_error", "LAST ERROR", Format::kShort}});
}

void PrintAttempts(const Json& rows) {
  if (rows.empty()) return;
  std::cout << "\nAttempts that did not settle it:\n"
            << RenderTable(rows, {{"started_at", "STARTED", Format::kTime},
                                  {"destination", "DESTINATION"},
                                  {"result", "RESULT"},
                                  {"http_status", "HTTP", Format::kNumber},
                                  {"class", "CLASS"},
                                  {"latency_ms", "MS", Format::kNumber},
                                  {"charged", "CHARGED"},
                                  {"error", "ERROR", Format::kShort}});
}

}  // namespace

int RunEventShow(const EventShowArguments& arguments) {
  CommandContext context(arguments.common);
  const std::string id = std::to_string(arguments.id);
  const EventRecord record = ReadRecord(context, id);
  if (record.event.is_null()) {
    throw CommandError(kExitNoMatch, "there is no event " + id,
                       "Delivered events leave after their retention; 'postrider event list' shows "
                       "those that are kept.");
  }
  if (context.json()) {
    PrintJson({{"event", record.event},
               {"deliveries", record.deliveries},
               {"attempts", record.attempts},
               {"dead_letters", record.dead_letters}});
    return kExitDone;
  }
  PrintEvent(record.event);
  PrintDeliveries(record.deliveries);
  PrintAttempts(record.attempts);
  for (const Json& letter : record.dead_letters) {
    std::cout << "\nDead letter " << letter["id"] << ": see 'postrider dead show " << letter["id"]
              << "'\n";
  }
  return kExitDone;
}

}  // namespace postrider
