#pragma once

namespace CLI {
class App;
}

namespace postrider {

/// Adds `operation` with list, show and cancel: what people have changed, and long work under way.
void AddOperationCommands(CLI::App& app, int& exit_code);

}  // namespace postrider
