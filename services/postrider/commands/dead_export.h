#pragma once

#include <string>

#include "commands/command_options.h"
#include "commands/dead_filter.h"

namespace postrider {

struct DeadExportArguments {
  CommonOptions common;
  DeadFilter filter;
  std::string output;  ///< a file; empty: standard output
};

/// `dead export`: one line of JSON for each letter, payload included, by ascending id. Reads page
/// by page, so that any number fits. A file is readable by its owner alone, and is there whole or
/// not at all.
int RunDeadExport(const DeadExportArguments& arguments);

}  // namespace postrider
