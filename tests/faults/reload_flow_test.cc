#include <future>
#include <iostream>
#include <string>

#include "faults/reload_fixture.h"
#include "faults/traffic.h"

namespace postrider::test {
namespace {

/// A partner that answers when the test lets it.
class SlowPartner {
 public:
  SlowPartner()
      : server_([gate = gate_.get_future().share()](postrider::testing::Peer& peer) {
          while (peer.ReadRequest()) {
            gate.wait();
            if (!peer.Send(postrider::testing::Answer(200, "{}"))) return;
          }
        }) {}
  ~SlowPartner() { Answer(); }

  void Answer() {
    if (!std::exchange(open_, true)) gate_.set_value();
  }
  std::string Url(const std::string& path) const { return server_.Url(path); }
  bool HasRequest() const { return !server_.requests().empty(); }
  std::vector<RawRequest> Requests() const { return server_.requests(); }

 private:
  bool open_ = false;
  std::promise<void> gate_;
  postrider::testing::HostileServer server_;
};

class ReloadFlowTest : public ReloadTest {
 protected:
  /// Orders go to the slow partner as cj, everything to the quick one as kakao.
  ShopConfig Both(const std::string& topics, const std::string& path) {
    return Config({{.name = "cj", .url = slow_.Url("/cj"), .topics = topics},
                   {.name = "kakao", .url = partner_.Url(path)}});
  }

  SlowPartner slow_;
};

TEST_F(ReloadFlowTest, OthersGoOnWhileOneFinishesWhatIsInFlight) {
  RelayProcess& relay = StartReadyRelay(Both(R"(["order.*"])", "/old"));
  const EventId slow = shop_.Insert({.topic = "order.paid"});
  ASSERT_TRUE(Eventually([&] { return slow_.HasRequest(); }));
  ASSERT_TRUE(TakesUp(relay, Both(R"(["order.*"])", "/new")));
  // Three at first, and then again that of kakao and the unrouted one.
  ASSERT_TRUE(Eventually([&] { return relay.Log("lane_taken").size() >= 5; }));
  const EventId quick = shop_.Insert({.topic = "hello"});
  EXPECT_TRUE(Becomes(quick, "kakao", "delivered", seconds(5)));
  EXPECT_EQ(PathOf(partner_.Of(quick).at(0)), "/new");
  EXPECT_NE(shop_.State(slow, "cj"), "delivered");
  EXPECT_EQ(relay.Log("lane_taken").size(), 5) << "cj still has something in flight";
  slow_.Answer();
  EXPECT_TRUE(Becomes(slow, "cj", "delivered"));
  EXPECT_EQ(slow_.Requests().size(), 1) << "it was not sent again";
  const EventId next = shop_.Insert({.topic = "order.paid"});
  EXPECT_TRUE(Becomes(next, "cj", "delivered"));
  EXPECT_TRUE(StopsCleanly(relay));
}

TEST_F(ReloadFlowTest, OtherTopicsWaitForWhatIsInFlight) {
  RelayProcess& relay = StartReadyRelay(Both(R"(["order.*"])", "/old"));
  const EventId slow = shop_.Insert({.topic = "order.paid"});
  ASSERT_TRUE(Eventually([&] { return slow_.HasRequest(); }));
  ASSERT_TRUE(TakesUp(relay, Both(R"(["order.*", "refund.*"])", "/new")));
  EXPECT_TRUE(Always(
      [&] { return shop_.Ask("SELECT version FROM outbox.destination WHERE name = 'cj'") == "1"; },
      milliseconds(700)));
  slow_.Answer();
  EXPECT_TRUE(Becomes(slow, "cj", "delivered"));
  EXPECT_TRUE(Eventually([&] {
    return shop_.Ask("SELECT version FROM outbox.destination WHERE name = 'cj'") == "2";
  }));
  const EventId refund = shop_.Insert({.topic = "refund.asked"});
  EXPECT_TRUE(Becomes(refund, "cj", "delivered"));
  EXPECT_EQ(slow_.Requests().size(), 2) << "nothing was sent again";
  EXPECT_EQ(shop_.Count("outbox.attempt"), 0);
}

TEST_F(ReloadFlowTest, AtSigtermAnotherRelayGetsTheOtherLanesAtOnce) {
  ShopConfig config = Both(R"(["order.*"])", "/kakao");
  RelayProcess& first = StartReadyRelay(config);
  config.relay = "name: second";
  RelayProcess& second = StartReadyRelay(config);
  const EventId slow = shop_.Insert({.topic = "order.paid"});
  ASSERT_TRUE(Eventually([&] { return slow_.HasRequest(); }));
  first.Stop();
  ASSERT_TRUE(Eventually([&] { return first.Logged("draining"); }));
  const EventId quick = shop_.Insert({.topic = "hello"});
  EXPECT_TRUE(Becomes(quick, "kakao", "delivered", seconds(5)));
  EXPECT_TRUE(first.process().Running()) << "it still waits for the slow partner";
  EXPECT_TRUE(second.Logged("lane_taken"));
  slow_.Answer();
  EXPECT_EQ(first.Wait(), 0);
  EXPECT_TRUE(Becomes(slow, "cj", "delivered"));
  EXPECT_EQ(slow_.Requests().size(), 1) << "it was not sent again";
}

TEST_F(ReloadFlowTest, UnderTrafficNothingIsLostDoubledOrReordered) {
  const ReceiverProcess receiver(scratch_.path());
  const auto with = [&](int concurrency, int shards) {
    ShopConfig config = Config({{.name = "free", .url = receiver.Url("/free")},
                                {.name = "ordered",
                                 .url = receiver.Url("/ordered"),
                                 .settings = {"order: key", "shards: " + std::to_string(shards)}}});
    config.destinations[0].settings = {"concurrency: " + std::to_string(concurrency)};
    return config;
  };
  RelayProcess& relay = StartReadyRelay(with(4, 1));
  Traffic traffic(shop_.Conninfo(), {.events = 1'000'000, .per_second = 1000, .seed = Seed()});
  for (int i = 0; i < 5; ++i) {
    const std::uint64_t before = receiver.Count();
    ASSERT_TRUE(Eventually([&] { return receiver.Count() > before + 500; })) << "after " << i;
    ASSERT_TRUE(TakesUp(relay, with(5 + i, 1 + i % 2 * 2)));
  }
  const std::uint64_t before = receiver.Count();
  ASSERT_TRUE(Eventually([&] { return receiver.Count() > before + 500; }));
  traffic.Stop();
  const auto committed = ReadCommitted(shop_);
  ASSERT_TRUE(DeliveredReaches(static_cast<int>(2 * committed.size())));
  EXPECT_TRUE(StopsCleanly(relay));
  for (const std::string path : {"/free", "/ordered"}) {
    const Findings findings = Compare(committed, test::To(path, receiver.Arrivals()));
    std::cout << path << ": " << findings << '\n';
    EXPECT_TRUE(findings.sound()) << findings;
    EXPECT_EQ(findings.duplicates, 0) << findings;
    EXPECT_TRUE(path == "/free" || findings.out_of_order == 0) << findings;
  }
  EXPECT_FALSE(relay.Logged("drain_timeout"));
}

}  // namespace
}  // namespace postrider::test
