#include "commands/version_command.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "commands/command_line.h"
#include "commands/command_options.h"
#include "commands/json_output.h"
#include "relay/version.h"

namespace postrider {

void AddVersionCommand(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<CommonOptions>();
  auto* command =
      AddCommand(app, "version", "Print the version.", "postrider version --json", *options);
  command->callback([options, &exit_code] {
    if (options->json) {
      PrintJson({{"version", kVersion}});
    } else {
      std::cout << "postrider " << kVersion << "\n";
    }
    exit_code = kExitDone;
  });
}

}  // namespace postrider
