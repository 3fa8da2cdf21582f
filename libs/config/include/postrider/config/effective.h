#pragma once

#include <string>

#include "postrider/model/settings.h"

namespace postrider {

/// The settings as a YAML file with every default written out: what `postrider config` prints. It
/// can be loaded again and then means the same, but for what is masked as `***`: passwords in URLs,
/// and headers and query parameters whose name says that they are secret. A secret is shown as
/// where it is kept. A default that is found out at start stands in a comment.
std::string RenderEffective(const Settings& settings);

/// The same as one JSON object, for programs: numbers and booleans are such, durations and sizes are
/// text as in YAML, and a default that is found out at start is left out.
std::string RenderEffectiveJson(const Settings& settings);

}  // namespace postrider
