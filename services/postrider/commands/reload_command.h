#pragma once

namespace CLI {
class App;
}

namespace postrider {

/// `postrider reload`: asks relays over the database to read their files again, and says what they
/// answered.
void AddReloadCommand(CLI::App& app, int& exit_code);

}  // namespace postrider
