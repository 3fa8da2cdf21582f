#include <algorithm>
#include <map>
#include <string>

#include "faults/faults_fixture.h"
#include "faults/metrics_page.h"
#include "faults/partner.h"

namespace postrider::test {
namespace {

/// What the database has to be asked for is looked at every 5 s.
constexpr seconds kLookedAt{12};
const std::string kCj = R"(destination="cj")";

class MetricsTest : public FaultsTest {
 protected:
  /// By the number of the attempt and by the last digit of the event's id.
  static int Answer(const RawRequest& request) {
    const EventId kind = EventOf(request) % 10;
    if (kind == 1) return 422;
    if (kind == 2) return 503;
    return kind == 3 && request.Header("Postrider-Attempt") == "1" ? 408 : 200;
  }
  /// Requests that the partner answered with that status.
  double Answered(int status) const {
    const auto requests = partner_.Requests();
    return static_cast<double>(
        std::count_if(requests.begin(), requests.end(),
                      [&](const RawRequest& request) { return Answer(request) == status; }));
  }

  Partner partner_{&MetricsTest::Answer};
};

TEST_F(MetricsTest, CountersAgreeWithWhatHappened) {
  RelayProcess& relay = StartReadyRelay(Config({{.name = "cj", .url = partner_.Url("/cj")}}));
  shop_.InsertMany(500);
  shop_.Insert({.deliver_before = "now() - interval '1s'"});
  ASSERT_TRUE(Eventually([&] { return shop_.Count("outbox.outcome") == 501; }));
  const auto page = [&] { return MetricsPage(relay.Get("/metrics").body); };
  const auto deliveries = [&](const std::string& state) {
    return page().Sum("postrider_deliveries_total", {kCj, "state=\"" + state + '"'});
  };
  const auto attempts = [&](const std::string& failure, const std::string& result) {
    return page().Sum("postrider_attempts_total",
                      {kCj, "class=\"" + failure + '"', "result=\"" + result + '"'});
  };
  EXPECT_EQ(deliveries("delivered"), shop_.Delivered());
  EXPECT_EQ(deliveries("dead"), shop_.Count("outbox.dead_letters"));
  EXPECT_EQ(deliveries("expired"), 1);
  EXPECT_EQ(deliveries("cancelled"), 0);
  EXPECT_EQ(attempts("ok", "delivered"), Answered(200));
  EXPECT_EQ(attempts("http_4xx", "dead"), Answered(422));
  EXPECT_EQ(attempts("http_408", "retry"), Answered(408));
  EXPECT_EQ(attempts("http_5xx", "retry") + std::max(0.0, attempts("http_5xx", "dead")),
            Answered(503));
  EXPECT_EQ(page().Sum("postrider_attempts_total", {kCj}),
            static_cast<double>(partner_.Requests().size()));
  EXPECT_EQ(page().Sum("postrider_attempt_duration_seconds_count", {kCj}),
            static_cast<double>(partner_.Requests().size()));
  EXPECT_EQ(page().Sum("postrider_delivery_latency_seconds_count", {kCj}), shop_.Delivered());
  EXPECT_EQ(page().Sum("postrider_events_read_total", {kCj}), 501);
  EXPECT_EQ(page().Sum("postrider_connections_total", {kCj}),
            static_cast<double>(partner_.Requests().size()));
}

TEST_F(MetricsTest, GaugesShowWhatWaitsAndNothingOnceItIsDone) {
  RelayProcess& relay = StartReadyRelay(Config({{.name = "cj", .url = partner_.Url("/cj")}}));
  const auto gauge = [&](const std::string& name, const std::string& label = "") {
    return MetricsPage(relay.Get("/metrics").body).Sum(name, {label});
  };
  // Its destination, and the events that nobody takes.
  EXPECT_TRUE(Eventually([&] { return gauge("postrider_lanes", R"(state="owned")") == 2; }));
  shop_.Ask("SELECT outbox.pause('cj')");
  ASSERT_TRUE(Eventually([&] { return gauge("postrider_destination_paused", kCj) == 1; }));
  shop_.InsertMany(100);
  ASSERT_TRUE(
      Eventually([&] { return gauge("postrider_deliveries", R"(state="queued")") == 100; }));
  EXPECT_TRUE(Eventually([&] { return gauge("postrider_oldest_due_seconds", kCj) > 1; }));
  EXPECT_GT(gauge("postrider_event_memory_bytes"), 0);
  shop_.Ask("SELECT outbox.resume('cj')");
  ASSERT_TRUE(Eventually([&] { return shop_.Count("outbox.outcome") == 100; }));
  EXPECT_TRUE(Eventually([&] { return gauge("postrider_destination_paused", kCj) == 0; }));
  EXPECT_TRUE(Eventually([&] { return gauge("postrider_deliveries", R"(state="queued")") == 0; }));
  EXPECT_TRUE(Eventually([&] { return gauge("postrider_oldest_due_seconds", kCj) == 0; }));
  EXPECT_GT(gauge("postrider_held_seconds_total", R"(reason="paused")"), 0.5);
}

TEST_F(MetricsTest, WhatWaitsForARetryIsRetrying) {
  partner_.Answer(503);
  ShopConfig config = Config({{.name = "cj", .url = partner_.Url("/cj")}});
  config.retries = "{first: 1h}";
  RelayProcess& relay = StartReadyRelay(config);
  shop_.InsertMany(5);
  shop_.Insert({.deliver_after = "now() + interval '1h'"});
  const auto gauge = [&](const std::string& state) {
    return MetricsPage(relay.Get("/metrics").body)
        .Sum("postrider_deliveries", {kCj, "state=\"" + state + '"'});
  };
  EXPECT_TRUE(Eventually([&] { return gauge("retrying") == 5; }, kLookedAt)) << gauge("retrying");
  EXPECT_TRUE(Eventually([&] { return gauge("scheduled") == 1; }, kLookedAt)) << gauge("scheduled");
}

}  // namespace
}  // namespace postrider::test
