#pragma once

#include <string>

namespace CLI {
class App;
}

namespace postrider {

/// What every command takes.
struct CommonOptions {
  std::string config;  ///< empty: POSTRIDER_CONFIG, else postrider.yaml
  bool json = false;
};

/// Adds a command with -c, --json and an example below its help. `options` must outlive the
/// parsing.
CLI::App* AddCommand(CLI::App& parent, const std::string& name, const std::string& description,
                     const std::string& example, CommonOptions& options);

/// Adds a command that is only a name for those below it, of which one must be given.
CLI::App* AddGroup(CLI::App& parent, const std::string& name, const std::string& description);

}  // namespace postrider
