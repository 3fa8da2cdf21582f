#include "commands/command_options.h"

#include <CLI/CLI.hpp>

namespace postrider {

CLI::App* AddCommand(CLI::App& parent, const std::string& name, const std::string& description,
                     const std::string& example, CommonOptions& options) {
  CLI::App* command = parent.add_subcommand(name, description);
  command->footer("Example: " + example);
  command->add_option("-c,--config", options.config,
                      "Configuration file (default: POSTRIDER_CONFIG, else postrider.yaml)");
  command->add_flag("--json", options.json, "Print JSON");
  return command;
}

CLI::App* AddGroup(CLI::App& parent, const std::string& name, const std::string& description) {
  CLI::App* group = parent.add_subcommand(name, description);
  group->require_subcommand(1);
  return group;
}

}  // namespace postrider
