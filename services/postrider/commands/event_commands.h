#pragma once

namespace CLI {
class App;
}

namespace postrider {

/// Adds `event list` and `event show`.
void AddEventCommands(CLI::App& app, int& exit_code);

}  // namespace postrider
