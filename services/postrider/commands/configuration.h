#pragma once

#include <optional>
#include <string>

#include "postrider/config/load.h"

namespace postrider {

/// Which secrets of a configuration must be there. One that only a partner needs is no reason to
/// refuse a look at the database.
enum class SecretsNeeded { kNone, kDatabase, kAll };

/// Loads the file named by `path`, else by POSTRIDER_CONFIG, else postrider.yaml, and checks its
/// secrets. Faults are in the `errors` of the result.
LoadedConfig ReadConfiguration(const std::string& path, SecretsNeeded needed);

/// The same with all secrets. Prints warnings and errors to standard error; nullopt when there are
/// errors.
std::optional<LoadedConfig> LoadConfiguration(const std::string& path);

/// The settings, for a command that only looks: warnings are not repeated. Throws CommandError
/// (wrong configuration) with one line for each error.
Settings LoadSettings(const std::string& path, SecretsNeeded needed);

/// The file that is read for `path`.
std::string ConfigurationPath(const std::string& path);

}  // namespace postrider
