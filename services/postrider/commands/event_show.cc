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
  Json attempts;    ///< null: the role may not read them
  Json dead_letters;
};

/// The log itself is no public view: those who may not read it see what the views tell.
Json ReadEvent(CommandContext& context, const std::string& id, bool permitted) {
  const Json rows =
      permitted
          ? context.Query("event_show",
                          "SELECT id, topic, key, recorded_at, deliver_after, deliver_before, "
                          "dedup_key, duplicate_of, cause_id, headers, content_type, payload, body "
                          "FROM outbox.event WHERE id = " +
                              id)
          : context.Query("event_show",
                          "SELECT event_id AS id, topic, recorded_at, cause_id FROM outbox.trace(" +
                              id + ") WHERE event_id = " + id + " LIMIT 1");
  return rows.empty() ? Json() : rows.at(0);
}

/// What the views know of an event whose bucket has left already.
Json EventOf(const Json& delivery) {
  return {{"id", delivery["event_id"]},
          {"topic", delivery["topic"]},
          {"key", delivery["key"]},
          {"recorded_at", delivery["recorded_at"]}};
}

EventRecord ReadRecord(CommandContext& context, const std::string& id) {
  const Json rights =
      context.Query("event_show",
                    "SELECT has_column_privilege('outbox.event', 'payload', 'SELECT') AS event, "
                    "has_table_privilege('outbox.attempt', 'SELECT') AS attempts");
  EventRecord record;
  record.deliveries = context.Query(
      "event_show",
      "SELECT event_id, destination, topic, key, state, waiting_for, attempts, http_status, class, "
      "last_error, recorded_at, due_at, finished_at, run, predecessor, latency_ms, cause_id "
      "FROM outbox.delivery WHERE event_id = " +
          id + " ORDER BY destination");
  record.event = ReadEvent(context, id, rights.at(0)["event"] == true);
  if (record.event.is_null() && !record.deliveries.empty()) {
    record.event = EventOf(record.deliveries.at(0));
  }
  if (rights.at(0)["attempts"] == true) {
    record.attempts =
        context.Query("event_show",
                      "SELECT s.destination, a.started_at, a.latency_ms, nullif(a.http_status, 0) "
                      "AS http_status, "
                      "a.result, a.charged, a.class, a.error FROM outbox.attempt a "
                      "LEFT JOIN outbox.status s USING (destination_id) WHERE a.event_id = " +
                          id + " ORDER BY a.started_at, a.epoch, a.n");
  }
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
                                    {"headers", "headers"},
                                    {"content_type", "content type"},
                                    {"payload", "payload"},
                                    {"body", "body"}});
  if (!event.contains("payload")) {
    std::cout << "The payload is not shown: the role may not read it, or the event has left the "
                 "log.\n";
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
  if (rows.empty()) return;  // null, too
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
