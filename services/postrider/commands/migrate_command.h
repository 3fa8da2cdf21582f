#pragma once

namespace CLI {
class App;
}

namespace postrider {

/// Adds `postrider migrate` to the command line.
void AddMigrateCommand(CLI::App& app, int& exit_code);

}  // namespace postrider
