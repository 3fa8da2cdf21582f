#include <algorithm>
#include <iostream>
#include <string>
#include <vector>

#include "faults/faults_fixture.h"
#include "faults/partner.h"

namespace postrider::test {
namespace {

/// What the docs promise, and half as much again for a busy machine.
constexpr milliseconds kPauseHolds{1000 + 500};

/// Several relays of one shop.
class FleetTest : public FaultsTest {
 protected:
  ShopConfig Named(const std::string& relay, std::vector<ShopDestination> destinations) const {
    ShopConfig config = Config(std::move(destinations));
    config.relay = "name: " + relay + ", lease: 5s";
    return config;
  }
  ShopDestination To(const std::string& name) const {
    return {.name = name, .url = partner_.Url("/" + name)};
  }
  std::size_t Sent() const { return partner_.Requests().size(); }

  Partner partner_;
};

TEST_F(FleetTest, APauseHoldsOnEveryRelayAndOverATakeover) {
  RelayProcess& first = StartReadyRelay(Named("first", {To("cj")}));
  StartReadyRelay(Named("second", {To("kakao")}));
  RelayProcess& spare = StartReadyRelay(Named("spare", {To("cj"), To("kakao")}));
  const EventId before = shop_.Insert({});
  ASSERT_TRUE(Becomes(before, "cj", "delivered"));
  ASSERT_TRUE(Becomes(before, "kakao", "delivered"));
  ASSERT_EQ(shop_.Ask("SELECT count(DISTINCT owner) FROM outbox.fence WHERE destination_id <> 0"),
            "2")
      << "each relay has its lane";

  shop_.Ask("SELECT outbox.pause('cj'); SELECT outbox.pause('kakao')");
  LetPass(kPauseHolds);
  shop_.InsertMany(50);
  const std::size_t sent = Sent();
  EXPECT_TRUE(Always([&] { return Sent() == sent; }, milliseconds(700)));
  const std::string cj = shop_.Ask("SELECT outbox.destination_id('cj')");
  // Nobody can read for now what is registered: what the spare knew before is not enough to send.
  const auto lock = shop_.Connect();
  lock->Execute("test", "BEGIN; LOCK TABLE outbox.destination");
  first.Kill();
  ASSERT_TRUE(Eventually([&] {
    return shop_.Ask(
               "SELECT r.name FROM outbox.fence f JOIN outbox.relay r ON r.id = f.owner WHERE "
               "f.destination_id = " +
               cj) == "spare";
  }));
  EXPECT_TRUE(Always([&] { return Sent() == sent; }, milliseconds(1000)));
  lock->Execute("test", "COMMIT");
  ASSERT_TRUE(Eventually([&] { return spare.Logged("lane_taken"); }));
  EXPECT_TRUE(Always([&] { return Sent() == sent; }, milliseconds(700)));

  shop_.Ask("SELECT outbox.resume('cj'); SELECT outbox.resume('kakao')");
  EXPECT_TRUE(Eventually([&] { return Sent() > sent; }, kPauseHolds));
  EXPECT_TRUE(DeliveredReaches(102));
  EXPECT_EQ(Sent(), 102);
}

TEST_F(FleetTest, AKeyThatWaitsForARetrySurvivesItsRelay) {
  ShopDestination destination = To("cj");
  destination.settings = {"order: key"};
  ShopConfig config = Named("first", {destination});
  config.retries = "{attempts: 50, first: 200ms, factor: 2, max: 1s, jitter: 0%}";
  std::atomic<bool> broken{true};
  std::atomic<EventId> head{0};
  partner_.Answer([&](const RawRequest& request) {
    return broken.load() && EventOf(request) == head.load() ? 503 : 200;
  });
  RelayProcess& first = StartReadyRelay(config);
  config.relay = "name: second, lease: 5s";
  RelayProcess& second = StartReadyRelay(config);
  // The head fails from its first request on, whichever id it gets.
  head = std::stoll(shop_.Ask("SELECT last_value + is_called::int FROM outbox.event_id_seq"));
  ASSERT_EQ(shop_.Insert({.key = "order-42"}), head.load());
  std::vector<EventId> key = {head.load()};
  for (int i = 0; i < 5; ++i) key.push_back(shop_.Insert({.key = "order-42"}));
  const EventId other = shop_.Insert({.key = "order-43"});
  ASSERT_TRUE(Becomes(other, "cj", "delivered"));
  ASSERT_TRUE(Becomes(key.at(0), "cj", "retrying"));
  ASSERT_TRUE(Eventually([&] { return shop_.Count("outbox.attempt") >= 2; }));

  first.Kill();
  ASSERT_TRUE(Eventually([&] { return second.Logged("lane_taken"); }));
  const std::size_t before = partner_.Of(key.at(0)).size();
  ASSERT_TRUE(Eventually([&] { return partner_.Of(key.at(0)).size() > before; }))
      << "the second goes on with the retries";
  for (std::size_t i = 1; i < key.size(); ++i) EXPECT_TRUE(partner_.Of(key[i]).empty()) << i;
  broken = false;
  for (const EventId event : key) ASSERT_TRUE(Becomes(event, "cj", "delivered"));
  std::vector<EventId> order;
  for (const EventId event : partner_.Events()) {
    if (event != other && std::find(order.begin(), order.end(), event) == order.end()) {
      order.push_back(event);
    }
  }
  EXPECT_EQ(order, key);
  for (std::size_t i = 1; i < key.size(); ++i) EXPECT_EQ(partner_.Of(key[i]).size(), 1) << i;
}

/// In the order of arrival, not by the clock: how fast either goes is the machine's affair.
TEST_F(FleetTest, AReplayOfThousandsAndFreshEventsBothGoOn) {
  constexpr int kReplayed = 3000;
  constexpr int kFresh = 5000;
  constexpr int kMixed = 500;  // replayed ones, from the first
  constexpr int kStretch = 200;
  const ReceiverProcess receiver(scratch_.path());
  StartReadyRelay(Config({{.name = "cj",
                           .url = receiver.Url("/cj"),
                           .settings = {"concurrency: 4", "max_unsettled: 64"}}}));
  shop_.InsertMany(kReplayed);
  ASSERT_TRUE(DeliveredReaches(kReplayed));
  const EventId last = std::stoll(shop_.Ask("SELECT max(id) FROM outbox.event"));
  const std::string until = shop_.Ask("SELECT clock_timestamp()");
  receiver.Control(R"({"delay_ms": 10})");  // 400 in a second at most, so 12 s of fresh events
  shop_.InsertMany(kFresh);
  ASSERT_TRUE(Eventually([&] { return receiver.Count() > kReplayed + 100; }));
  shop_.Ask("SELECT outbox.replay('cj', now() - interval '1 hour', '" + until + "')");
  const auto replayed = [&] {
    int count = 0;
    for (const Arrival& arrival : receiver.Arrivals()) count += arrival.event <= last ? 1 : 0;
    return count - kReplayed;
  };
  ASSERT_TRUE(Eventually([&] { return replayed() >= kMixed; }, seconds(120))) << replayed();
  receiver.Control(R"({"delay_ms": 0})");

  std::vector<bool> again;  // of each arrival from the first replayed one on
  int seen = 0;
  for (const Arrival& arrival : receiver.Arrivals()) {
    const bool old = arrival.event <= last && ++seen > kReplayed;
    if (seen > kReplayed + kMixed) break;
    if (old || !again.empty()) again.push_back(old);
  }
  std::cout << again.size() << " arrivals, " << kMixed << " of them replayed\n";
  ASSERT_GE(again.size(), kMixed + kStretch) << "nothing was mixed";
  for (std::size_t i = 0; i + kStretch <= again.size(); i += kStretch) {
    const auto old = std::count(again.begin() + i, again.begin() + i + kStretch, true);
    EXPECT_GT(old, 20) << "from arrival " << i;
    EXPECT_LT(old, kStretch - 20) << "from arrival " << i;
  }
  EXPECT_TRUE(Eventually([&] { return shop_.Count("outbox.backlog") == 0; }, seconds(60)));
}

}  // namespace
}  // namespace postrider::test
