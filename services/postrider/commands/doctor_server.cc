// Checks of `doctor` on the server: settings, clocks, snapshots.
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>

#include "commands/doctor_findings.h"
#include "commands/readable.h"
#include "commands/table.h"

namespace postrider {
namespace {

using std::chrono::system_clock;

constexpr char kSettings[] = "settings";
constexpr char kSnapshots[] = "snapshots";
constexpr double kMostClockSeconds = 2.0;

struct Rule {
  const char* setting;
  const char* harmful;  ///< its value, or an SQL condition on `setting` in parentheses
  const char* severity;
  const char* consequence;
  const char* advice;
};

constexpr Rule kRules[] = {
    {"fsync", "(setting = 'off')", "error", "a crash may destroy the database",
     "Set fsync = on in postgresql.conf."},
    {"full_page_writes", "(setting = 'off')", "error", "a crash may destroy the database",
     "Set full_page_writes = on in postgresql.conf."},
    {"synchronous_commit", "(setting = 'off')", "warning",
     "producers lose what they committed last in a crash, business rows and events alike; relays "
     "set it for themselves",
     "Set synchronous_commit = on, at least for the database: ALTER DATABASE ... SET "
     "synchronous_commit = on;"},
    {"default_transaction_isolation", "(setting <> 'read committed')", "warning",
     "a producer that meets a duplicate may have to run its transaction again; relays set READ "
     "COMMITTED for themselves",
     "Unless the application needs it, run: ALTER ROLE ... SET default_transaction_isolation = "
     "'read committed';"},
    {"default_transaction_read_only", "(setting = 'on')", "error", "relays cannot write",
     "For the user of the relay run: ALTER ROLE ... SET default_transaction_read_only = off;"},
    {"idle_in_transaction_session_timeout", "(setting = '0')", "warning",
     "a forgotten transaction holds back retention, vacuum and what a restart has to read, for "
     "ever",
     "Set a limit for the users of the application, such as ALTER ROLE ... SET "
     "idle_in_transaction_session_timeout = '5min';"},
    {"autovacuum", "(setting = 'off')", "warning", "outbox.backlog and outbox.relay grow",
     "Set autovacuum = on in postgresql.conf."},
    {"track_activities", "(setting = 'off')", "warning", "who holds a snapshot is not known",
     "Set track_activities = on in postgresql.conf."},
};

std::string Age(const Json& seconds) {
  return DurationText(std::chrono::milliseconds(std::llround(seconds.get<double>() * 1000)));
}

/// Sessions and prepared transactions, with an age in seconds; slots, with one in transactions.
std::string HoldersSql(std::chrono::milliseconds longest) {
  const std::string limit = "interval '" + std::to_string(longest.count()) + " ms'";
  return "SELECT 'session' AS kind, format('process %s (user %s, application %s, %s)', pid, "
         "coalesce(usename, '?'), coalesce(nullif(application_name, ''), '?'), coalesce(state, "
         "'?')) AS who, extract(epoch FROM clock_timestamp() - xact_start)::float8 AS seconds, "
         "pid::text AS id FROM pg_stat_activity WHERE datname = current_database() AND pid <> "
         "pg_backend_pid() AND (backend_xmin IS NOT NULL OR backend_xid IS NOT NULL) AND "
         "backend_type = 'client backend' AND clock_timestamp() - xact_start > " +
         limit +
         " UNION ALL SELECT 'prepared', format('prepared transaction %L of %s', gid, owner), "
         "extract(epoch FROM clock_timestamp() - prepared)::float8, quote_literal(gid) FROM "
         "pg_prepared_xacts WHERE database = current_database() AND clock_timestamp() - prepared "
         "> " +
         limit +
         " UNION ALL SELECT 'slot', format('replication slot %s', slot_name), age(coalesce(xmin, "
         "catalog_xmin))::float8, quote_literal(slot_name) FROM pg_replication_slots WHERE NOT "
         "active AND coalesce(xmin, catalog_xmin) IS NOT NULL ORDER BY 1, 3 DESC";
}

Finding FindingOf(const Json& holder) {
  const std::string who = holder["who"].get<std::string>();
  const std::string id = holder["id"].get<std::string>();
  if (holder["kind"] == "slot") {
    return {"warning", kSnapshots,
            who + " is not used and holds back vacuum by " +
                std::to_string(std::llround(holder["seconds"].get<double>())) + " transactions",
            "Start what reads it, or run: SELECT pg_drop_replication_slot(" + id + ");"};
  }
  const bool prepared = holder["kind"] == "prepared";
  return {"warning", kSnapshots,
          who + " is open for " + Age(holder["seconds"]) +
              ": it holds back vacuum, retention and what a restart need not read again",
          prepared ? "Finish it: COMMIT PREPARED " + id + "; or ROLLBACK PREPARED " + id + ";"
                   : "End it in the application, or run: SELECT pg_terminate_backend(" + id + ");"};
}

}  // namespace

Findings CheckServerSettings(CommandContext& context) {
  std::string sql;
  int number = 0;
  for (const Rule& rule : kRules) {
    sql += std::string(sql.empty() ? "" : " UNION ALL ") + "SELECT " + std::to_string(number++) +
           " AS rule, setting FROM pg_settings WHERE name = '" + rule.setting + "' AND " +
           rule.harmful;
  }
  Findings findings;
  for (const Json& row : context.Query("doctor", sql + " ORDER BY 1")) {
    const Rule& rule = kRules[row["rule"].get<std::size_t>()];
    findings.push_back({rule.severity, kSettings,
                        std::string(rule.setting) + " is " + row["setting"].get<std::string>() +
                            ": " + rule.consequence,
                        rule.advice});
  }
  return findings;
}

Findings CheckClocks(CommandContext& context) {
  const auto epoch = [] {
    return std::chrono::duration<double>(system_clock::now().time_since_epoch()).count();
  };
  const double before = epoch();
  const Json rows =
      context.Query("doctor", "SELECT extract(epoch FROM clock_timestamp())::float8 AS database");
  const double after = epoch();
  // The question was on its way for an unknown part of the time.
  const double difference = rows.at(0)["database"].get<double>() - (before + after) / 2;
  const double certain = std::abs(difference) - (after - before) / 2;
  if (certain < kMostClockSeconds) return {};
  return {{"warning", "clocks",
           "the clock of this machine is " +
               DurationText(std::chrono::milliseconds(std::llround(std::abs(difference) * 1000))) +
               (difference > 0 ? " behind" : " ahead of") + " that of the database",
           "Synchronise both by NTP: due times are those of the database, log lines those of the "
           "machine."}};
}

Findings CheckSnapshots(CommandContext& context, std::chrono::milliseconds longest) {
  Findings findings;
  for (const Json& row : context.Query("doctor", HoldersSql(longest))) {
    findings.push_back(FindingOf(row));
  }
  return findings;
}

}  // namespace postrider
