#pragma once

namespace CLI {
class App;
}

namespace postrider {

/// Adds `healthcheck`: asks the relay on this machine whether it is ready.
void AddHealthcheckCommand(CLI::App& app, int& exit_code);

}  // namespace postrider
