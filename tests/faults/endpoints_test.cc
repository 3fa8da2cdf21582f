#include <atomic>

#include "faults/faults_fixture.h"
#include "faults/metrics_page.h"
#include "faults/partner.h"

namespace postrider::test {
namespace {

class EndpointsTest : public FaultsTest {
 protected:
  ShopConfig TwoEndpoints(const std::string& primary, const std::string& fallback,
                          const std::string& breaker) {
    ShopConfig config = Config({{.name = "cj", .settings = {"breaker: " + breaker}}});
    config.destinations[0].url = "";
    config.destinations[0].http = "endpoints: [{url: '" + primary +
                                  "', headers: {X-Key: one}}, {url: '" + fallback +
                                  "', headers: {X-Key: two}}]";
    return config;
  }
};

constexpr const char* kQuickBreaker =
    "{failures: 50%, window: 4, minimum: 2, open: 2s, open_max: 2s, probes: 1}";

TEST_F(EndpointsTest, TheNextIsUsedWhileTheFirstCannotBeConnected) {
  std::string gone;
  {
    Partner closed;
    gone = closed.Url();
  }
  Partner fallback;
  StartReadyRelay(TwoEndpoints(gone, fallback.Url(), "false"));
  const EventId event = shop_.Insert({});
  EXPECT_TRUE(Becomes(event, "cj", "delivered"));
  EXPECT_EQ(shop_.Delivery("attempts", event, "cj"), "1")
      << "the refused connection is not charged";
  shop_.InsertMany(20);
  EXPECT_TRUE(DeliveredReaches(21));
  EXPECT_EQ(fallback.Requests().front().Header("X-Key"), "two");
}

TEST_F(EndpointsTest, TheNextIsUsedWhileTheBreakerIsOpenAndTheFirstWhenItHasRecovered) {
  Partner primary([](const RawRequest&) { return 503; });
  Partner fallback;
  StartReadyRelay(TwoEndpoints(primary.Url(), fallback.Url(), kQuickBreaker));
  shop_.InsertMany(30);
  EXPECT_TRUE(DeliveredReaches(30));
  EXPECT_EQ(fallback.Requests().size(), 30U);
  primary.Answer(200);
  ASSERT_TRUE(Eventually([&] {
    shop_.Insert({});
    LetPass(milliseconds(100));
    return relays_.front().Logged("breaker_closed");
  }));
  const std::size_t before = fallback.Requests().size();
  const int all = shop_.Count("outbox.event") + 10;
  shop_.InsertMany(10);
  EXPECT_TRUE(DeliveredReaches(all));
  EXPECT_EQ(fallback.Requests().size(), before);
}

TEST_F(EndpointsTest, TheIdempotencyKeyStaysTheSame) {
  std::atomic<int> refusals{0};
  Partner primary([&](const RawRequest&) { return ++refusals, 503; });
  Partner fallback;
  StartReadyRelay(TwoEndpoints(primary.Url(), fallback.Url(), kQuickBreaker));
  shop_.InsertMany(10);
  EXPECT_TRUE(DeliveredReaches(10));
  int both = 0;
  for (const RawRequest& request : fallback.Requests()) {
    for (const RawRequest& former : primary.Of(EventOf(request))) {
      EXPECT_EQ(former.Header("Idempotency-Key"), request.Header("Idempotency-Key"));
      ++both;
    }
  }
  EXPECT_GT(both, 0) << "no event was sent to both";
}

TEST_F(EndpointsTest, EachHasABreakerInTheMetrics) {
  Partner primary([](const RawRequest&) { return 503; });
  Partner fallback;
  RelayProcess& relay = StartReadyRelay(
      TwoEndpoints(primary.Url(), fallback.Url(),
                   "{failures: 50%, window: 4, minimum: 2, open: 60s, open_max: 60s, probes: 1}"));
  shop_.InsertMany(10);
  EXPECT_TRUE(DeliveredReaches(10));
  const auto is = [&](const std::string& endpoint, const std::string& state) {
    return MetricsPage(relay.Get("/metrics").body)
               .Sum("postrider_breaker_state",
                    {"endpoint=\"" + endpoint + "\"", "state=\"" + state + "\""}) == 1;
  };
  EXPECT_TRUE(Eventually([&] { return is("primary", "open") && is("fallback1", "closed"); }));
}

}  // namespace
}  // namespace postrider::test
