#pragma once

#include "commands/command_error.h"
#include "postrider/postgres/fault.h"

namespace postrider {

/// What the database refused, for people: its message and hint without the server's inner context,
/// or advice of our own where the server gives none. Unknown names and senseless arguments count as
/// wrong usage, rows that are not there as "nothing matched".
CommandError ExplainFault(const DatabaseFault& fault);

}  // namespace postrider
