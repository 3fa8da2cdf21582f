#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "postrider/config/load.h"

namespace postrider {

/// A text whose variables were replaced.
struct Expanded {
  std::string text;
  std::vector<std::string> faults;  ///< not empty: `text` is not to be used
  bool changed = false;             ///< a variable was replaced
};

/// Replaces `${NAME}` and `${NAME:-default}`; the default is taken when the variable is unset or
/// empty. `$${` stands for `${`. What a variable holds is not looked at again.
Expanded Expand(std::string_view text, const Environment& environment);

/// Whether a name can be that of an environment variable: [A-Za-z_][A-Za-z0-9_]*.
bool IsVariableName(std::string_view name);

}  // namespace postrider
