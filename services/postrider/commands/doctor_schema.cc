// Checks of `doctor` on the schema and on what this role may do.
#include <nlohmann/json.hpp>

#include "commands/doctor_findings.h"
#include "postrider/postgres/migrator.h"

namespace postrider {
namespace {

constexpr char kSchema[] = "schema";
constexpr char kPrivileges[] = "privileges";

std::string Role(CommandContext& context) {
  return context.Query("role", "SELECT quote_ident(current_user) AS name")
      .at(0)["name"]
      .get<std::string>();
}

/// Viewers and operators may not read which version it is.
Findings CheckVersion(CommandContext& context) {
  const Json right =
      context.Query("doctor", "SELECT has_table_privilege('outbox.migration', 'SELECT') AS ok");
  if (right.at(0)["ok"] != true) return {};
  const SchemaVersion version = Migrator(context.connection()).Check();
  if (version.current()) return {};
  const bool older = version.installed < version.known;
  return {{older ? "error" : "warning", kSchema,
           "the schema outbox is at version " + std::to_string(version.installed) +
               ", this program brings version " + std::to_string(version.known),
           older ? "Run: postrider migrate" : "Install the newer program here, too."}};
}

}  // namespace

bool HasSchema(CommandContext& context) {
  return context
             .Query("doctor",
                    "SELECT count(*) AS tables FROM pg_class c JOIN pg_namespace n ON n.oid = "
                    "c.relnamespace WHERE n.nspname = 'outbox' AND c.relname = 'migration'")
             .at(0)["tables"] == 1;
}

Findings CheckSchema(CommandContext& context) {
  if (!HasSchema(context)) {
    return {{"error", kSchema, "this database has no schema outbox",
             "Run: postrider migrate; or check database.url."}};
  }
  Findings findings = CheckVersion(context);
  const Json rows = context.Query(
      "doctor",
      "SELECT (SELECT seqcache FROM pg_sequence WHERE seqrelid = 'outbox.event_id_seq'::regclass) "
      "AS cache, (SELECT relpersistence FROM pg_class WHERE oid = to_regclass('outbox.canary')) AS "
      "canary, pg_is_in_recovery() AS standby");
  const Json& row = rows.at(0);
  if (row["cache"] != 1) {
    findings.push_back({"error", kSchema,
                        "the sequence outbox.event_id_seq hands out ids in blocks of " +
                            row["cache"].dump() + ": no relay sends anything",
                        "Run: ALTER SEQUENCE outbox.event_id_seq CACHE 1;"});
  }
  if (row["canary"] != "u") {
    findings.push_back({"error", kSchema,
                        "outbox.canary is missing or not UNLOGGED: a relay could not notice a "
                        "failover that lost commits",
                        "Run: ALTER TABLE outbox.canary SET UNLOGGED;"});
  }
  if (row["standby"] == true) {
    findings.push_back({"warning", kSchema, "the server is a standby: not all was looked at",
                        "Name the primary, or all hosts, in database.url."});
  }
  return findings;
}

Findings CheckPrivileges(CommandContext& context) {
  const Json rows = context.Query(
      "doctor",
      "SELECT p.what FROM (VALUES ('SELECT', 'event'), ('INSERT', 'outcome'), ('UPDATE', "
      "'outcome'), ('INSERT', 'attempt'), ('INSERT', 'backlog'), ('DELETE', 'backlog'), ('INSERT', "
      "'dead_letter'), ('UPDATE', 'lane'), ('UPDATE', 'fence'), ('INSERT', 'relay'), ('DELETE', "
      "'relay'), ('INSERT', 'canary'), ('INSERT', 'destination'), ('INSERT', 'subscription'), "
      "('TRUNCATE', 'event_0'), ('TRUNCATE', 'outcome_0'), ('TRUNCATE', 'attempt_0')) AS need "
      "(privilege, relation) CROSS JOIN LATERAL (SELECT need.privilege || ' on outbox.' || "
      "need.relation) AS p (what) WHERE NOT coalesce(has_table_privilege(to_regclass('outbox.' || "
      "need.relation), need.privilege), false)");
  Findings findings;
  std::string missing;
  for (const Json& row : rows) {
    missing += (missing.empty() ? "" : ", ") + row["what"].get<std::string>();
  }
  const std::string role = Role(context);
  if (!missing.empty()) {
    findings.push_back({"error", kPrivileges,
                        "role " + role + " may not relay; it lacks " + missing,
                        "For the user of a relay run: GRANT outbox_relay TO " + role + ";"});
  }
  const Json stats =
      context.Query("doctor", "SELECT pg_has_role('pg_read_all_stats', 'USAGE') AS ok");
  if (stats.at(0)["ok"] != true) {
    findings.push_back({"warning", kPrivileges,
                        "role " + role +
                            " may not see the transactions of others: postrider_oldest_snapshot_"
                            "seconds is absent, and this report knows only its own",
                        "Run as a superuser: GRANT pg_read_all_stats TO " + role + ";"});
  }
  return findings;
}

}  // namespace postrider
