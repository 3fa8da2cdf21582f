#include <iostream>
#include <list>

#include "faults/faults_fixture.h"
#include "faults/metrics_page.h"
#include "faults/traffic.h"
#include "postrider/postgres/migrator.h"

namespace postrider::test {
namespace {

/// The real relay on an outbox with buckets of two seconds, so that the ring turns in sixteen.
class RelayRingTest : public ::testing::Test {
 protected:
  RelayRingTest() : admin_(database_.Conninfo()) {
    MigrationOptions options;
    options.bucket_period = seconds(2);
    Migrator(admin_).Migrate(options);
    // What has been committed is remembered beside the log, which does not keep it.
    admin_.Execute("test", R"(
      CREATE TABLE committed (id bigint, key text);
      CREATE FUNCTION remember() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN INSERT INTO public.committed VALUES (new.id, new.key); RETURN NULL; END';
      CREATE TRIGGER remember AFTER INSERT ON outbox.event FOR EACH ROW EXECUTE FUNCTION remember())");
  }
  void TearDown() override {
    if (HasFailure() && relay_) std::cout << relay_->LogTail() << '\n';
  }

  ShopConfig Config() const {
    ShopConfig config;
    config.database_url = database_.Conninfo();
    config.settings = {"unrouted: {after: 1s}", "retention: {delivered: 4s, dead: 1h, dedup: 1h}"};
    config.destinations = {
        {.name = "free", .url = receiver_.Url("/free")},
        {.name = "ordered", .url = receiver_.Url("/ordered"), .settings = {"order: key"}}};
    return config;
  }
  std::string Ask(const std::string& sql) {
    const Rows rows = admin_.Execute("test", sql);
    return rows.empty() ? "" : std::string(rows.Text(0, 0));
  }
  std::vector<Committed> ReadWhatCommitted() {
    const Rows rows = admin_.Execute("test", "SELECT id, key FROM committed ORDER BY id");
    std::vector<Committed> committed;
    for (int row = 0; row < rows.size(); ++row) {
      committed.push_back(
          {std::stoll(std::string(rows.Text(row, 0))), std::string(rows.Text(row, 1))});
    }
    return committed;
  }
  std::size_t Emptied() const { return relay_->Log("bucket_emptied").size(); }

  ScratchDirectory scratch_;
  EmptyDatabase database_;
  Connection admin_;
  ReceiverProcess receiver_{scratch_.path()};
  std::optional<RelayProcess> relay_;
};

TEST_F(RelayRingTest, TheRingTurnsUnderLoadAndNothingIsLost) {
  const std::uint32_t seed = Seed();
  receiver_.Control(R"({"fail_every": 97})");
  relay_.emplace(Config(), scratch_.path());
  ASSERT_TRUE(Eventually([&] { return relay_->Ready(); }));
  Traffic traffic(database_.Conninfo(), {.events = 60'000, .per_second = 1500, .seed = seed});
  ASSERT_TRUE(Eventually([&] { return Emptied() >= 2; }));
  // Longer than the retention: what it has not sent outlives its buckets.
  Ask("SELECT outbox.pause('ordered')");
  ASSERT_TRUE(Eventually(
      [&] { return Ask("SELECT count(*) > 0 FROM outbox.backlog WHERE copied") == "t"; }));
  const std::size_t before = Emptied();
  ASSERT_TRUE(Eventually([&] { return Emptied() >= before + 3; }));
  Ask("SELECT outbox.resume('ordered')");
  ASSERT_TRUE(Eventually([&] { return traffic.done(); }, seconds(120)));

  const auto committed = ReadWhatCommitted();
  const auto all_there = [&] {
    return Compare(committed, To("/free", receiver_.Arrivals())).lost == 0 &&
           Compare(committed, To("/ordered", receiver_.Arrivals())).lost == 0;
  };
  // Cheap to ask, so that the asking does not take the time of the sending.
  EXPECT_TRUE(Eventually([&] { return Ask("SELECT count(*) FROM outbox.backlog") == "0"; },
                         seconds(240)));
  EXPECT_TRUE(Eventually(all_there, seconds(60)));
  // All of it goes in the end, and more than once round.
  EXPECT_TRUE(Eventually([&] { return Ask("SELECT count(*) FROM outbox.event") == "0"; }));
  EXPECT_GE(Emptied(), 10U);
  const MetricsPage page(relay_->Get("/metrics").body);
  EXPECT_EQ(page.Sum("postrider_found_by_audit_total"), 0);
  EXPECT_EQ(page.Sum("postrider_retention_blocked_seconds"), 0);
  EXPECT_GT(page.Sum("postrider_table_bytes", {"table=\"event\""}), 0);
  EXPECT_GE(page.Sum("postrider_oldest_snapshot_seconds"), 0);
  relay_->Stop();
  EXPECT_EQ(relay_->Wait(), 0);
  for (const std::string path : {"/free", "/ordered"}) {
    const Findings findings = Compare(committed, To(path, receiver_.Arrivals()));
    std::cout << path << ": " << findings << '\n';
    EXPECT_TRUE(findings.sound()) << findings;
    EXPECT_TRUE(path == "/free" || findings.out_of_order == 0) << findings;
  }
  EXPECT_EQ(Ask("SELECT count(*) FROM outbox.backlog"), "0");
}

TEST_F(RelayRingTest, ARelayThatWouldKeepMoreThanTheRingHoldsIsNotReady) {
  ShopConfig config = Config();
  config.settings = {"retention: {delivered: 13s}"};
  relay_.emplace(config, scratch_.path());
  ASSERT_TRUE(Eventually(
      [&] { return relay_->Get("/readyz").body.find("at most 12 s") != std::string::npos; }));
  EXPECT_EQ(relay_->Get("/readyz").status, 503);
}

}  // namespace
}  // namespace postrider::test
