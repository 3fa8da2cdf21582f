#include "commands/configuration.h"

#include <cstdlib>
#include <iostream>

#include "postrider/config/secrets.h"

namespace postrider {

std::string ConfigurationPath(const std::string& path) {
  if (!path.empty()) return path;
  const char* named = std::getenv("POSTRIDER_CONFIG");
  return named != nullptr && *named != '\0' ? named : "postrider.yaml";
}

std::optional<LoadedConfig> LoadConfiguration(const std::string& path) {
  LoadedConfig config = LoadConfigFile(ConfigurationPath(path), ProcessEnvironment());
  if (config.errors.empty()) {
    SecretReader reader(ProcessEnvironment());
    config.errors = CheckSecrets(config, reader.Resolver());
  }
  if (!config.warnings.empty()) std::cerr << "warning: " << FormatErrors(config.warnings);
  if (config.errors.empty()) return config;
  std::cerr << FormatErrors(config.errors);
  return std::nullopt;
}

}  // namespace postrider
