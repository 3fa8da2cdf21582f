#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "postrider/postgres/connection.h"

namespace postrider {

/// What a migration does about the roles producer, viewer, operator and relay.
enum class RolesMode {
  kCreate,    ///< creates those that are missing, and grants
  kExisting,  ///< grants to those that exist
  kNone,      ///< neither: the owner of the schema does everything
};

struct MigrationOptions {
  RolesMode roles = RolesMode::kCreate;
  /// Of the role names; [a-z_][a-z0-9_]*, at most 40 characters.
  std::string role_prefix = "outbox_";
  /// Roles that become members of `<prefix>producer`. They must exist.
  std::vector<std::string> grant_producer;
  /// Roles that become members of `<prefix>operator`.
  std::vector<std::string> grant_operator;
  /// Length of a bucket, 1 s .. 31 d; fixed by the first migration. nullopt: one day, or as it is.
  std::optional<std::chrono::seconds> bucket_period;
};

struct SchemaVersion {
  int installed = 0;  ///< 0: no schema
  int known = 0;      ///< what this program brings

  bool current() const { return installed == known; }
};

struct MigrationReport {
  SchemaVersion before;
  /// Names of the files that were applied, such as `0001_tables`; empty: only roles and grants.
  std::vector<std::string> applied;
  /// The installation's name, eight characters of [a-z0-9].
  std::string installation;
};

/// Brings the schema `outbox` to the version of this program, in one transaction under an advisory
/// lock; running it again only renews roles and grants. Needs no session state, so a pooler in
/// transaction mode may stand between. Wrong options throw std::invalid_argument before anything is
/// done; what the database refuses throws DatabaseFault with SQLSTATE, statement and advice.
class Migrator {
 public:
  /// `connection` must outlive this.
  explicit Migrator(Connection& connection);

  /// Reads which version is installed; changes nothing.
  SchemaVersion Check();

  /// What Migrate would run now, as a script for psql, its transaction included. Changes nothing.
  std::string Script(const MigrationOptions& options);

  /// Blocks while another migration of this database is under way. Nothing is changed on a fault.
  MigrationReport Migrate(const MigrationOptions& options);

 private:
  struct Plan;
  Plan MakePlan(const MigrationOptions& options);
  void Run(const std::vector<std::string>& statements);
  void RunOne(const std::string& statement);

  Connection& connection_;
};

}  // namespace postrider
