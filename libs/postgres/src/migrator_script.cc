#include "migrator_script.h"

#include <algorithm>
#include <stdexcept>

#include "migrator_statements.h"
#include "postrider/sql/scripts.h"

namespace postrider {
namespace {

constexpr std::chrono::seconds kLongestPeriod{31 * 86400};
constexpr std::chrono::seconds kDefaultPeriod{86400};

std::string Replace(std::string text, std::string_view what, std::string_view with) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
  return text;
}

/// Waits for another migration without limit, but for locks on tables only shortly: a long
/// transaction of the application must not queue all its others behind us.
constexpr std::string_view kPrologue = R"sql(
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL statement_timeout = 0;
SET LOCAL lock_timeout = 0;
SET LOCAL client_min_messages = warning;
SET LOCAL standard_conforming_strings = on;
SET LOCAL search_path = pg_catalog, pg_temp;
-- 'postride' as a number: one migration at a time in a database.
SELECT pg_advisory_xact_lock(8101821198635721829);
SET LOCAL lock_timeout = '10s';
DO $do$
DECLARE
  found int := 0;
BEGIN
  IF to_regclass('outbox.migration') IS NOT NULL THEN
    EXECUTE 'SELECT coalesce(max(version), 0) FROM outbox.migration' INTO found;
  END IF;
  IF found <> {installed} THEN
    RAISE serialization_failure USING
      MESSAGE = format('the schema outbox is at version %s by now, not at {installed}', found),
      HINT = 'Another migration was faster: run migrate again.';
  END IF;
END $do$;
)sql";

/// The name is eight characters drawn from the random bytes of a uuid (two bytes are not random).
constexpr std::string_view kInstallation = R"sql(
DO $do$
DECLARE
  bytes bytea := decode(replace(gen_random_uuid()::text, '-', ''), 'hex');
  name text := '';
  system_identifier bigint;
  n int;
BEGIN
  FOREACH n IN ARRAY '{0,1,2,3,4,5,10,11}'::int[] LOOP
    name := name || substr('abcdefghijklmnopqrstuvwxyz0123456789', get_byte(bytes, n) % 36 + 1, 1);
  END LOOP;
  BEGIN
    SELECT s.system_identifier INTO system_identifier FROM pg_control_system() s;
  EXCEPTION WHEN insufficient_privilege OR feature_not_supported THEN
    system_identifier := NULL;
  END;
  INSERT INTO outbox.installation (name, bucket_period, system_identifier)
  VALUES (name, interval '{bucket_period} seconds', system_identifier);
END $do$;
)sql";

constexpr std::string_view kMembership = R"sql(
DO $do$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = {member}) THEN
    RAISE undefined_object USING
      MESSAGE = format('there is no role %s to be given {role}', {member}),
      HINT = 'Create it first, or correct its name.';
  END IF;
  IF NOT pg_has_role({member}, '{role}', 'MEMBER') THEN
    EXECUTE format('GRANT {role} TO %I', {member});
  END IF;
EXCEPTION WHEN insufficient_privilege THEN
  RAISE insufficient_privilege USING
    MESSAGE = format('role %s may not give away the role {role}', current_user),
    HINT = format('Let a superuser, or who created it, say: GRANT {role} TO %I;', {member});
END $do$;
)sql";

/// The member is filled in last, so that nothing is replaced inside of its name.
std::string Membership(const std::string& role, const std::string& quoted_member) {
  return Replace(Replace(std::string(kMembership), "{role}", role), "{member}", quoted_member);
}

std::string Roles(const MigrationOptions& options, const Connection& connection) {
  if (options.roles == RolesMode::kNone) return "";
  std::string sql(sql::RolesScript());
  sql = Replace(sql, "{create}", options.roles == RolesMode::kCreate ? "true" : "false");
  sql = Replace(sql, "{prefix}", options.role_prefix);
  for (const auto& member : options.grant_producer) {
    sql += Membership(options.role_prefix + "producer", connection.Quote(member));
  }
  for (const auto& member : options.grant_operator) {
    sql += Membership(options.role_prefix + "operator", connection.Quote(member));
  }
  return sql;
}

}  // namespace

void CheckOptions(const MigrationOptions& options) {
  const auto& prefix = options.role_prefix;
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  };
  if (prefix.size() > 40 || !std::all_of(prefix.begin(), prefix.end(), allowed) ||
      (!prefix.empty() && prefix[0] >= '0' && prefix[0] <= '9')) {
    throw std::invalid_argument("role prefix '" + prefix +
                                "': at most 40 of a-z, 0-9 and _, not starting with a digit");
  }
  if (options.roles == RolesMode::kNone &&
      (!options.grant_producer.empty() || !options.grant_operator.empty())) {
    throw std::invalid_argument(
        "without roles nothing can be granted: leave out --grant-producer and --grant-operator, "
        "or --roles none");
  }
  if (options.bucket_period && (*options.bucket_period < std::chrono::seconds(1) ||
                                *options.bucket_period > kLongestPeriod)) {
    throw std::invalid_argument("bucket period " + std::to_string(options.bucket_period->count()) +
                                " s: 1s to 31d are allowed");
  }
}

std::vector<std::string> MigrationStatements(const MigrationOptions& options, int installed,
                                             const Connection& connection) {
  const auto period = std::to_string(options.bucket_period.value_or(kDefaultPeriod).count());
  std::string sql = Replace(std::string(kPrologue), "{installed}", std::to_string(installed));
  for (const auto& script : sql::Scripts()) {
    if (script.version <= installed) continue;
    sql += "\n" + Replace(std::string(script.text), "{bucket_period}", period);
    sql += "\nINSERT INTO outbox.migration (version, name) VALUES (" +
           std::to_string(script.version) + ", '" + std::string(script.name) + "');\n";
  }
  if (installed == 0) sql += Replace(std::string(kInstallation), "{bucket_period}", period);
  sql += Roles(options, connection);
  return SplitStatements(sql + "\nCOMMIT;\n");
}

}  // namespace postrider
