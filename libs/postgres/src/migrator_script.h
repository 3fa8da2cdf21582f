#pragma once

#include <string>
#include <vector>

#include "postrider/postgres/migrator.h"

namespace postrider {

/// Throws std::invalid_argument that names what is wrong with the options in themselves.
void CheckOptions(const MigrationOptions& options);

/// The statements that bring a schema from version `installed` to ours: BEGIN, the lock, a guard
/// against a migration that was faster, the files, the records, roles and grants, COMMIT.
std::vector<std::string> MigrationStatements(const MigrationOptions& options, int installed,
                                             const Connection& connection);

}  // namespace postrider
