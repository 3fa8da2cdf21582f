#pragma once

#include <optional>
#include <string>

#include "postrider/config/load.h"

namespace postrider {

/// Loads the file named by `path`, else by POSTRIDER_CONFIG, else postrider.yaml, and checks its
/// secrets. Prints warnings and errors to standard error; nullopt when there are errors.
std::optional<LoadedConfig> LoadConfiguration(const std::string& path);

/// The file that LoadConfiguration would read.
std::string ConfigurationPath(const std::string& path);

}  // namespace postrider
