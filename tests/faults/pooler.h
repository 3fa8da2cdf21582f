#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "faults/child_process.h"
#include "support/postgres_server.h"

namespace postrider::test {

/// PgBouncer in front of a server, in transaction mode unless the settings say otherwise. Started
/// by the constructor, killed by the destructor; its port stays the same over restarts.
class Pooler {
 public:
  /// @param server    outlives the pooler
  /// @param settings  lines of the section [pgbouncer], such as `default_pool_size = 2`
  explicit Pooler(const PostgresServer& server, const std::vector<std::string>& settings = {});
  ~Pooler();

  /// Returns when it accepts clients.
  void Start();
  /// SIGKILL: all its clients lose their connections.
  void Kill();
  /// It takes what is sent to it, and nothing comes back.
  void Freeze();
  void Thaw();
  /// From here on it connects to that server, as an operator makes it do after a failover: another
  /// file, RELOAD.
  /// @param server  outlives the pooler
  void PointTo(const PostgresServer& server);
  /// A command of its console: `PAUSE` lets what runs end, closes the sessions and keeps the
  /// clients waiting until `RESUME`.
  void Tell(const std::string& command) const;

  /// Keywords for libpq.
  std::string Conninfo(const std::string& database) const;
  /// The end of its log, for messages.
  std::string LogTail() const;

 private:
  void WriteFile() const;

  const PostgresServer* server_;
  const std::vector<std::string> settings_;
  const int port_;
  const std::filesystem::path directory_;
  std::unique_ptr<ChildProcess> process_;
};

}  // namespace postrider::test
