#pragma once

#include <string>

#include "postrider/model/secret.h"
#include "postrider/model/settings.h"

namespace postrider {

/// The libpq connection string for a relay's session: the configured URL with the password as it is
/// now, UTF-8, a name in pg_stat_activity, a writable server, and limits that notice a dead peer.
/// Throws std::runtime_error when the URL cannot be parsed (the message names the place).
std::string MakeConninfo(const DatabaseSettings& settings, const SecretResolver& secrets,
                         const std::string& application_name);

}  // namespace postrider
