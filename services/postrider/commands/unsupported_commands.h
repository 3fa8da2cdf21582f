#pragma once

#include <string>

namespace CLI {
class App;
}

namespace postrider {

/// Adds a command that is known but says "not supported yet" and exits with wrong usage, whatever
/// its arguments are.
/// @param words  all words of the command, such as `event trace`; the last one is added to `parent`
void AddUnsupported(CLI::App& parent, const std::string& words, const std::string& description);

/// Adds every command at the top level that is not supported yet.
void AddUnsupportedCommands(CLI::App& app);

}  // namespace postrider
