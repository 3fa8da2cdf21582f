#pragma once

#include <string>

namespace postrider {

struct RunOptions {
  std::string config;
  bool migrate = false;
  bool once = false;
  bool json = false;  ///< log lines as JSON, whatever log.format says
};

/// `postrider run`: relays until SIGTERM or SIGINT; a second signal stops at once.
int RunRelay(const RunOptions& options);

}  // namespace postrider
