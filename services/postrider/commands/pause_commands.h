#pragma once

namespace CLI {
class App;
}

namespace postrider {

/// Adds `pause` and `resume` of a destination.
void AddPauseCommands(CLI::App& app, int& exit_code);

}  // namespace postrider
