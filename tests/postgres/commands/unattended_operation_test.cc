#include <chrono>
#include <stop_token>
#include <thread>

#include "commands/configuration.h"
#include "commands_fixture.h"
#include "relay/service.h"

namespace postrider::test {
namespace {

class UnattendedOperationTest : public CommandsTest {
 protected:
  /// Waits up to 60 s.
  bool Becomes(const std::string& sql, const std::string& wanted) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (One(admin_, sql) != wanted) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      admin_.Execute("test", "SELECT pg_sleep(0.02)");
    }
    return true;
  }
};

TEST_F(UnattendedOperationTest, ARelayFinishesWhatWasBegunFromSql) {
  const auto cj = AddDestination("cj");
  admin_.Execute("test",
                 "INSERT INTO outbox.dead_letter (event_id, destination_id, reason, died_at, slot, "
                 "bucket, event_xid, recorded_at, topic) SELECT n, " +
                     cj +
                     ", 'refused', now(), 0, 0, '1', now(), 't' FROM generate_series(1, 3500) n; "
                     "SELECT setval('outbox.event_id_seq', 3500); SELECT "
                     "outbox.discard_dead(destination => 'cj')");
  EXPECT_EQ(One(admin_, "SELECT done FROM outbox.operations"), "1000");
  const auto path = Write("relay.yaml", "database: {url: \"" + database_.Conninfo() +
                                            "\"}\nmetrics: {listen: \"127.0.0.1:0\"}\n"
                                            "relay: {threads: 1}\nlog: {level: error}\n"
                                            "destinations: {}\n");
  Service service(LoadSettings(path, SecretsNeeded::kAll),
                  [path] { return LoadConfigFile(path, ProcessEnvironment()); });
  std::jthread relay([&](std::stop_token stop) { service.Run(stop, false); });
  EXPECT_TRUE(Becomes("SELECT status || ' ' || done FROM outbox.operations", "done 3500"));
  EXPECT_EQ(One(admin_, "SELECT count(*) FROM outbox.dead_letters"), "0");
}

}  // namespace
}  // namespace postrider::test
