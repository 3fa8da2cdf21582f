#pragma once

#include <cstdint>
#include <string>

#include "commands/command_options.h"

namespace postrider {

struct EventCancelArguments {
  CommonOptions common;
  std::int64_t id = 0;
  std::string destination;  ///< empty: every one
  std::string note;
  std::string wait = "2s";  ///< for the relay's decision
};

/// `event cancel`: asks not to send an event, and waits a moment for what the relay decides.
int RunEventCancel(const EventCancelArguments& arguments);

}  // namespace postrider
