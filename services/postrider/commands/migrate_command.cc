#include "commands/migrate_command.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "commands/command_line.h"
#include "commands/command_options.h"
#include "commands/configuration.h"
#include "commands/json_output.h"
#include "commands/time_argument.h"
#include "postrider/config/secrets.h"
#include "postrider/postgres/conninfo.h"
#include "postrider/postgres/migrator.h"

namespace postrider {
namespace {

struct MigrateArguments {
  CommonOptions common;
  bool dry_run = false;
  bool check = false;
  std::string roles = "create";
  std::string bucket_period;
  MigrationOptions options;
};

void PrintCheck(const SchemaVersion& version, bool json) {
  if (json) {
    PrintJson({{"installed", version.installed},
               {"needed", version.known},
               {"current", version.current()}});
    return;
  }
  std::cout << "schema version " << version.installed << ", this program needs " << version.known
            << (version.current() ? "" : ": run 'postrider migrate'") << "\n";
}

void PrintReport(const MigrationReport& report, bool json) {
  if (json) {
    PrintJson({{"before", report.before.installed},
               {"version", report.before.known},
               {"applied", report.applied},
               {"installation", report.installation}});
    return;
  }
  for (const std::string& name : report.applied) std::cout << "applied " << name << "\n";
  if (report.applied.empty()) std::cout << "the schema is up to date\n";
  std::cout << "installation " << report.installation << "\n";
}

int RunMigrate(MigrateArguments arguments) {
  if (!arguments.bucket_period.empty()) {
    arguments.options.bucket_period = std::chrono::duration_cast<std::chrono::seconds>(
        ParseDuration("--bucket-period", arguments.bucket_period));
  }
  arguments.options.roles = arguments.roles == "create"     ? RolesMode::kCreate
                            : arguments.roles == "existing" ? RolesMode::kExisting
                                                            : RolesMode::kNone;
  const Settings settings = LoadSettings(arguments.common.config, SecretsNeeded::kDatabase);
  SecretReader secrets(ProcessEnvironment());
  Connection connection(MakeConninfo(settings.database, secrets.Resolver(), "postrider/migrate"));
  Migrator migrator(connection);
  if (arguments.check) {
    const SchemaVersion version = migrator.Check();
    PrintCheck(version, arguments.common.json);
    return version.current() ? kExitDone : kExitFailed;
  }
  if (arguments.dry_run) {
    const std::string script = migrator.Script(arguments.options);
    if (arguments.common.json) {
      PrintJson({{"script", script}});
    } else {
      std::cout << script;
    }
    return kExitDone;
  }
  PrintReport(migrator.Migrate(arguments.options), arguments.common.json);
  return kExitDone;
}

}  // namespace

void AddMigrateCommand(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<MigrateArguments>();
  auto* command =
      AddCommand(app, "migrate", "Bring the schema outbox up to date.",
                 "postrider migrate -c postrider.yaml --grant-producer shop", arguments->common);
  auto* dry_run = command->add_flag("--dry-run", arguments->dry_run, "Print the SQL, for psql");
  command->add_flag("--check", arguments->check, "Only say whether it is up to date")
      ->excludes(dry_run);
  command->add_option("--roles", arguments->roles, "create, existing or none")
      ->check(CLI::IsMember({"create", "existing", "none"}));
  command->add_option("--role-prefix", arguments->options.role_prefix, "Prefix of the roles");
  command->add_option("--grant-producer", arguments->options.grant_producer,
                      "Role that becomes a member of the producers");
  command->add_option("--grant-operator", arguments->options.grant_operator,
                      "Role that becomes a member of the operators");
  command->add_option("--bucket-period", arguments->bucket_period,
                      "Length of a bucket, fixed at the first migration (default 1d)");
  command->callback([arguments, &exit_code] { exit_code = RunMigrate(*arguments); });
}

}  // namespace postrider
