#pragma once

namespace CLI {
class App;
}

namespace postrider {

/// Adds `doctor`: looks for what is wrong with the set-up, and says what to do about each.
void AddDoctorCommand(CLI::App& app, int& exit_code);

}  // namespace postrider
