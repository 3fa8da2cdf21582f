#include "support/standby_pair.h"

#include <chrono>
#include <filesystem>
#include <stdexcept>
#include <thread>

#include "postrider/postgres/connection.h"

namespace postrider::test {
namespace {

constexpr std::chrono::seconds kPatience{60};

/// Asks until the answer is true.
void Await(Connection& session, const std::string& question, const char* otherwise) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (session.Execute("test", question).Text(0, 0) != "t") {
    if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error(otherwise);
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

}  // namespace

StandbyPair::StandbyPair() {
  const auto data = standby_.directory() / "data";
  standby_.Stop();
  std::filesystem::remove_all(data);
  standby_.RunProgram({"pg_basebackup", "-R", "-c", "fast", "-X", "stream", "-D", data.string(),
                       "-d", primary_.Conninfo()});
  standby_.Configure("port = " + std::to_string(standby_.port()));
  standby_.Configure("unix_socket_directories = '" + standby_.directory().string() + "'");
  standby_.Start();
}

std::string StandbyPair::ConninfoOfBoth(const std::string& database) const {
  return "host=127.0.0.1,127.0.0.1 port=" + std::to_string(primary_.port()) + "," +
         std::to_string(standby_.port()) + " dbname=" + database +
         " user=postgres connect_timeout=5";
}

void StandbyPair::CatchUp() {
  Connection primary(primary_.Conninfo());
  Connection standby(standby_.Conninfo());
  const std::string lsn(primary.Execute("test", "SELECT pg_current_wal_flush_lsn()").Text(0, 0));
  Await(standby, "SELECT pg_last_wal_replay_lsn() >= '" + lsn + "'::pg_lsn",
        "the standby does not follow");
}

void StandbyPair::CutOff() {
  Connection standby(standby_.Conninfo());
  standby.Execute("test", "ALTER SYSTEM SET primary_conninfo = ''");
  standby.Execute("test", "SELECT pg_reload_conf()");
  Await(standby, "SELECT NOT EXISTS (SELECT FROM pg_stat_wal_receiver)",
        "the standby still receives");
}

void StandbyPair::Promote() {
  Connection standby(standby_.Conninfo());
  standby.Execute("test", "SELECT pg_promote()");
  Await(standby, "SELECT NOT pg_is_in_recovery()", "the standby is not promoted");
}

}  // namespace postrider::test
