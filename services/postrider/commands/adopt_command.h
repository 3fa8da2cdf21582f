#pragma once

namespace CLI {
class App;
}

namespace postrider {

/// `adopt`: lets a relay go on with an outbox that was restored, moved or cloned.
void AddAdoptCommand(CLI::App& app, int& exit_code);

}  // namespace postrider
