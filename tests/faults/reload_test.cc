#include <fstream>
#include <string>

#include "faults/metrics_page.h"
#include "faults/reload_fixture.h"

namespace postrider::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST_F(ReloadTest, AChangedFileIsTakenUpAtSighup) {
  RelayProcess& relay = StartReadyRelay(To("/old"));
  const EventId first = shop_.Insert({});
  ASSERT_TRUE(Becomes(first, "cj", "delivered"));
  ASSERT_TRUE(TakesUp(relay, To("/new")));
  EXPECT_TRUE(Always([&] { return relay.Ready(); }, milliseconds(500))) << relay.LogTail();
  const EventId second = shop_.Insert({});
  ASSERT_TRUE(Becomes(second, "cj", "delivered"));
  EXPECT_EQ(PathOf(partner_.Of(first).at(0)), "/old");
  EXPECT_EQ(PathOf(partner_.Of(second).at(0)), "/new");
  EXPECT_EQ(partner_.Requests().size(), 2);
  EXPECT_TRUE(StopsCleanly(relay));
}

TEST_F(ReloadTest, ABadFileChangesNothingAndTheCommandSaysWhatIsWrong) {
  RelayProcess& relay = StartReadyRelay(To("/old"));
  const auto metric = [&](const std::string& name) {
    return MetricsPage(relay.Get("/metrics").body).Sum("postrider_config_last_reload_" + name);
  };
  EXPECT_EQ(metric("successful"), 1);
  const double started = metric("success_timestamp_seconds");
  EXPECT_GT(started, 1e9);

  ShopConfig bad = To("/new");
  bad.settings.push_back("rellay: {}");
  relay.Rewrite(bad);
  const CommandRun refused = Reload(To("/old"));
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.out, AllOf(HasSubstr("refused, nothing is changed"), HasSubstr("rellay"),
                                 HasSubstr("relay")));
  EXPECT_EQ(metric("successful"), 0);
  EXPECT_EQ(metric("success_timestamp_seconds"), started);
  EXPECT_TRUE(relay.Logged("reload_refused"));
  const EventId event = shop_.Insert({});
  ASSERT_TRUE(Becomes(event, "cj", "delivered"));
  EXPECT_EQ(PathOf(partner_.Of(event).at(0)), "/old");

  relay.Rewrite(To("/new"));
  const CommandRun taken = Reload(To("/old"));
  EXPECT_EQ(taken.exit_code, 0) << taken.err;
  EXPECT_THAT(taken.out, HasSubstr("shop on "));
  EXPECT_THAT(taken.out, HasSubstr(": reloaded\n"));
  EXPECT_EQ(metric("successful"), 1);
  EXPECT_GT(metric("success_timestamp_seconds"), started);
  const EventId next = shop_.Insert({});
  ASSERT_TRUE(Becomes(next, "cj", "delivered"));
  EXPECT_EQ(PathOf(partner_.Of(next).at(0)), "/new");
  EXPECT_EQ(shop_.Ask("SELECT string_agg(status, ' ' ORDER BY id) FROM outbox.operations WHERE "
                      "kind = 'reload'"),
            "failed done");
}

TEST_F(ReloadTest, ASecretThatIsMissingIsRefused) {
  const auto secret = scratch_.path() / "secret";
  ShopConfig config = To("/cj");
  config.destinations[0].http = "headers: {X-Api-Key: {file: " + secret.string() + "}}";
  std::ofstream(secret) << "first\n";
  RelayProcess& relay = StartReadyRelay(config);
  const EventId first = shop_.Insert({});
  ASSERT_TRUE(Becomes(first, "cj", "delivered"));
  config.destinations[0].http = "headers: {X-Api-Key: {file: " + secret.string() + ".none}}";
  relay.Rewrite(config);
  const CommandRun run = Reload(To("/cj"));
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.out, AllOf(HasSubstr("destinations.cj.http.headers"), HasSubstr(".none")));

  // What it has is read again in any case.
  std::ofstream(secret) << "second\n";
  const EventId second = shop_.Insert({});
  ASSERT_TRUE(Becomes(second, "cj", "delivered"));
  EXPECT_EQ(partner_.Of(first).at(0).Header("X-Api-Key"), "first");
  EXPECT_EQ(partner_.Of(second).at(0).Header("X-Api-Key"), "second");
}

TEST_F(ReloadTest, WhatThisDatabaseForbidsIsRefused) {
  RelayProcess& relay = StartReadyRelay(To("/cj"));
  ShopConfig config = To("/cj");
  config.settings.push_back("retention: {delivered: 30d}");
  relay.Rewrite(config);
  const CommandRun run = Reload(To("/cj"));
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.out, HasSubstr("retention.delivered"));
  config = To("/cj");
  config.database = "installation: aaaaaaaa";
  relay.Rewrite(config);
  EXPECT_THAT(Reload(To("/cj")).out, HasSubstr("aaaaaaaa"));
  EXPECT_TRUE(relay.Ready());
}

TEST_F(ReloadTest, WhatNeedsARestartIsNamed) {
  RelayProcess& relay = StartReadyRelay(To("/old"));
  ShopConfig config = To("/new");
  config.listen = "127.0.0.1:1";
  relay.Rewrite(config);
  const CommandRun run = Reload(To("/old"));
  EXPECT_EQ(run.exit_code, 0) << run.out;
  EXPECT_THAT(run.out, HasSubstr("only a restart changes: metrics.listen"));
  EXPECT_TRUE(relay.Ready());
  const EventId event = shop_.Insert({});
  ASSERT_TRUE(Becomes(event, "cj", "delivered"));
  EXPECT_EQ(PathOf(partner_.Of(event).at(0)), "/new") << "the rest is taken up";
}

TEST_F(ReloadTest, TheCommandReachesTheRelayThatIsMeant) {
  ShopConfig first = To("/cj");
  ShopConfig second = To("/cj");
  second.relay = "name: spare";
  RelayProcess& shop = StartReadyRelay(first);
  RelayProcess& spare = StartReadyRelay(second);
  EXPECT_EQ(Reload(first, {"--relay", "spare"}).exit_code, 0);
  EXPECT_TRUE(spare.Logged("reloaded"));
  EXPECT_FALSE(shop.Logged("reloaded"));
  ASSERT_TRUE(Eventually([&] { return shop_.Count("outbox.relays WHERE alive") == 2; }));
  const CommandRun all = Reload(first, {"--all", "--json"});
  EXPECT_EQ(all.exit_code, 0);
  EXPECT_EQ(nlohmann::json::parse(all.out).at("items").size(), 2);
  EXPECT_TRUE(shop.Logged("reloaded"));
  const CommandRun none = Reload(first, {"--relay", "nobody"});
  EXPECT_EQ(none.exit_code, 3);
  EXPECT_THAT(none.err, HasSubstr("no relay named 'nobody' is alive"));

  // Its next incarnation is there.
  ASSERT_TRUE(Eventually([&] {
    return shop_.Count(
               "outbox.relays WHERE alive AND name = 'shop' AND started_at > (SELECT "
               "max(finished_at) FROM outbox.operations WHERE filter ->> 'relay' = 'shop')") == 1;
  }));
  shop.Freeze();
  const CommandRun silent = Reload(first, {"--wait", "1500ms"});
  EXPECT_EQ(silent.exit_code, 1);
  EXPECT_THAT(silent.out, HasSubstr("did not answer"));
  shop.Thaw();
  EXPECT_EQ(shop_.Count("outbox.operations WHERE kind = 'reload' AND status = 'running'"), 0);
}

TEST_F(ReloadTest, RequestsRightAfterOneAnotherAreAllAnswered) {
  RelayProcess& relay = StartReadyRelay(To("/cj"));
  for (int i = 0; i < 8; ++i) {
    const CommandRun run = Reload(To("/cj"), {"--all", "--json"});
    EXPECT_EQ(run.exit_code, 0) << i << run.out << run.err;
    if (run.exit_code != 0) continue;
    EXPECT_EQ(nlohmann::json::parse(run.out).at("items").size(), 1);
  }
  EXPECT_EQ(relay.Log("reloaded").size(), 8);
}

TEST_F(ReloadTest, ThereIsAlwaysAnIncarnationToAskAndTheNextAnswersForIt) {
  RelayProcess& relay = StartReadyRelay(To("/cj"));
  for (int i = 0; i < 8; ++i) {
    relay.HangUp();
    std::string operation;
    // While one takes over from the other.
    for (int asked = 0; asked < 10; ++asked) {
      operation = shop_.Ask("SELECT operation FROM outbox.reload('shop')");
      LetPass(milliseconds(10));
    }
    ASSERT_TRUE(Eventually([&] {
      return shop_.Count("outbox.operations WHERE kind = 'reload' AND status = 'running'") == 0;
    })) << "request "
        << operation << " is not answered";
  }
  EXPECT_EQ(shop_.Count("outbox.operations WHERE kind = 'reload' AND status = 'done'"), 80);
  EXPECT_TRUE(StopsCleanly(relay));
}

TEST_F(ReloadTest, ARelayThatWaitsForTheRightFileTakesItUp) {
  ShopConfig config = To("/cj");
  config.database = "installation: aaaaaaaa";
  RelayProcess& relay = StartRelay(config);
  ASSERT_TRUE(Eventually([&] { return relay.Logged("not_ready"); }));
  ASSERT_TRUE(TakesUp(relay, To("/cj")));
  EXPECT_TRUE(Eventually([&] { return relay.Ready(); }));
  EXPECT_TRUE(Becomes(shop_.Insert({}), "cj", "delivered"));
}

TEST_F(ReloadTest, ADestinationIsRetiredAndComesBack) {
  ShopConfig both = To("/cj");
  both.destinations.push_back({.name = "kakao", .url = partner_.Url("/kakao")});
  RelayProcess& relay = StartReadyRelay(both);
  const EventId first = shop_.Insert({});
  ASSERT_TRUE(Becomes(first, "kakao", "delivered"));
  ASSERT_TRUE(TakesUp(relay, To("/cj")));
  ASSERT_TRUE(Eventually([&] {
    return shop_.Ask("SELECT state FROM outbox.status WHERE destination = 'kakao'") == "retired";
  }));
  const EventId kept = shop_.Insert({});
  ASSERT_TRUE(Becomes(kept, "cj", "delivered"));
  EXPECT_EQ(shop_.Delivery("waiting_for", kept, "kakao"), "configuration");
  EXPECT_TRUE(partner_.Of(kept, "/kakao").empty());
  ASSERT_TRUE(TakesUp(relay, both));
  EXPECT_TRUE(Becomes(kept, "kakao", "delivered"));
  EXPECT_EQ(partner_.Of(kept, "/kakao").size(), 1);
  EXPECT_EQ(partner_.Of(kept, "/cj").size(), 1);
}

}  // namespace
}  // namespace postrider::test
