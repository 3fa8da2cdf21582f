#include "faults/pooler.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <fstream>
#include <stdexcept>

#include "support/free_port.h"

namespace postrider::test {
namespace {

constexpr char kProgram[] = "/usr/sbin/pgbouncer";

std::filesystem::path MakeDirectory() {
  std::string name = (std::filesystem::temp_directory_path() / "postrider-pool-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed for " + name);
  // It gives up root, and then still has to read its file.
  std::filesystem::permissions(name, std::filesystem::perms(0755));
  return name;
}

}  // namespace

Pooler::Pooler(const PostgresServer& server, const std::vector<std::string>& settings)
    : server_(&server), settings_(settings), port_(FreePort()), directory_(MakeDirectory()) {
  if (access(kProgram, X_OK) != 0) {
    throw std::runtime_error(std::string(kProgram) + " is missing: install the package pgbouncer");
  }
  std::ofstream(directory_ / "users") << "\"postgres\" \"\"\n";
  WriteFile();
  Start();
}

void Pooler::WriteFile() const {
  std::ofstream file(directory_ / "pgbouncer.ini");
  file << "[databases]\n* = host=127.0.0.1 port=" << server_->port()
       << "\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = " << port_
       << "\nunix_socket_dir =\nauth_type = trust\nauth_file = " << (directory_ / "users").string()
       << "\nadmin_users = postgres\npool_mode = transaction\nserver_login_retry = 1\n";
  for (const std::string& line : settings_) file << line << '\n';
}

void Pooler::PointTo(const PostgresServer& server) {
  server_ = &server;
  WriteFile();
  Tell("RELOAD");
}

Pooler::~Pooler() {
  Kill();
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

void Pooler::Start() {
  std::vector<std::string> arguments = {kProgram};
  if (geteuid() == 0) arguments.insert(arguments.end(), {"-u", "postgres"});
  arguments.push_back((directory_ / "pgbouncer.ini").string());
  process_ = std::make_unique<ChildProcess>(arguments, directory_ / "out", directory_ / "log");
  const auto accepts = [this] {
    try {
      Tell("SHOW VERSION");
      return true;
    } catch (const std::runtime_error&) {
      return false;
    }
  };
  if (!Eventually(accepts)) throw std::runtime_error("PgBouncer does not start: " + LogTail());
}

void Pooler::Kill() { process_.reset(); }

void Pooler::Freeze() { process_->Signal(SIGSTOP); }
void Pooler::Thaw() { process_->Signal(SIGCONT); }

void Pooler::Tell(const std::string& command) const {
  // By psql: the console answers nothing but commands of its own, and libpqxx asks more.
  const std::string line = (server_->bin_directory() / "psql").string() +
                           " -qAtX -v ON_ERROR_STOP=1" + " -d '" + Conninfo("pgbouncer") +
                           "' -c '" + command + "' > " + (directory_ / "console").string() +
                           " 2>&1";
  if (std::system(line.c_str()) == 0) return;
  throw std::runtime_error("PgBouncer refuses " + command + ": " +
                           ReadFile(directory_ / "console"));
}

std::string Pooler::Conninfo(const std::string& database) const {
  return "host=127.0.0.1 port=" + std::to_string(port_) + " dbname=" + database +
         " user=postgres connect_timeout=10";
}

std::string Pooler::LogTail() const {
  constexpr std::size_t kTail = 2000;
  const std::string log = ReadFile(directory_ / "log");
  return log.size() <= kTail ? log : log.substr(log.size() - kTail);
}

}  // namespace postrider::test
