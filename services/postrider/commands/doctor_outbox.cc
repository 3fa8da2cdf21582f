// Checks of `doctor` on what is in the outbox: retention, topics, relays, destinations.
#include <nlohmann/json.hpp>

#include "commands/doctor_findings.h"
#include "commands/table.h"

namespace postrider {
namespace {

constexpr char kRetention[] = "retention";

/// Buckets whose newest event is older than they are kept, with a period of patience.
std::string OverdueSql(std::chrono::milliseconds kept) {
  std::string newest;
  for (int bucket = 0; bucket < 8; ++bucket) {
    const std::string n = std::to_string(bucket);
    newest += std::string(newest.empty() ? "" : " UNION ALL ") + "(SELECT " + n +
              " AS bucket, id, recorded_at FROM outbox.event_" + n + " ORDER BY id DESC LIMIT 1)";
  }
  return "SELECT b.bucket, b.recorded_at, outbox.bucket_holder(b.bucket) AS holder, (SELECT "
         "string_agg(DISTINCT d.name, ', ') FROM outbox.lane l JOIN outbox.destination d ON d.id = "
         "l.destination_id WHERE d.dropped_at IS NULL AND l.closed_up_to < b.id) AS destinations "
         "FROM (" +
         newest +
         ") AS b, outbox.installation i WHERE b.recorded_at < now() - i.bucket_period - interval "
         "'1 minute' - interval '" +
         std::to_string(kept.count()) + " ms' ORDER BY b.recorded_at";
}

bool MayReadTables(CommandContext& context) {
  return context
             .Query("doctor",
                    "SELECT has_table_privilege('outbox.lane', 'SELECT') AND "
                    "has_table_privilege('outbox.event', 'SELECT') AS ok")
             .at(0)["ok"] == true;
}

std::string NotIgnored(CommandContext& context) {
  std::string condition;
  for (const std::string& pattern : context.settings().ignore_topics) {
    condition += " AND NOT outbox.topic_matches(" + context.Quote(pattern) + ", e.topic)";
  }
  return condition;
}

}  // namespace

Findings CheckRetention(CommandContext& context) {
  if (!MayReadTables(context)) return {};
  const auto kept =
      std::chrono::duration_cast<std::chrono::milliseconds>(context.settings().retention.delivered);
  Findings findings;
  for (const Json& row : context.Query("doctor", OverdueSql(kept))) {
    std::string why = "no relay that keeps house, or it has not come to it";
    if (!row["holder"].is_null()) {
      why = row["holder"].get<std::string>();
    } else if (!row["destinations"].is_null()) {
      why = "not closed yet for " + row["destinations"].get<std::string>();
    }
    findings.push_back({"warning", kRetention,
                        "bucket " + row["bucket"].dump() + " ends at " +
                            CellText(row, {"recorded_at", "", Format::kTime}) +
                            " and is still there: " + why,
                        "Let a relay run; end old transactions; resume, park or drop destinations "
                        "that do not go on."});
  }
  return findings;
}

Findings CheckTopics(CommandContext& context) {
  Findings findings;
  // The events are found by the order of their ids: the newest, however many there are.
  const Json rows = context.Query(
      "doctor",
      "SELECT e.topic, count(*) AS events, max(e.id) AS newest FROM (SELECT id, topic, "
      "duplicate_of FROM outbox.events ORDER BY id DESC LIMIT 5000) AS e WHERE e.duplicate_of IS "
      "NULL AND NOT EXISTS (SELECT FROM outbox.status s CROSS JOIN unnest(s.topics) AS p (pattern) "
      "WHERE s.destination IS NOT NULL AND outbox.topic_matches(p.pattern, e.topic))" +
          NotIgnored(context) + " GROUP BY e.topic ORDER BY 2 DESC, 1 LIMIT 20");
  for (const Json& row : rows) {
    findings.push_back({"warning", "topics",
                        "no destination takes topic " + CellText(row, {"topic", ""}) + ": " +
                            row["events"].dump() + " of the newest 5000 events, such as " +
                            row["newest"].dump(),
                        "Add it to the topics of a destination, or to ignore_topics."});
  }
  return findings;
}

Findings CheckRelays(CommandContext& context) {
  Findings findings;
  const Json alive = context.Query(
      "relays",
      "SELECT count(*) AS relays, count(DISTINCT version) AS versions FROM outbox.relays "
      "WHERE alive");
  if (alive.at(0)["relays"] == 0) {
    findings.push_back(
        {"error", "relays", "no relay is alive: nothing is sent", "Start one: postrider run"});
  }
  if (alive.at(0)["versions"].get<int>() > 1) {
    findings.push_back({"warning", "relays", "relays of several versions are running",
                        "Finish the upgrade: 'postrider status' shows which."});
  }
  const Json retired = context.Query(
      "doctor",
      "SELECT s.destination, s.scheduled + s.retrying + s.blocked + s.replaying AS stored, "
      "coalesce(s.open_ids, 0) AS open_ids FROM outbox.status s WHERE s.state = 'retired' AND "
      "(s.scheduled + s.retrying + s.blocked + s.replaying > 0 OR EXISTS (SELECT FROM "
      "generate_series(s.closed_up_to + 1, s.closed_up_to + least(s.open_ids, 1000)) AS g (id) "
      "CROSS JOIN LATERAL (SELECT d.state FROM outbox.delivery d WHERE d.event_id = g.id AND "
      "d.destination_id = s.destination_id AND d.state = 'queued' OFFSET 0) AS v)) ORDER BY 1");
  for (const Json& row : retired) {
    const std::string name = row["destination"].get<std::string>();
    findings.push_back(
        {"warning", "destinations",
         name + " is in no relay's file and events wait for it: " + row["stored"].dump() +
             " in the backlog, up to " + row["open_ids"].dump() + " in the log",
         "Put it back, or run: postrider destination park " + name +
             " (or drop); --dry-run counts."});
  }
  return findings;
}

}  // namespace postrider
