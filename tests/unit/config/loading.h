#pragma once

#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "postrider/config/load.h"

namespace postrider {

/// An environment that holds just these variables.
inline Environment Variables(std::map<std::string, std::string, std::less<>> variables = {}) {
  return [variables = std::move(variables)](std::string_view name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
}

/// A text loaded as the file `p.yaml`.
inline LoadedConfig Load(std::string_view text, const Environment& environment = Variables()) {
  return LoadConfigText(text, "p.yaml", environment);
}

inline std::string Errors(std::string_view text, const Environment& environment = Variables()) {
  return FormatErrors(Load(text, environment).errors);
}

/// A file of the project, by its path in the source tree.
inline std::string ProjectFile(const std::string& path) {
  std::ifstream file(std::string(POSTRIDER_SOURCE_DIR) + "/" + path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace postrider
