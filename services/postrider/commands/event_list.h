#pragma once

#include <string>

#include "commands/command_options.h"

namespace postrider {

struct EventListArguments {
  CommonOptions common;
  std::string key;
  std::string topic;  ///< a pattern as in a subscription
  std::string destination;
  std::string state;
  std::string since = "24h";
  int limit = 50;
};

/// `event list`: deliveries, the newest event first.
int RunEventList(const EventListArguments& arguments);

}  // namespace postrider
