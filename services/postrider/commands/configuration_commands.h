#pragma once

namespace CLI {
class App;
}

namespace postrider {

/// Adds `check` and `config`, which look at the configuration file only.
void AddConfigurationCommands(CLI::App& app, int& exit_code);

}  // namespace postrider
