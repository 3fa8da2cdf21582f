#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>

#include "postrider/postgres/conninfo.h"
#include "reading_fixture.h"

namespace postrider::test {
namespace {

/// A primary and a hot standby of it.
class Pair {
 public:
  Pair() {
    const auto data = standby_.directory() / "data";
    standby_.Stop();
    std::filesystem::remove_all(data);
    const std::string command =
        AsOwner(standby_.directory()) + (primary_.bin_directory() / "pg_basebackup").string() +
        " -R -c fast -X stream -D " + data.string() + " -d '" + primary_.Conninfo() + "' 2>&1";
    if (std::system(("cd / && " + command).c_str()) != 0) {
      throw std::runtime_error("pg_basebackup failed");
    }
    standby_.Configure("port = " + std::to_string(standby_.port()));
    standby_.Configure("unix_socket_directories = '" + standby_.directory().string() + "'");
    standby_.Start();
  }

  PostgresServer& primary() { return primary_; }
  PostgresServer& standby() { return standby_; }

 private:
  /// PostgreSQL's programs refuse to run as root.
  static std::string AsOwner(const std::filesystem::path& directory) {
    struct stat owner {};
    if (geteuid() != 0 || stat(directory.c_str(), &owner) != 0) return "";
    return "setpriv --clear-groups --reuid=" + std::to_string(owner.st_uid) +
           " --regid=" + std::to_string(owner.st_gid) + " ";
  }

  PostgresServer primary_;
  PostgresServer standby_;
};

class StandbyTest : private Pair, public ReadingTest {
 protected:
  StandbyTest() : ReadingTest(Pair::primary()) {}

  std::string StandbyConninfo() { return standby().Conninfo(database_.name()); }
  void WaitUntilReplayed(Connection& standby_session) {
    const std::string lsn(admin_.Execute("test", "SELECT pg_current_wal_lsn()").Text(0, 0));
    const auto deadline = std::chrono::steady_clock::now() + seconds(60);
    while (Number(standby_session,
                  "SELECT (pg_last_wal_replay_lsn() >= '" + lsn + "'::pg_lsn)::int") == 0) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "the standby does not follow";
      standby_session.Execute("test", "SELECT pg_sleep(0.01)");
    }
  }

  using Pair::standby;
};

TEST_F(StandbyTest, AStandbyIsRefusedAndHasNoCanaryWhenItIsPromoted) {
  Producer producer(database_.Conninfo());
  const EventId id = producer.Insert();
  ASSERT_FALSE(log_.Start().head.canary.empty());
  {
    Connection maintenance(standby().Conninfo());
    WaitUntilReplayed(maintenance);
  }
  {
    Connection session(StandbyConninfo());
    try {
      PostgresEventLog(session).Start();
      FAIL() << "its snapshots prove nothing";
    } catch (const DatabaseFault& fault) {
      EXPECT_TRUE(fault.connection_lost()) << "the connection is thrown away with the poll";
      EXPECT_THAT(fault.what(), testing::HasSubstr("standby"));
    }
    EXPECT_THROW(PostgresEventLog(session).Poll({}), DatabaseFault);
  }
  DatabaseSettings settings;
  settings.url = StandbyConninfo();
  EXPECT_THROW(Connection(MakeConninfo(settings, {}, "test")), DatabaseFault)
      << "only a writable server is used";

  Connection(StandbyConninfo()).Execute("test", "SELECT pg_promote()");
  Connection session(StandbyConninfo());
  PostgresEventLog log(session);
  EXPECT_EQ(log.Start().head.canary, "");
  EXPECT_EQ(log.Start().max_visible_id, id);
  log.EnsureCanary();
  EXPECT_EQ(log.Start().head.canary.size(), 36u);
}

}  // namespace
}  // namespace postrider::test
