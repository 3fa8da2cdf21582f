#pragma once

#include <string>

#include "postrider/model/settings.h"

namespace postrider {

/// What a relay answered at /readyz.
struct Readiness {
  int status = 0;    ///< of HTTP; 200: ready
  std::string body;  ///< at most 64 KB
};

/// Asks GET /readyz of a relay on this machine, within 5 s for each step; an address that means
/// "any" is asked by loopback. Throws std::runtime_error that names the address when there is no
/// answer.
Readiness AskReadiness(const ListenAddress& address);

}  // namespace postrider
