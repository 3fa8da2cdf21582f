#pragma once

namespace CLI {
class App;
}

namespace postrider {

/// Adds `event` with list, show, trace and cancel.
void AddEventCommands(CLI::App& app, int& exit_code);

}  // namespace postrider
