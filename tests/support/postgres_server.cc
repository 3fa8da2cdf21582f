#include "support/postgres_server.h"

#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "postrider/postgres/connection.h"
#include "support/free_port.h"

namespace postrider::test {
namespace {

namespace fs = std::filesystem;
using std::chrono::steady_clock;

constexpr std::chrono::seconds kPatience{60};
constexpr std::chrono::milliseconds kGlance{10};

fs::path FindBinDirectory() {
  if (const char* chosen = getenv("POSTRIDER_TEST_POSTGRES_BIN")) return chosen;
  int newest = 0;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator("/usr/lib/postgresql", ignored)) {
    const int version = atoi(entry.path().filename().c_str());
    if (version > newest && fs::exists(entry.path() / "bin" / "initdb")) newest = version;
  }
  if (newest == 0) {
    throw std::runtime_error(
        "no PostgreSQL server in /usr/lib/postgresql: install the package postgresql, or set "
        "POSTRIDER_TEST_POSTGRES_BIN to its bin directory");
  }
  return fs::path("/usr/lib/postgresql") / std::to_string(newest) / "bin";
}

fs::path MakeDirectory() {
  std::string name = (fs::temp_directory_path() / "postrider-pg-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed for " + name);
  return name;
}

/// The parent of a process and whether it still runs (a zombie does not).
struct ProcessState {
  pid_t parent = 0;
  bool runs = false;
};

ProcessState StateOf(pid_t pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string text((std::istreambuf_iterator<char>(stat)), {});
  const auto name_end = text.rfind(')');
  if (name_end == std::string::npos) return {};
  std::istringstream rest(text.substr(name_end + 1));
  char state = 'X';
  ProcessState result;
  rest >> state >> result.parent;
  result.runs = state != 'Z' && state != 'X';
  return result;
}

std::vector<pid_t> ChildrenOf(pid_t parent) {
  std::vector<pid_t> children;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const auto pid = static_cast<pid_t>(atoi(entry.path().filename().c_str()));
    if (pid > 0 && StateOf(pid).parent == parent) children.push_back(pid);
  }
  return children;
}

}  // namespace

PostgresServer::PostgresServer() : PostgresServer(Options{}) {}

PostgresServer::PostgresServer(const Options& options)
    : bin_(FindBinDirectory()), directory_(MakeDirectory()), port_(FreePort()) {
  if (geteuid() == 0) {
    const passwd* user = getpwnam("postgres");
    if (user == nullptr) user = getpwnam("nobody");
    if (user == nullptr)
      throw std::runtime_error("no user postgres or nobody to run PostgreSQL as");
    user_ = user->pw_uid;
    group_ = user->pw_gid;
    if (chown(directory_.c_str(), user_, group_) != 0) throw std::runtime_error("chown failed");
  }
  try {
    InitDatabaseCluster(options);
    Start();
  } catch (...) {
    fs::remove_all(directory_);
    throw;
  }
}

PostgresServer::~PostgresServer() {
  if (running()) {
    kill(postmaster_, SIGQUIT);
    waitpid(postmaster_, nullptr, 0);
  }
  std::error_code ignored;
  fs::remove_all(directory_, ignored);
}

void PostgresServer::InitDatabaseCluster(const Options& options) {
  RunProgram({"initdb", "-D", (directory_ / "data").string(), "-U", "postgres", "-A", "trust", "-E",
              "UTF8", "--locale=C.UTF-8", "--no-sync"});
  Configure("listen_addresses = '127.0.0.1'");
  Configure("port = " + std::to_string(port_));
  Configure("unix_socket_directories = '" + directory_.string() + "'");
  Configure("max_prepared_transactions = 20");
  Configure(options.fsync ? "fsync = on" : "fsync = off");
  for (const auto& line : options.config) Configure(line);
}

void PostgresServer::RunProgram(const std::vector<std::string>& arguments) const {
  int status = 0;
  waitpid(Spawn(arguments), &status, 0);
  if (status != 0) throw std::runtime_error(arguments.at(0) + " failed: " + LogTail());
}

void PostgresServer::Configure(const std::string& line) {
  std::ofstream(directory_ / "data" / "postgresql.conf", std::ios::app) << line << '\n';
}

void PostgresServer::Start() {
  if (running()) return;
  postmaster_ = Spawn({"postgres", "-D", (directory_ / "data").string()});
  WaitUntilReady();
}

void PostgresServer::WaitUntilReady() {
  const auto deadline = steady_clock::now() + kPatience;
  for (;;) {
    if (ExitedWithin(0)) throw std::runtime_error("PostgreSQL did not start: " + LogTail());
    try {
      Connection probe(Conninfo());
      return;
    } catch (const DatabaseFault&) {
      if (steady_clock::now() > deadline) throw;
    }
    std::this_thread::sleep_for(kGlance);
  }
}

void PostgresServer::Stop() {
  if (!running()) return;
  kill(postmaster_, SIGINT);
  if (!ExitedWithin(static_cast<int>(std::chrono::milliseconds(kPatience).count()))) {
    throw std::runtime_error("PostgreSQL did not stop: " + LogTail());
  }
}

void PostgresServer::Kill() {
  if (!running()) return;
  // The postmaster first, or it would restart what dies; stopped, so that no child is missed.
  kill(postmaster_, SIGSTOP);
  const auto children = ChildrenOf(postmaster_);
  kill(postmaster_, SIGKILL);
  for (const pid_t child : children) kill(child, SIGKILL);
  waitpid(postmaster_, nullptr, 0);
  postmaster_ = 0;
  for (const pid_t child : children) {
    while (StateOf(child).runs) std::this_thread::sleep_for(kGlance);
  }
}

void PostgresServer::Restart() {
  Stop();
  Start();
}

bool PostgresServer::ExitedWithin(int milliseconds) {
  const auto deadline = steady_clock::now() + std::chrono::milliseconds(milliseconds);
  for (;;) {
    if (waitpid(postmaster_, nullptr, WNOHANG) == postmaster_) {
      postmaster_ = 0;
      return true;
    }
    if (steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(kGlance);
  }
}

pid_t PostgresServer::Spawn(const std::vector<std::string>& arguments) const {
  // PostgreSQL's programs look for each other beside the path that they were called by.
  std::string program = (bin_ / arguments[0]).string();
  const std::string directory = directory_.string();
  const std::string log = (directory_ / "log").string();
  std::vector<char*> argv;
  for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.front() = program.data();
  argv.push_back(nullptr);
  const pid_t pid = fork();
  if (pid < 0) throw std::runtime_error("fork failed");
  if (pid > 0) return pid;
  // Between fork and exec: system calls only.
  if (user_ != 0 && (setgid(group_) != 0 || setuid(user_) != 0)) _exit(126);
  prctl(PR_SET_PDEATHSIG, SIGQUIT);
  const int output = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  const int input = open("/dev/null", O_RDONLY | O_CLOEXEC);
  dup2(input, STDIN_FILENO);
  dup2(output, STDOUT_FILENO);
  dup2(output, STDERR_FILENO);
  if (chdir(directory.c_str()) != 0) _exit(126);
  execv(program.c_str(), argv.data());
  _exit(127);
}

std::string PostgresServer::LogTail() const {
  std::ifstream file(directory_ / "log");
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  constexpr std::size_t kTail = 2000;
  return text.size() <= kTail ? text : text.substr(text.size() - kTail);
}

std::string PostgresServer::Conninfo(const std::string& database, const std::string& user) const {
  return "host=127.0.0.1 port=" + std::to_string(port_) + " dbname=" + database + " user=" + user +
         " connect_timeout=10";
}

PostgresServer& SharedServer() {
  static PostgresServer server;
  return server;
}

}  // namespace postrider::test
