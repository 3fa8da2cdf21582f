#include "commands/command_line.h"

#include <CLI/CLI.hpp>

#include <exception>
#include <iostream>

#include "commands/migrate_command.h"
#include "commands/run_command.h"
#include "relay/version.h"

namespace postrider {
namespace {

int Dispatch(int argc, char** argv) {
  CLI::App app("Transactional outbox relay for PostgreSQL.", "postrider");
  app.require_subcommand(1);
  int exit_code = kExitDone;

  RunOptions run;
  auto* run_command = app.add_subcommand("run", "Relay until SIGTERM or SIGINT.");
  run_command->footer("Example: postrider run -c /etc/postrider/postrider.yaml --migrate");
  run_command->add_option("-c,--config", run.config, "Configuration file");
  run_command->add_flag("--migrate", run.migrate, "Bring the schema up to date first");
  run_command->add_flag("--once", run.once, "Stop when nothing is due any more");
  run_command->callback([&] { exit_code = RunRelay(run); });

  AddMigrateCommand(app, exit_code);

  auto* version = app.add_subcommand("version", "Print the version.");
  version->callback([] { std::cout << "postrider " << kVersion << "\n"; });

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitDone : kExitUsage;
  }
  return exit_code;
}

}  // namespace

int RunCommandLine(int argc, char** argv) {
  try {
    return Dispatch(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "postrider: " << error.what() << "\n";
    return kExitFailed;
  }
}

}  // namespace postrider
