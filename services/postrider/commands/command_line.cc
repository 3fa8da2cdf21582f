#include "commands/command_line.h"

#include <CLI/CLI.hpp>
#include <exception>
#include <iostream>

#include "commands/adopt_command.h"
#include "commands/command_error.h"
#include "commands/configuration_commands.h"
#include "commands/dead_commands.h"
#include "commands/destination_commands.h"
#include "commands/doctor_command.h"
#include "commands/event_commands.h"
#include "commands/fault_text.h"
#include "commands/healthcheck_command.h"
#include "commands/migrate_command.h"
#include "commands/operation_commands.h"
#include "commands/pause_commands.h"
#include "commands/reload_command.h"
#include "commands/replay_command.h"
#include "commands/run_command.h"
#include "commands/status_command.h"
#include "commands/unsupported_commands.h"
#include "commands/version_command.h"

namespace postrider {
namespace {

void AddRunCommand(CLI::App& app, RunOptions& run, int& exit_code) {
  auto* command = app.add_subcommand("run", "Relay until SIGTERM or SIGINT.");
  command->footer("Example: postrider run -c /etc/postrider/postrider.yaml --migrate");
  command->add_option("-c,--config", run.config, "Configuration file");
  command->add_flag("--migrate", run.migrate, "Bring the schema up to date first");
  command->add_flag("--json", run.json, "Log lines as JSON, whatever log.format says");
  command->add_flag("--once", run.once, "Stop when nothing is due any more");
  command->callback([&run, &exit_code] { exit_code = RunRelay(run); });
}

int Dispatch(int argc, char** argv) {
  CLI::App app("Transactional outbox relay for PostgreSQL.", "postrider");
  app.require_subcommand(1);
  app.footer(
      "Exit codes: 0 done, 1 failed or findings, 2 wrong usage or configuration, 3 nothing "
      "matched, 4 declined or partly done.\n'postrider COMMAND --help' shows an example.");
  int exit_code = kExitDone;
  RunOptions run;
  AddRunCommand(app, run, exit_code);
  AddMigrateCommand(app, exit_code);
  AddAdoptCommand(app, exit_code);
  AddConfigurationCommands(app, exit_code);
  AddReloadCommand(app, exit_code);
  AddStatusCommand(app, exit_code);
  AddEventCommands(app, exit_code);
  AddDeadCommands(app, exit_code);
  AddReplayCommand(app, exit_code);
  AddPauseCommands(app, exit_code);
  AddDestinationCommands(app, exit_code);
  AddOperationCommands(app, exit_code);
  AddDoctorCommand(app, exit_code);
  AddHealthcheckCommand(app, exit_code);
  AddVersionCommand(app, exit_code);
  AddUnsupportedCommands(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitDone : kExitUsage;
  }
  return exit_code;
}

int Tell(const CommandError& error) {
  std::cout << std::flush;
  std::cerr << "postrider: " << error.what() << "\n";
  if (!error.hint().empty()) std::cerr << error.hint() << "\n";
  return error.exit_code();
}

}  // namespace

int RunCommandLine(int argc, char** argv) {
  try {
    return Dispatch(argc, argv);
  } catch (const CommandError& error) {
    return Tell(error);
  } catch (const DatabaseFault& fault) {
    return Tell(ExplainFault(fault));
  } catch (const std::exception& error) {
    return Tell(CommandError(kExitFailed, error.what()));
  }
}

}  // namespace postrider
