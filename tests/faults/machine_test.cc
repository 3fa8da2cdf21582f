#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "faults/faults_fixture.h"
#include "faults/metrics_page.h"
#include "faults/partner.h"

namespace postrider::test {
namespace {

/// A process may limit those of its own user; root may not be allowed to limit others'.
void LimitAsTheirUser(const std::vector<pid_t>& processes, rlim_t bytes) {
  struct stat owner {};
  ASSERT_EQ(stat(("/proc/" + std::to_string(processes.at(0))).c_str(), &owner), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    // System calls only.
    if (geteuid() == 0 && (setgid(owner.st_gid) != 0 || setuid(owner.st_uid) != 0)) _exit(1);
    for (const pid_t pid : processes) {
      rlimit limit{};
      if (prlimit(pid, RLIMIT_FSIZE, nullptr, &limit) != 0) _exit(2);
      limit.rlim_cur = std::min(bytes, limit.rlim_max);
      if (prlimit(pid, RLIMIT_FSIZE, &limit, nullptr) != 0) _exit(3);
    }
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_EQ(status, 0) << "the limit cannot be set";
}

/// What goes wrong with the machine below: no room for PostgreSQL, a clock that jumps.
class MachineTest : public FaultsTest {
 protected:
  /// The server's sessions, those to come too, cannot let files grow beyond that: what extends a
  /// table fails as on a full disk, while the log of transactions, in files of 16 MB, still has
  /// room.
  void LimitFiles(rlim_t bytes) {
    std::vector<pid_t> processes = {shop_.server().pid()};
    const Rows sessions = admin_.Execute(
        "test", "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'");
    for (int row = 0; row < sessions.size(); ++row) {
      processes.push_back(std::stoi(std::string(sessions.Text(row, 0))));
    }
    LimitAsTheirUser(processes, bytes);
  }
  void TearDown() override {
    LimitFiles(RLIM_INFINITY);
    FaultsTest::TearDown();
  }

  Connection admin_{shop_.Conninfo()};
};

constexpr rlim_t kSegment = 16 * 1024 * 1024;

TEST_F(MachineTest, WhenTheDiskIsFullItWaitsAndGoesOnWhenThereIsRoom) {
  const ReceiverProcess receiver(scratch_.path());
  RelayProcess& relay = StartReadyRelay(
      Config({{.name = "cj", .url = receiver.Url("/cj"), .settings = {"max_unsettled: 32"}}}));
  shop_.InsertMany(10);
  ASSERT_TRUE(DeliveredReaches(10));
  // Outcomes of nobody, until every further one needs a page beyond the limit.
  shop_.Ask(
      "INSERT INTO outbox.outcome (event_id, finished_at, destination_id, bucket, state) SELECT "
      "-n, now(), 9999, (SELECT bucket FROM outbox.event LIMIT 1), 5 FROM "
      "generate_series(1, 300000) AS n");
  ASSERT_EQ(
      shop_.Ask("SELECT bool_or(pg_relation_size(inhrelid) > 17000000) FROM pg_inherits WHERE "
                "inhparent = 'outbox.outcome'::regclass"),
      "t");
  shop_.Ask("CHECKPOINT");
  LimitFiles(kSegment);
  shop_.InsertMany(500);
  ASSERT_TRUE(Eventually([&] { return relay.Logged("database_error"); }));
  EXPECT_THAT(relay.Log("database_error").front().value("error", ""),
              ::testing::HasSubstr("could not extend file"));
  std::uint64_t sent = 0;
  EXPECT_TRUE(Eventually([&] {
    sent = receiver.Count();
    return Always([&] { return receiver.Count() == sent; }, milliseconds(1000));
  })) << "it must not send what it cannot record";
  EXPECT_LT(sent, 510);
  LimitFiles(RLIM_INFINITY);
  ASSERT_TRUE(DeliveredReaches(510));
  const Findings findings = Compare(ReadCommitted(shop_), receiver.Arrivals());
  EXPECT_TRUE(findings.sound()) << findings;
  EXPECT_EQ(findings.duplicates, 0) << findings;
  EXPECT_TRUE(StopsCleanly(relay));
}

std::string FakeClock() {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/usr/lib", ignored)) {
    const auto path = entry.path() / "faketime" / "libfaketimeMT.so.1";
    if (std::filesystem::exists(path, ignored)) return path.string();
  }
  throw std::runtime_error("libfaketimeMT.so.1 is missing: install the package libfaketime");
}

double WallClock() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

class ClockTest : public FaultsTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(ClockTest, AJumpChangesNothing) {
  const auto file = scratch_.path() / "clock";
  std::ofstream(file) << "+0\n";
  Partner partner([](const RawRequest& request) {
    return request.Header("Postrider-Attempt") == "1" ? 503 : 200;
  });
  ShopConfig config = Config({{.name = "cj", .url = partner.Url("/cj")}});
  config.relay = "name: shop, lease: 3s";
  config.retries = "{attempts: 6, first: 2s, factor: 1, jitter: 0%}";
  RelayProcess& relay =
      StartRelay(config, {},
                 {"LD_PRELOAD=" + FakeClock(), "FAKETIME_TIMESTAMP_FILE=" + file.string(),
                  "FAKETIME_NO_CACHE=1", "FAKETIME_DONT_FAKE_MONOTONIC=1"});
  ASSERT_TRUE(Eventually([&] { return relay.Ready(); })) << relay.LogTail();
  const EventId retried = shop_.Insert({});
  const EventId scheduled = shop_.Insert({.deliver_after = "now() + interval '3s'"});
  ASSERT_TRUE(Becomes(retried, "cj", "retrying"));
  std::ofstream(file) << GetParam() << '\n';
  const EventId after = shop_.Insert({.deliver_before = "now() + interval '30s'"});
  for (const EventId event : {retried, scheduled, after}) {
    EXPECT_TRUE(Becomes(event, "cj", "delivered", seconds(20)));
  }
  // Each was due, and the first request of each failed: two seconds of the database's time.
  EXPECT_EQ(shop_.Ask("SELECT bool_and(o.finished_at - greatest(e.recorded_at, e.deliver_after) "
                      "BETWEEN interval '1990ms' AND interval '8s') FROM outbox.outcome o JOIN "
                      "outbox.event e ON e.id = o.event_id"),
            "t");
  const double polled =
      MetricsPage(relay.Get("/metrics").body).Sum("postrider_last_poll_timestamp_seconds");
  EXPECT_LT(std::abs(polled - WallClock()), 60);
  EXPECT_FALSE(relay.Logged("lease_lost"));
  EXPECT_TRUE(StopsCleanly(relay));
  const std::string today = shop_.Ask("SELECT (now() AT TIME ZONE 'UTC')::date");
  EXPECT_NE(relay.Log("stopped").front().value("ts", today).substr(0, today.size()), today)
      << "its clock did not jump";
}

INSTANTIATE_TEST_SUITE_P(BothWays, ClockTest, ::testing::Values("+2d", "-2d"),
                         [](const auto& test) {
                           return std::string(test.param[0] == '+' ? "Forward" : "Backward");
                         });

}  // namespace
}  // namespace postrider::test
