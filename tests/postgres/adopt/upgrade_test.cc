#include "postgres/adopt/adopt_fixture.h"

namespace postrider::test {
namespace {

/// The shop's server, moved by pg_upgrade into a new cluster. Both are of the version that is
/// installed: what counts here is the new cluster with its own system identifier.
class UpgradeTest : private PostgresServer, public AdoptTest {
 protected:
  UpgradeTest() : AdoptTest(static_cast<PostgresServer&>(*this)) {}

  void Upgrade() {
    shop_.server().Stop();
    new_server_.Stop();
    const auto data = [](const PostgresServer& server) {
      return (server.directory() / "data").string();
    };
    const std::string bin = new_server_.bin_directory().string();
    new_server_.RunProgram({"pg_upgrade", "--old-bindir", bin, "--new-bindir", bin, "--old-datadir",
                            data(shop_.server()), "--new-datadir", data(new_server_), "--old-port",
                            std::to_string(shop_.server().port()), "--new-port",
                            std::to_string(new_server_.port()), "--socketdir",
                            new_server_.directory().string(), "--username", "postgres"});
    new_server_.Start();
  }

  PostgresServer new_server_;
};

TEST_F(UpgradeTest, NothingIsSentBeforeItIsAdoptedAndAllAfterwards) {
  LeavePending(ConfigOf());
  Upgrade();
  const ShopConfig config = ConfigOf(new_server_.Conninfo(shop_.database()));
  Connection session(config.database_url);
  RelayProcess& relay = StartUnreadyRelay(config);
  const Adoption adoption = Adopt("resume", config);
  ASSERT_EQ(adoption.exit_code, 0) << adoption.err;
  ASSERT_TRUE(BecomesReady(relay));
  EXPECT_TRUE(Arrive({scheduled_, unseen_}));
  const Rows next = session.Execute("test",
                                    "INSERT INTO outbox.event (topic, payload) VALUES "
                                    "('shipment.requested', '{}') RETURNING id");
  EXPECT_TRUE(Arrive({scheduled_, unseen_, std::stoll(std::string(next.Text(0, 0)))}));
  EXPECT_TRUE(StopsCleanly(relay));
}

}  // namespace
}  // namespace postrider::test
