#pragma once

#include <cstdint>
#include <string>

#include "postrider/model/time.h"

namespace postrider {

/// One start of one relay process.
struct Incarnation {
  std::string id;       ///< uuid
  std::string name;     ///< configured; a label only
  std::string version;  ///< of the software
  std::string host;     ///< host name, boot id and pid namespace: where `pid` means something
  int pid = 0;
  std::int64_t pid_start = 0;  ///< clock ticks since boot
  seconds lease{15};
};

/// A relay on the same host, as its row says.
struct Neighbour {
  std::string id;
  int pid = 0;
  std::int64_t pid_start = 0;
};

}  // namespace postrider
