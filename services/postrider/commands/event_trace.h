#pragma once

#include <cstdint>

#include "commands/command_options.h"

namespace postrider {

struct EventTraceArguments {
  CommonOptions common;
  std::int64_t id = 0;
};

/// `event trace`: the family of an event, from its first cause down.
int RunEventTrace(const EventTraceArguments& arguments);

}  // namespace postrider
