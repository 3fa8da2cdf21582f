#pragma once

namespace CLI {
class App;
}

namespace postrider {

/// Adds `version`.
void AddVersionCommand(CLI::App& app, int& exit_code);

}  // namespace postrider
