#pragma once

#include <string>

#include "postrider/model/settings.h"
#include "postrider/postgres/postgres_roster.h"

namespace postrider {

/// Why this database must not be served with these settings, and what to do; empty: it may.
std::string ObstacleTo(const Settings& settings, const InstallationRecord& installation);

}  // namespace postrider
