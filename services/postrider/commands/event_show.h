#pragma once

#include <cstdint>

#include "commands/command_options.h"

namespace postrider {

struct EventShowArguments {
  CommonOptions common;
  std::int64_t id = 0;
};

/// `event show`: an event, its deliveries, and the attempts that did not settle it.
int RunEventShow(const EventShowArguments& arguments);

}  // namespace postrider
