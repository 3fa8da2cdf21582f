#include <fstream>
#include <string>

#include "faults/faults_fixture.h"
#include "faults/partner.h"
#include "postrider/postgres/connection.h"

namespace postrider::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

/// How a relay starts, or waits until it can.
class StartTest : public FaultsTest {
 protected:
  ShopConfig ToPartner() { return Config({{.name = "cj", .url = partner_.Url("/cj")}}); }
  ShopConfig InDatabase(const std::string& conninfo) {
    ShopConfig config = ToPartner();
    config.database_url = conninfo;
    return config;
  }
  static ::testing::AssertionResult IsAliveAndNotReady(RelayProcess& relay) {
    if (!Eventually([&] { return relay.Get("/healthz").status == 200; })) {
      return ::testing::AssertionFailure() << "/healthz says " << relay.Get("/healthz").status;
    }
    const HttpReply ready = relay.Get("/readyz");
    if (ready.status == 503) return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure() << "/readyz says " << ready.status << ready.body;
  }

  Partner partner_;
};

TEST_F(StartTest, ItWaitsForTheDatabase) {
  shop_.server().Stop();
  RelayProcess& relay = StartRelay(ToPartner());
  EXPECT_TRUE(IsAliveAndNotReady(relay));
  EXPECT_TRUE(Eventually([&] { return relay.Logged("database_unreachable"); }));
  shop_.server().Start();
  EXPECT_TRUE(Eventually([&] { return relay.Ready(); }, seconds(15)));
  EXPECT_TRUE(Becomes(shop_.Insert({}), "cj", "delivered"));
  EXPECT_TRUE(StopsCleanly(relay));
}

TEST_F(StartTest, ReadinessGoesAndComesBackWithTheDatabase) {
  ShopConfig config = ToPartner();
  RelayProcess& relay = StartReadyRelay(config);
  shop_.server().Stop();
  EXPECT_TRUE(Eventually([&] { return relay.Get("/readyz").status == 503; }));
  EXPECT_EQ(relay.Get("/healthz").status, 200);
  shop_.server().Start();
  EXPECT_TRUE(Eventually([&] { return relay.Ready(); }, seconds(15)));
}

TEST_F(StartTest, WithoutSchemaItAsksForTheMigrationAndThenGoesOn) {
  EmptyDatabase empty(shop_.server());
  const ShopConfig config = InDatabase(empty.Conninfo());
  RelayProcess& relay = StartRelay(config);
  EXPECT_TRUE(Eventually(
      [&] { return relay.Get("/readyz").body.find("postrider migrate") != std::string::npos; }));
  EXPECT_TRUE(IsAliveAndNotReady(relay));
  EXPECT_EQ(RunPostrider("migrate", config, scratch_.path()), 0);
  EXPECT_TRUE(Eventually([&] { return relay.Ready(); }, seconds(15)));
  EXPECT_TRUE(StopsCleanly(relay));
}

TEST_F(StartTest, MigratesWhenAsked) {
  EmptyDatabase empty(shop_.server());
  RelayProcess& relay = StartRelay(InDatabase(empty.Conninfo()), {"--migrate"});
  EXPECT_TRUE(Eventually([&] { return relay.Ready(); }));
  Connection connection(empty.Conninfo());
  connection.Execute("test", "INSERT INTO outbox.event (topic, payload) VALUES ('a', '1')");
  EXPECT_TRUE(Eventually([&] { return partner_.Requests().size() == 1; }));
  EXPECT_TRUE(StopsCleanly(relay));
}

TEST_F(StartTest, AWrongPasswordIsReadAgainUntilItIsRight) {
  shop_.Ask("CREATE ROLE \"locked\" SUPERUSER LOGIN PASSWORD 'right'");
  const auto access = shop_.server().directory() / "data" / "pg_hba.conf";
  const std::string before = ReadFile(access);
  std::ofstream(access) << "host all locked 127.0.0.1/32 scram-sha-256\n" << before;
  shop_.Ask("SELECT pg_reload_conf()");
  const auto secret = scratch_.path() / "password";
  std::ofstream(secret) << "wrong\n";

  ShopConfig config = InDatabase(shop_.server().Conninfo(shop_.database(), "locked"));
  config.database = "password: {file: " + secret.string() + "}";
  RelayProcess& relay = StartRelay(config);
  EXPECT_TRUE(IsAliveAndNotReady(relay));
  ASSERT_TRUE(Eventually([&] { return relay.Logged("database_unreachable"); }));
  EXPECT_THAT(relay.Log("database_unreachable").front().value("error", ""),
              AllOf(HasSubstr("password authentication failed"), Not(HasSubstr("wrong"))));
  std::ofstream(secret) << "right\n";
  EXPECT_TRUE(Eventually([&] { return relay.Ready(); }, seconds(15)));
  EXPECT_TRUE(StopsCleanly(relay));

  std::ofstream(access) << before;
  shop_.Ask("SELECT pg_reload_conf()");
}

TEST_F(StartTest, AWrongConfigurationIsRefusedAtOnce) {
  ShopConfig config = ToPartner();
  config.settings.push_back("rellay: {}");
  RelayProcess& relay = StartRelay(config);
  EXPECT_EQ(relay.Wait(), 2);
  EXPECT_THAT(relay.LogTail(), HasSubstr("rellay"));
}

TEST_F(StartTest, AnotherInstallationIsNotServed) {
  ShopConfig config = ToPartner();
  config.database = "installation: aaaaaaaa";
  RelayProcess& relay = StartRelay(config);
  EXPECT_TRUE(Eventually(
      [&] { return relay.Get("/readyz").body.find("installation") != std::string::npos; }));
  EXPECT_TRUE(IsAliveAndNotReady(relay));
  shop_.Insert({});
  EXPECT_TRUE(Always([&] { return partner_.Requests().empty(); }, milliseconds(1000)));
}

TEST_F(StartTest, ASequenceThatWentBackIsNotServed) {
  RelayProcess& first = StartReadyRelay(ToPartner());
  shop_.InsertMany(10);
  ASSERT_TRUE(DeliveredReaches(10));
  ASSERT_TRUE(
      Eventually([&] { return shop_.Ask("SELECT max(closed_up_to) FROM outbox.lane") == "10"; }));
  EXPECT_TRUE(StopsCleanly(first));
  shop_.Ask("SELECT setval('outbox.event_id_seq', 3)");
  RelayProcess& relay = StartRelay(ToPartner());
  EXPECT_TRUE(
      Eventually([&] { return relay.Get("/readyz").body.find("backwards") != std::string::npos; }));
  EXPECT_TRUE(IsAliveAndNotReady(relay));
}

TEST_F(StartTest, LogsAsJsonWhenAskedWhateverTheFileSays) {
  ShopConfig config = ToPartner();
  config.log = "{format: text}";
  RelayProcess& text = StartRelay(config, {"--once"});
  EXPECT_EQ(text.Wait(), 0);
  EXPECT_FALSE(text.Logged("started"));
  EXPECT_THAT(text.LogTail(), HasSubstr("Postrider has started"));
  RelayProcess& json = StartRelay(config, {"--once", "--json"});
  EXPECT_EQ(json.Wait(), 0);
  EXPECT_TRUE(json.Logged("started"));
  EXPECT_TRUE(json.Logged("stopped"));
}

TEST_F(StartTest, OnceDeliversEverythingThatIsDueAndEnds) {
  shop_.InsertMany(2000);
  const EventId later = shop_.Insert({.deliver_after = "now() + interval '1 hour'"});
  partner_.Answer([](const RawRequest& request) {
    const bool unlucky = EventOf(request) % 10 == 0;
    return unlucky && request.Header("Postrider-Attempt") == "1" ? 503 : 200;
  });
  RelayProcess& relay = StartRelay(ToPartner(), {"--once"});
  EXPECT_EQ(relay.Wait(), 0);
  EXPECT_EQ(shop_.State(later, "cj"), "scheduled");
  const int first = shop_.Delivered();
  EXPECT_GE(first, 1800) << "retries that are not due yet may be left to the next run";
  ASSERT_TRUE(Eventually(
      [&] { return shop_.Count("outbox.backlog WHERE waiting_for = 2 AND due_at > now()") == 0; }));
  EXPECT_EQ(StartRelay(ToPartner(), {"--once"}).Wait(), 0);
  EXPECT_EQ(shop_.Delivered(), 2000);
  EXPECT_EQ(StartRelay(ToPartner(), {"--once"}).Wait(), 0);
  EXPECT_EQ(shop_.Count("outbox.relays"), 0);
}

}  // namespace
}  // namespace postrider::test
