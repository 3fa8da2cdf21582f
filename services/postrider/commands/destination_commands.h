#pragma once

namespace CLI {
class App;
}

namespace postrider {

/// Adds `destination` with list, park and drop.
void AddDestinationCommands(CLI::App& app, int& exit_code);

}  // namespace postrider
