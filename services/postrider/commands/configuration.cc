#include "commands/configuration.h"

#include <cstdlib>
#include <iostream>
#include <utility>

#include "commands/command_error.h"
#include "commands/command_line.h"
#include "postrider/config/secrets.h"

namespace postrider {

std::string ConfigurationPath(const std::string& path) {
  if (!path.empty()) return path;
  const char* named = std::getenv("POSTRIDER_CONFIG");
  return named != nullptr && *named != '\0' ? named : "postrider.yaml";
}

LoadedConfig ReadConfiguration(const std::string& path, SecretsNeeded needed) {
  LoadedConfig config = LoadConfigFile(ConfigurationPath(path), ProcessEnvironment());
  if (!config.errors.empty() || needed == SecretsNeeded::kNone) return config;
  if (needed == SecretsNeeded::kDatabase) {
    std::erase_if(config.secrets,
                  [](const SecretUse& use) { return !use.where.path.starts_with("database."); });
  }
  SecretReader reader(ProcessEnvironment());
  config.errors = CheckSecrets(config, reader.Resolver());
  return config;
}

std::optional<LoadedConfig> LoadConfiguration(const std::string& path) {
  LoadedConfig config = ReadConfiguration(path, SecretsNeeded::kAll);
  if (!config.warnings.empty()) std::cerr << "warning: " << FormatErrors(config.warnings);
  if (config.errors.empty()) return config;
  std::cerr << FormatErrors(config.errors);
  // Line 0: the file as a whole.
  if (config.errors.front().line == 0) {
    std::cerr << "Name the file with -c or POSTRIDER_CONFIG.\n";
  }
  return std::nullopt;
}

Settings LoadSettings(const std::string& path, SecretsNeeded needed) {
  LoadedConfig config = ReadConfiguration(path, needed);
  if (config.errors.empty()) return std::move(config.settings);
  std::string errors = FormatErrors(config.errors);
  errors.erase(errors.find_last_not_of('\n') + 1);
  throw CommandError(kExitUsage, errors,
                     "Name the file with -c or POSTRIDER_CONFIG; 'postrider check' looks at it.");
}

}  // namespace postrider
