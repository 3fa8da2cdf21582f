#pragma once

#include <string>

#include "support/postgres_server.h"

namespace postrider::test {

/// A database of its own for one test, with the schema migrated (roles created, prefix `outbox_`):
/// cloned from a template that is made once per server. Dropped with its sessions at the end.
class TestDatabase {
 public:
  /// `server` must outlive this and be running.
  explicit TestDatabase(PostgresServer& server = SharedServer());
  ~TestDatabase();
  TestDatabase(const TestDatabase&) = delete;
  TestDatabase& operator=(const TestDatabase&) = delete;

  const std::string& name() const { return name_; }
  PostgresServer& server() const { return server_; }
  std::string Conninfo(const std::string& user = "postgres") const;

 private:
  PostgresServer& server_;
  std::string name_;
};

/// An empty database, not migrated. Dropped at the end, too.
class EmptyDatabase {
 public:
  /// @param owner  a role that exists
  explicit EmptyDatabase(PostgresServer& server = SharedServer(),
                         const std::string& owner = "postgres");
  ~EmptyDatabase();
  EmptyDatabase(const EmptyDatabase&) = delete;
  EmptyDatabase& operator=(const EmptyDatabase&) = delete;

  const std::string& name() const { return name_; }
  std::string Conninfo(const std::string& user = "postgres") const;

 private:
  PostgresServer& server_;
  std::string name_;
};

}  // namespace postrider::test
