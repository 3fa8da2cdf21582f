#include <chrono>
#include <map>
#include <mutex>
#include <string>

#include "faults/faults_fixture.h"
#include "faults/metrics_page.h"
#include "faults/partner.h"
#include "postrider/postgres/migrator.h"

namespace postrider::test {
namespace {

/// How events come to a lane.
enum class Path { kTail, kRecovery, kAudit };

/// Whichever way an event is found, the same is decided about it. On an outbox with buckets of two
/// seconds, so that the audit comes soon.
class PathsTest : public ::testing::TestWithParam<Path> {
 protected:
  PathsTest() : session_(database_.Conninfo()) {
    MigrationOptions options;
    options.bucket_period = seconds(2);
    Migrator(session_).Migrate(options);
    partner_.Answer([this](const RawRequest& request) {
      arrivals_[EventOf(request)].push_back(std::chrono::system_clock::now());
      return 200;
    });
  }
  void TearDown() override {
    if (HasFailure() && relay_) std::cout << relay_->LogTail() << '\n';
  }

  void StartRelay() {
    ShopConfig config;
    config.database_url = database_.Conninfo();
    config.settings = {"unrouted: {after: 1s}", "ignore_topics: [\"audit.*\"]",
                       "retention: {delivered: 4s, dead: 1h, dedup: 1h}"};
    config.destinations = {
        {.name = "cj", .url = partner_.Url("/cj"), .topics = R"(["shipment.*"])"}};
    relay_.emplace(config, scratch_.path());
    ASSERT_TRUE(Eventually([&] { return relay_->Ready(); })) << relay_->LogTail();
  }
  void StopRelay() {
    relay_->Stop();
    ASSERT_EQ(relay_->Wait(), 0);
  }
  std::string Ask(const std::string& sql) {
    const Rows rows = session_.Execute("test", sql);
    return rows.empty() ? "" : std::string(rows.Text(0, 0));
  }
  EventId Insert(const std::string& columns, const std::string& values) {
    return std::stoll(Ask("INSERT INTO outbox.event (topic" + columns + ") VALUES (" + values +
                          ") RETURNING id"));
  }
  void InsertAll() {
    plain_ = Insert("", "'shipment.plain'");
    first_ = Insert(", dedup_key", "'shipment.dedup', 'same'");
    duplicate_ = Insert(", dedup_key", "'shipment.dedup', 'same'");
    expired_ = Insert(", deliver_before", "'shipment.late', now() - interval '1ms'");
    inserted_ = std::chrono::system_clock::now();
    scheduled_ = Insert(", deliver_after", "'shipment.soon', now() + interval '3s'");
    unrouted_ = Insert("", "'invoice.made'");
    ignored_ = Insert("", "'audit.login'");
  }
  void BringAbout(Path path) {
    StartRelay();
    if (path == Path::kTail) return InsertAll();
    StopRelay();
    InsertAll();
    // As if a fault had closed the lanes over events that they never saw.
    if (path == Path::kAudit) {
      Ask("UPDATE outbox.lane SET closed_up_to = (SELECT max(id) FROM outbox.event)");
    }
    StartRelay();
  }
  std::size_t Arrivals(EventId event) { return partner_.Of(event).size(); }

  ScratchDirectory scratch_;
  EmptyDatabase database_;
  Connection session_;
  std::map<EventId, std::vector<std::chrono::system_clock::time_point>> arrivals_;
  Partner partner_;
  std::optional<RelayProcess> relay_;
  std::chrono::system_clock::time_point inserted_;
  EventId plain_ = 0, first_ = 0, duplicate_ = 0, expired_ = 0, scheduled_ = 0, unrouted_ = 0,
          ignored_ = 0;
};

TEST_P(PathsTest, TheSameIsDecidedOnEveryPath) {
  BringAbout(GetParam());
  const auto letters = [&] {
    return Ask("SELECT string_agg(event_id || ' ' || reason, ', ') FROM outbox.dead_letters");
  };
  ASSERT_TRUE(Eventually([&] {
    return Arrivals(plain_) + Arrivals(first_) + Arrivals(scheduled_) >= 3 && !letters().empty();
  })) << partner_.Requests().size()
      << letters();
  // The buckets are emptied, so nothing is left that could still be sent.
  ASSERT_TRUE(Eventually([&] {
    return Ask("SELECT (SELECT count(*) FROM outbox.event) + (SELECT count(*) FROM "
               "outbox.backlog)") == "0";
  }));
  for (const EventId event : {plain_, first_, scheduled_}) EXPECT_EQ(Arrivals(event), 1) << event;
  for (const EventId event : {duplicate_, expired_, unrouted_, ignored_}) {
    EXPECT_EQ(Arrivals(event), 0) << event;
  }
  EXPECT_EQ(letters(), std::to_string(unrouted_) + " no_route");
  const MetricsPage page(relay_->Get("/metrics").body);
  const double found = page.Sum("postrider_found_by_audit_total");
  if (GetParam() == Path::kAudit) {
    EXPECT_GE(found, 4);
  } else {
    EXPECT_EQ(found, 0);
  }
  if (GetParam() == Path::kTail) {
    EXPECT_EQ(page.Sum("postrider_deliveries_total", {R"(state="expired")"}), 1);
  }
  StopRelay();
  EXPECT_GE(arrivals_.at(scheduled_).at(0) - inserted_, milliseconds(2990));
}

INSTANTIATE_TEST_SUITE_P(EveryPath, PathsTest,
                         ::testing::Values(Path::kTail, Path::kRecovery, Path::kAudit),
                         [](const auto& test) {
                           switch (test.param) {
                             case Path::kTail:
                               return "Tail";
                             case Path::kRecovery:
                               return "Recovery";
                             case Path::kAudit:
                               return "Audit";
                           }
                           return "";
                         });

}  // namespace
}  // namespace postrider::test
