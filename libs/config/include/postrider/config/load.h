#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "postrider/model/settings.h"

namespace postrider {

/// One thing that is wrong in a configuration file, or (in a list of warnings) doubtful.
struct ConfigError {
  std::string file;
  int line = 0;         ///< from 1; 0: the file as a whole
  int column = 0;       ///< from 1, in bytes
  std::string path;     ///< such as `destinations.cj.http.timeout`; empty: the document
  std::string message;  ///< what was found and what is allowed; never the value of a secret

  friend bool operator==(const ConfigError&, const ConfigError&) = default;
};

/// Where a configuration names a secret, so that a missing one can be reported with its position.
struct SecretUse {
  Secret secret;
  ConfigError where;       ///< without a message
  bool in_header = false;  ///< sent as the value of a header: a line break would break the request
};

/// A configuration as read. `settings` may be used only when `errors` is empty.
struct LoadedConfig {
  Settings settings;
  std::vector<ConfigError> errors;    ///< sorted by position
  std::vector<ConfigError> warnings;  ///< sorted by position
  std::vector<SecretUse> secrets;
};

/// The value of an environment variable; nullopt when it is not set.
using Environment = std::function<std::optional<std::string>(std::string_view)>;

/// The environment of this process.
Environment ProcessEnvironment();

/// Reads a YAML file of at most 1 MB. Never throws for what is in the file: every fault is in
/// `errors`, all at once (a fault of the YAML syntax hides what follows it). Secrets are not read;
/// see CheckSecrets.
LoadedConfig LoadConfigFile(const std::string& path, const Environment& environment);

/// The same for a text in memory; `name` stands for the file in messages.
LoadedConfig LoadConfigText(std::string_view text, const std::string& name,
                            const Environment& environment);

/// One line for each: `file:line:column: path: message`. Empty for none.
std::string FormatErrors(const std::vector<ConfigError>& errors);

}  // namespace postrider
