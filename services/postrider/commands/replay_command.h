#pragma once

namespace CLI {
class App;
}

namespace postrider {

/// Adds `replay`: sends again what a destination was sent in a range of time.
void AddReplayCommand(CLI::App& app, int& exit_code);

}  // namespace postrider
