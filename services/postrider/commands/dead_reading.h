#pragma once

#include <cstdint>

#include "commands/command_options.h"
#include "commands/dead_filter.h"

namespace postrider {

struct DeadListArguments {
  CommonOptions common;
  DeadFilter filter;
};

struct DeadShowArguments {
  CommonOptions common;
  std::int64_t id = 0;
};

/// How many letters there are by destination, reason, class and status, for people and for
/// `dead summary`: rows with the column `letters`.
Json SummariseDead(CommandContext& context, const std::string& condition);

/// The rows of SummariseDead as a table.
std::string RenderDeadSummary(const Json& rows);

/// `dead summary`: counts of what the filter matches.
int RunDeadSummary(const DeadListArguments& arguments);

/// `dead list`: the newest first, without payloads.
int RunDeadList(const DeadListArguments& arguments);

/// `dead show`: one letter with request, answer and, where permitted, payload.
int RunDeadShow(const DeadShowArguments& arguments);

}  // namespace postrider
