#pragma once

#include <string>
#include <vector>

namespace postrider {

/// The JSON Schema (draft 2020-12) of the configuration file, for editors: `postrider config
/// --schema`. Settings that are not supported yet are not in it.
std::string JsonSchema();

/// The reference of all settings as Markdown tables, as it stands in docs/configuration.md.
std::string SettingsReference();

/// The paths of all settings that have a value, destinations' as `destinations.NAME.topics`.
/// @param supported  false: those that are known and refused as not supported yet
std::vector<std::string> SettingPaths(bool supported);

}  // namespace postrider
