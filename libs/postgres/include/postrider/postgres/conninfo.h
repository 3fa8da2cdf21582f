#pragma once

#include <string>

#include "postrider/model/secret.h"
#include "postrider/model/settings.h"

namespace postrider {

/// Which of several hosts a session may have.
enum class ServerKind {
  kReadWrite,
  kAny,  ///< a standby as well, unless the URL has a target_session_attrs of its own
};

/// The libpq connection string for a session: the configured URL with the password as it is now,
/// UTF-8, a name in pg_stat_activity, the kind of server, and limits that notice a dead peer.
/// Throws std::runtime_error when the URL cannot be parsed (the message names the place).
std::string MakeConninfo(const DatabaseSettings& settings, const SecretResolver& secrets,
                         const std::string& application_name,
                         ServerKind kind = ServerKind::kReadWrite);

}  // namespace postrider
