#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace postrider::test {

/// A PostgreSQL server of its own in a temporary directory: started by the constructor, gone with
/// the destructor. Takes the newest installed version, or the one whose bin directory the variable
/// POSTRIDER_TEST_POSTGRES_BIN names. Run by root it runs as `postgres` or `nobody`.
/// The superuser is `postgres`, without password. If the thread that started it ends without
/// stopping it, the kernel does.
class PostgresServer {
 public:
  struct Options {
    /// Lines for postgresql.conf, such as `max_connections = 20`.
    std::vector<std::string> config;
    /// Off is faster, and safe against everything but a crash of the machine.
    bool fsync = false;
  };

  PostgresServer();
  explicit PostgresServer(const Options& options);
  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  /// Returns when connections are accepted. Throws with the end of the log when that fails.
  void Start();
  /// Fast shutdown: sessions are ended, then the server in good order.
  void Stop();
  /// A crash: SIGKILL to all processes of the server; returns when they are gone.
  void Kill();
  void Restart();
  /// Adds a line to postgresql.conf; counts from the next start.
  void Configure(const std::string& line);

  /// Runs a program of this version, such as `pg_dump`, as the user of the server, in its
  /// directory and with its output in the log. Throws with the end of the log when it fails.
  void RunProgram(const std::vector<std::string>& arguments) const;

  bool running() const { return postmaster_ > 0; }
  /// The first of its processes, while it runs.
  pid_t pid() const { return postmaster_; }
  int port() const { return port_; }
  /// E.g. for `pg_dump` and `psql` of the same version.
  const std::filesystem::path& bin_directory() const { return bin_; }
  /// Also where the Unix socket is.
  const std::filesystem::path& directory() const { return directory_; }
  /// The end of the server's log, for messages.
  std::string LogTail() const;

  /// Keywords for libpq.
  std::string Conninfo(const std::string& database = "postgres",
                       const std::string& user = "postgres") const;

 private:
  void InitDatabaseCluster(const Options& options);
  void WaitUntilReady();
  /// Starts a program of `bin_` as the server's user, its output in the log.
  pid_t Spawn(const std::vector<std::string>& arguments) const;
  bool ExitedWithin(int milliseconds);

  std::filesystem::path bin_;
  std::filesystem::path directory_;
  int port_ = 0;
  uid_t user_ = 0;
  gid_t group_ = 0;
  pid_t postmaster_ = 0;
};

/// The server of this test binary, started at first use and stopped at exit.
PostgresServer& SharedServer();

}  // namespace postrider::test
