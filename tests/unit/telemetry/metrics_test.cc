#include "postrider/telemetry/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace postrider {
namespace {

using std::chrono::hours;
using testing::HasSubstr;
using testing::Not;

class MetricsTest : public testing::Test {
 protected:
  /// The value of a series as printed, or "absent".
  std::string ValueOf(const std::string& series) const {
    const std::string text = "\n" + metrics_.Render();
    const auto at = text.find("\n" + series + " ");
    if (at == std::string::npos) return "absent";
    const auto begin = at + series.size() + 2;
    return text.substr(begin, text.find('\n', begin) - begin);
  }

  Timestamp now_{hours(480000)};
  Metrics metrics_{"1.2.3", [this] { return now_; }};
  DestinationMetrics& cj_ = metrics_.ForDestination("cj");
};

TEST_F(MetricsTest, NamesTheVersion) {
  EXPECT_EQ(ValueOf("postrider_build_info{version=\"1.2.3\"}"), "1");
}

TEST_F(MetricsTest, ShowsHelpAndTypeOfAFamily) {
  EXPECT_THAT(metrics_.Render(), HasSubstr("# TYPE postrider_attempts_total counter\n"));
  EXPECT_THAT(metrics_.Render(), HasSubstr("# HELP postrider_attempts_total Requests by result"));
}

TEST_F(MetricsTest, StartsUsualCountersAtZero) {
  EXPECT_EQ(ValueOf("postrider_events_read_total{destination=\"cj\"}"), "0");
  EXPECT_EQ(
      ValueOf("postrider_attempts_total{destination=\"cj\",result=\"delivered\",class=\"ok\"}"),
      "0");
  EXPECT_EQ(
      ValueOf("postrider_attempts_total{destination=\"cj\",result=\"retry\",class=\"http_5xx\"}"),
      "0");
  EXPECT_EQ(ValueOf("postrider_deliveries_total{destination=\"cj\",state=\"dead\"}"), "0");
  EXPECT_EQ(ValueOf("postrider_held_seconds_total{destination=\"cj\",reason=\"cool_down\"}"), "0");
  EXPECT_EQ(ValueOf("postrider_connections_total{destination=\"cj\",reused=\"true\"}"), "0");
}

TEST_F(MetricsTest, CountsAttemptsByResultAndClass) {
  cj_.CountAttempt(AttemptResult::kDelivered, std::nullopt);
  cj_.CountAttempt(AttemptResult::kDead, FailureClass::kTooLarge);
  cj_.CountAttempt(AttemptResult::kDead, FailureClass::kTooLarge);
  EXPECT_EQ(
      ValueOf("postrider_attempts_total{destination=\"cj\",result=\"delivered\",class=\"ok\"}"),
      "1");
  EXPECT_EQ(
      ValueOf("postrider_attempts_total{destination=\"cj\",result=\"dead\",class=\"too_large\"}"),
      "2");
}

TEST_F(MetricsTest, LeavesOutRareAttemptsThatNeverOccurred) {
  EXPECT_THAT(metrics_.Render(), Not(HasSubstr("class=\"relay_lost\"")));
}

TEST_F(MetricsTest, CountsDeliveriesReadsHoldsAndConnections) {
  cj_.CountRead(500);
  cj_.CountDelivery(OutcomeState::kDiscarded);
  cj_.AddHeld(HeldReason::kRate, milliseconds(1500));
  cj_.CountConnection(true);
  EXPECT_EQ(ValueOf("postrider_events_read_total{destination=\"cj\"}"), "500");
  EXPECT_EQ(ValueOf("postrider_deliveries_total{destination=\"cj\",state=\"discarded\"}"), "1");
  EXPECT_EQ(ValueOf("postrider_held_seconds_total{destination=\"cj\",reason=\"rate\"}"), "1.5");
  EXPECT_EQ(ValueOf("postrider_connections_total{destination=\"cj\",reused=\"true\"}"), "1");
}

TEST_F(MetricsTest, ShowsTheStateOfTheBreakerWhereThereIsOne) {
  const auto state = [&](const std::string& name) {
    return ValueOf("postrider_breaker_state{destination=\"cj\",endpoint=\"primary\",state=\"" +
                   name + "\"}");
  };
  EXPECT_THAT(metrics_.Render(), Not(HasSubstr("postrider_breaker_state{")));
  cj_.SetBreaker(0, BreakerState::kOpen);
  EXPECT_EQ(state("open"), "1");
  EXPECT_EQ(state("closed"), "0");
  cj_.SetBreaker(0, BreakerState::kHalfOpen);
  EXPECT_EQ(state("open"), "0");
  EXPECT_EQ(state("half_open"), "1");
  cj_.ReleaseOwnership();
  EXPECT_THAT(metrics_.Render(), Not(HasSubstr("postrider_breaker_state{")));
}

TEST_F(MetricsTest, PutsAttemptsIntoBuckets) {
  cj_.ObserveAttempt(milliseconds(80));
  const std::string name = "postrider_attempt_duration_seconds";
  EXPECT_EQ(ValueOf(name + "_bucket{destination=\"cj\",le=\"0.05\"}"), "0");
  EXPECT_EQ(ValueOf(name + "_bucket{destination=\"cj\",le=\"0.1\"}"), "1");
  EXPECT_EQ(ValueOf(name + "_count{destination=\"cj\"}"), "1");
}

TEST_F(MetricsTest, TakesANegativeLatencyForZero) {
  cj_.ObserveDeliveryLatency(microseconds(-5));
  EXPECT_EQ(ValueOf("postrider_delivery_latency_seconds_sum{destination=\"cj\"}"), "0");
}

TEST_F(MetricsTest, ComputesTheOldestDueWhenRead) {
  const std::string series = "postrider_oldest_due_seconds{destination=\"cj\"}";
  EXPECT_EQ(ValueOf(series), "0");
  cj_.SetOldestDueAt(now_);
  now_ += seconds(90);
  EXPECT_EQ(ValueOf(series), "90");
  now_ += seconds(1);
  EXPECT_EQ(ValueOf(series), "91");
  cj_.SetOldestDueAt(std::nullopt);
  EXPECT_EQ(ValueOf(series), "0");
}

TEST_F(MetricsTest, ShowsNoNegativeAgeForWhatIsDueLater) {
  cj_.SetOldestDueAt(now_ + hours(1));
  EXPECT_EQ(ValueOf("postrider_oldest_due_seconds{destination=\"cj\"}"), "0");
}

TEST_F(MetricsTest, ZeroesTheGaugesOfAnOwnerWhenLanesAreGivenUp) {
  cj_.CountRead(3);
  cj_.SetDeliveries(DeliveryState::kQueued, 7);
  cj_.SetOldestDueAt(now_ - seconds(5));
  EXPECT_EQ(ValueOf("postrider_deliveries{destination=\"cj\",state=\"queued\"}"), "7");
  cj_.ReleaseOwnership();
  EXPECT_EQ(ValueOf("postrider_deliveries{destination=\"cj\",state=\"queued\"}"), "0");
  EXPECT_EQ(ValueOf("postrider_oldest_due_seconds{destination=\"cj\"}"), "0");
  EXPECT_EQ(ValueOf("postrider_events_read_total{destination=\"cj\"}"), "3");
}

TEST_F(MetricsTest, ShowsGaugesOfTheKeeperOnlyWhileItKeepsHouse) {
  const std::string dead = "postrider_dead_letters{destination=\"cj\",reason=\"exhausted\"}";
  const std::string paused = "postrider_destination_paused{destination=\"cj\"}";
  EXPECT_EQ(ValueOf(dead), "absent");
  cj_.SetDeadLetters(DeadReason::kExhausted, 4);
  cj_.SetPaused(true);
  metrics_.relay().SetLanes(LaneState::kOwned, 2);
  metrics_.relay().SetTableBytes("event", 8192);
  EXPECT_EQ(ValueOf(dead), "4");
  EXPECT_EQ(ValueOf(paused), "1");
  EXPECT_EQ(ValueOf("postrider_lanes{state=\"owned\"}"), "2");
  EXPECT_EQ(ValueOf("postrider_table_bytes{table=\"event\"}"), "8192");
  metrics_.ReleaseHousekeeping();
  EXPECT_EQ(ValueOf(dead), "absent");
  EXPECT_EQ(ValueOf(paused), "absent");
  EXPECT_EQ(ValueOf("postrider_lanes{state=\"owned\"}"), "absent");
  EXPECT_EQ(ValueOf("postrider_table_bytes{table=\"event\"}"), "absent");
}

TEST_F(MetricsTest, HidesARemovedDestinationAndKeepsItsHandle) {
  cj_.CountRead(1);
  metrics_.Remove("cj");
  EXPECT_THAT(metrics_.Render(), Not(HasSubstr("\"cj\"")));
  cj_.CountRead(1);
  EXPECT_EQ(&metrics_.ForDestination("cj"), &cj_);
  EXPECT_EQ(ValueOf("postrider_events_read_total{destination=\"cj\"}"), "2");
}

TEST_F(MetricsTest, ShowsThePollAsUnixTime) {
  EXPECT_EQ(ValueOf("postrider_last_poll_timestamp_seconds"), "absent");
  metrics_.relay().CountPoll(Timestamp(seconds(1700000000)));
  EXPECT_EQ(ValueOf("postrider_last_poll_timestamp_seconds"), "1700000000");
}

TEST_F(MetricsTest, KeepsQueriesApartByPurpose) {
  metrics_.relay().ObserveQuery("tail", milliseconds(2));
  metrics_.relay().CountDatabaseError("settle");
  EXPECT_EQ(ValueOf("postrider_database_query_duration_seconds_count{purpose=\"tail\"}"), "1");
  EXPECT_EQ(ValueOf("postrider_database_errors_total{purpose=\"tail\"}"), "0");
  EXPECT_EQ(ValueOf("postrider_database_errors_total{purpose=\"settle\"}"), "1");
}

TEST_F(MetricsTest, GathersPurposesBeyondTheBoundAsOther) {
  for (int i = 0; i < 100; ++i) metrics_.relay().CountDatabaseError("p" + std::to_string(i));
  EXPECT_EQ(ValueOf("postrider_database_errors_total{purpose=\"p47\"}"), "1");
  EXPECT_EQ(ValueOf("postrider_database_errors_total{purpose=\"p48\"}"), "absent");
  EXPECT_EQ(ValueOf("postrider_database_errors_total{purpose=\"other\"}"), "52");
}

TEST_F(MetricsTest, TellsAboutTheProcess) {
  EXPECT_GT(std::stod(ValueOf("process_resident_memory_bytes")), 1e6);
  EXPECT_GE(std::stod(ValueOf("process_open_fds")), 3);
  EXPECT_GT(std::stod(ValueOf("process_max_fds")), 3);
  EXPECT_GE(std::stod(ValueOf("process_threads")), 1);
  EXPECT_GE(std::stod(ValueOf("process_cpu_seconds_total")), 0);
  const auto unix_now = std::chrono::system_clock::now().time_since_epoch() / seconds(1);
  EXPECT_NEAR(std::stod(ValueOf("process_start_time_seconds")), static_cast<double>(unix_now), 600);
}

TEST_F(MetricsTest, ShowsNothingThatIsNotDocumented) {
  cj_.SetDeadLetters(DeadReason::kLoop, 1);
  cj_.SetPaused(false);
  cj_.SetLastDelivery(now_);
  RelayMetrics& relay = metrics_.relay();
  relay.CountPoll(now_);
  relay.ObserveQuery("tail", milliseconds(1));
  relay.SetLanes(LaneState::kFree, 1);
  relay.SetTableBytes("event", 1);
  relay.SetOldestSnapshot(seconds(1));
  std::ifstream file(POSTRIDER_METRICS_PAGE);
  const std::string page{std::istreambuf_iterator<char>(file), {}};
  std::istringstream lines(metrics_.Render());
  int families = 0;
  for (std::string hash, kind, name, rest; lines >> hash && std::getline(lines, rest);) {
    if (hash != "#") continue;
    std::istringstream(rest) >> kind >> name;
    EXPECT_TRUE(page.find('`' + name) != std::string::npos) << name;
    ++families;
  }
  EXPECT_EQ(families, 2 * 32);  // HELP and TYPE of each
}

TEST_F(MetricsTest, LosesNoCountAmongThreads) {
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([this] {
      for (int n = 0; n < 1000; ++n) {
        metrics_.ForDestination("cj").CountDelivery(OutcomeState::kDelivered);
        cj_.ObserveAttempt(milliseconds(n));
        if (n % 250 == 0) {
          EXPECT_FALSE(metrics_.Render().empty());
        }
      }
    });
  }
  threads.clear();
  EXPECT_EQ(ValueOf("postrider_deliveries_total{destination=\"cj\",state=\"delivered\"}"), "4000");
  EXPECT_EQ(ValueOf("postrider_attempt_duration_seconds_count{destination=\"cj\"}"), "4000");
}

}  // namespace
}  // namespace postrider
