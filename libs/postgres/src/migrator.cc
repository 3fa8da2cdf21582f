#include "postrider/postgres/migrator.h"

#include <iomanip>
#include <sstream>
#include <stdexcept>

#include "migrator_script.h"
#include "migrator_statements.h"
#include "postrider/sql/scripts.h"

namespace postrider {
namespace {

constexpr char kQueryName[] = "migrate";
constexpr int kOldestServer = 130000;
/// For what only looks; what changes the schema takes as long as it takes.
constexpr milliseconds kLookLimit{60000};
/// What others left behind in a session that a pooler shares. Not in the script for psql: there the
/// session belongs to whoever runs it, and so does its role.
constexpr char kOwnSession[] =
    " SET LOCAL role TO DEFAULT; SET LOCAL idle_in_transaction_session_timeout = 0;";
constexpr char kSerializationFailure[] = "40001";

std::string FileName(const sql::Script& script) {
  std::ostringstream name;
  name << std::setw(4) << std::setfill('0') << script.version << '_' << script.name;
  return name.str();
}

std::string InstallationName(Connection& connection) {
  const Rows rows =
      connection.Execute(kQueryName, "SELECT name FROM outbox.installation", kLookLimit);
  return rows.empty() ? "" : std::string(rows.Text(0, 0));
}

/// The bucket period in seconds: a database has one for ever, since the column default has it.
void CheckPeriod(Connection& connection, std::chrono::seconds wanted) {
  const Rows rows = connection.Execute(
      kQueryName, "SELECT extract(epoch FROM bucket_period)::bigint FROM outbox.installation",
      kLookLimit);
  if (rows.empty()) return;
  const std::string found(rows.Text(0, 0));
  if (found != std::to_string(wanted.count())) {
    throw std::invalid_argument("bucket period " + std::to_string(wanted.count()) +
                                " s: this outbox was installed with " + found +
                                " s, which cannot be changed; leave --bucket-period out");
  }
}

}  // namespace

struct Migrator::Plan {
  SchemaVersion version;
  std::vector<std::string> statements;
};

Migrator::Migrator(Connection& connection) : connection_(connection) {}

SchemaVersion Migrator::Check() {
  SchemaVersion version;
  version.known = sql::Scripts().back().version;
  const Rows table = connection_.Execute(kQueryName,
                                         "SELECT FROM pg_catalog.pg_class c "
                                         "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
                                         "WHERE n.nspname = 'outbox' AND c.relname = 'migration'",
                                         kLookLimit);
  if (table.empty()) return version;
  const Rows rows = connection_.Execute(
      kQueryName, "SELECT coalesce(max(version), 0) FROM outbox.migration", kLookLimit);
  version.installed = std::stoi(std::string(rows.Text(0, 0)));
  return version;
}

Migrator::Plan Migrator::MakePlan(const MigrationOptions& options) {
  CheckOptions(options);
  if (connection_.server_version() < kOldestServer) {
    throw std::runtime_error("PostgreSQL 13 or newer is needed; the server's version number is " +
                             std::to_string(connection_.server_version()));
  }
  Plan plan;
  plan.version = Check();
  if (plan.version.installed > plan.version.known) {
    throw std::runtime_error("the schema outbox is at version " +
                             std::to_string(plan.version.installed) + ", this program knows " +
                             std::to_string(plan.version.known) +
                             ": migrate with the newer program");
  }
  if (plan.version.installed > 0 && options.bucket_period) {
    CheckPeriod(connection_, *options.bucket_period);
  }
  plan.statements = MigrationStatements(options, plan.version.installed, connection_);
  return plan;
}

std::string Migrator::Script(const MigrationOptions& options) {
  std::string script = "\\set ON_ERROR_STOP on\n\n";
  for (const auto& statement : MakePlan(options).statements) script += statement + "\n\n";
  return script;
}

MigrationReport Migrator::Migrate(const MigrationOptions& options) {
  constexpr int kTries = 3;
  for (int attempt = 1;; ++attempt) {
    const Plan plan = MakePlan(options);
    try {
      Run(plan.statements);
    } catch (const DatabaseFault& fault) {
      // Another migration was faster: look again what is left to do.
      if (fault.sqlstate() == kSerializationFailure && attempt < kTries) continue;
      throw;
    }
    MigrationReport report;
    report.before = plan.version;
    for (const auto& script : sql::Scripts()) {
      if (script.version > plan.version.installed) report.applied.push_back(FileName(script));
    }
    report.installation = InstallationName(connection_);
    return report;
  }
}

void Migrator::Run(const std::vector<std::string>& statements) {
  try {
    for (const auto& statement : statements) {
      const bool begins = &statement == &statements.front();
      RunOne(begins ? statement + kOwnSession : statement);
    }
  } catch (const DatabaseFault& fault) {
    if (!fault.connection_lost()) connection_.Execute(kQueryName, "ROLLBACK");
    throw;
  }
}

void Migrator::RunOne(const std::string& statement) {
  try {
    connection_.Execute(kQueryName, statement);
  } catch (const DatabaseFault& fault) {
    const bool commit = statement == "COMMIT;";
    throw DatabaseFault(std::string(fault.what()) + "\nSQLSTATE: " + fault.sqlstate() +
                            "\nStatement: " + Abbreviate(statement),
                        fault.query_name(), fault.sqlstate(), fault.connection_lost(),
                        commit && fault.commit_in_doubt());
  }
}

}  // namespace postrider
