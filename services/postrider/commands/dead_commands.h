#pragma once

namespace CLI {
class App;
}

namespace postrider {

/// Adds `dead` with its commands: what died, and what becomes of it.
void AddDeadCommands(CLI::App& app, int& exit_code);

}  // namespace postrider
