#pragma once

#include <string_view>

#include "node.h"
#include "report.h"

namespace postrider {

/// Parses one YAML document. An empty document is a null node. Returns nullptr when the text is
/// not UTF-8 or not YAML; that and lesser faults (a key that is a list, an alias of itself, two
/// documents) are in the report.
NodeRef ReadYaml(std::string_view text, Report& report);

}  // namespace postrider
