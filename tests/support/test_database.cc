#include "support/test_database.h"

#include <unistd.h>

#include <atomic>

#include "postrider/postgres/connection.h"
#include "postrider/postgres/migrator.h"

namespace postrider::test {
namespace {

constexpr char kTemplate[] = "postrider_template";
constexpr char kTemplateInTheMaking[] = "postrider_template_in_the_making";

void Run(PostgresServer& server, const std::string& sql) {
  Connection connection(server.Conninfo());
  connection.Execute("test", sql);
}

void MakeTemplateOnce(PostgresServer& server) {
  {
    Connection connection(server.Conninfo());
    const std::string sql =
        std::string("SELECT FROM pg_database WHERE datname = '") + kTemplate + "'";
    if (!connection.Execute("test", sql).empty()) return;
    // Of another name until it is migrated: a fault must not leave half a template.
    connection.Execute("test", std::string("DROP DATABASE IF EXISTS ") + kTemplateInTheMaking);
    connection.Execute("test", std::string("CREATE DATABASE ") + kTemplateInTheMaking);
  }
  {
    Connection connection(server.Conninfo(kTemplateInTheMaking));
    Migrator(connection).Migrate({});
  }
  Run(server, std::string("ALTER DATABASE ") + kTemplateInTheMaking + " RENAME TO " + kTemplate);
}

std::string NewName() {
  static std::atomic<int> count{0};
  return "test_" + std::to_string(getpid()) + "_" + std::to_string(++count);
}

void Drop(PostgresServer& server, const std::string& name) {
  if (!server.running()) return;
  try {
    Run(server, "DROP DATABASE IF EXISTS " + name + " WITH (FORCE)");
  } catch (const DatabaseFault&) {
    // A database that is left behind goes with its server.
  }
}

}  // namespace

TestDatabase::TestDatabase(PostgresServer& server) : server_(server), name_(NewName()) {
  MakeTemplateOnce(server_);
  Run(server_, "CREATE DATABASE " + name_ + " TEMPLATE " + kTemplate);
}

TestDatabase::~TestDatabase() { Drop(server_, name_); }

std::string TestDatabase::Conninfo(const std::string& user) const {
  return server_.Conninfo(name_, user);
}

EmptyDatabase::EmptyDatabase(PostgresServer& server, const std::string& owner)
    : server_(server), name_(NewName()) {
  Run(server_, "CREATE DATABASE " + name_ + " OWNER " + owner);
}

EmptyDatabase::~EmptyDatabase() { Drop(server_, name_); }

std::string EmptyDatabase::Conninfo(const std::string& user) const {
  return server_.Conninfo(name_, user);
}

}  // namespace postrider::test
