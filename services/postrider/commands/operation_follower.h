#pragma once

#include <cstdint>

#include "commands/command_context.h"

namespace postrider {

/// Makes the batches of an operation that are left, one transaction each, until it has ended;
/// relays may do so at the same time. On a terminal shows the progress. Returns `status`,
/// `matched`, `done` and `error`. When this process ends before, a relay goes on.
Json FollowOperation(CommandContext& context, std::int64_t operation);

}  // namespace postrider
