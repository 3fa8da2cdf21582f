#pragma once

namespace CLI {
class App;
}

namespace postrider {

/// Adds `status`: how destinations and relays are doing.
void AddStatusCommand(CLI::App& app, int& exit_code);

}  // namespace postrider
