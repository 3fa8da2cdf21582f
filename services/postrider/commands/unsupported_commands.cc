#include "commands/unsupported_commands.h"

#include <CLI/CLI.hpp>

#include "commands/command_error.h"
#include "commands/command_line.h"

namespace postrider {

void AddUnsupported(CLI::App& parent, const std::string& words, const std::string& description) {
  const std::string name = words.substr(words.rfind(' ') + 1);
  CLI::App* command = parent.add_subcommand(name, description + " Not supported yet.");
  command->allow_extras();
  command->prefix_command();
  command->callback(
      [words] { throw CommandError(kExitUsage, "'" + words + "' is not supported yet"); });
}

void AddUnsupportedCommands(CLI::App& app) {
  const auto add = [&](const char* name, const char* description) {
    AddUnsupported(app, name, description);
  };
  add("reconcile", "Compare with what a partner says it has.");
  add("send", "Send one event, or show the exact request.");
}

}  // namespace postrider
