#include <algorithm>
#include <iostream>
#include <random>

#include "faults/faults_fixture.h"
#include "faults/traffic.h"

namespace postrider::test {
namespace {

constexpr int kKills = 20;
constexpr int kEvents = 20'000;
constexpr int kMaxUnsettled = 32;
/// Far below the lease of 15 s: who starts on the same host does not wait for it.
constexpr seconds kAtOnce{6};

/// What happened in a run, so that it can be seen that anything was exercised.
struct Exercise {
  int in_flow = 0;      ///< kills after the relay had sent something
  int before_flow = 0;  ///< kills before
  std::size_t duplicates = 0;
};

class KillTest : public FaultsTest {
 protected:
  ShopConfig TwoDestinations() {
    const std::string unsettled = "max_unsettled: " + std::to_string(kMaxUnsettled);
    return Config({{.name = "free", .url = receiver_.Url("/free"), .settings = {unsettled}},
                   {.name = "ordered",
                    .url = receiver_.Url("/ordered"),
                    .settings = {unsettled, "order: key"}}});
  }
  /// Kills at a random moment: after some time, or after some requests.
  void KillAtRandom(RelayProcess& relay, std::mt19937& random, Exercise& exercise) {
    const std::uint64_t before = receiver_.Count();
    if (random() % 4 == 0) {
      LetPass(milliseconds(random() % 300));
    } else {
      const std::uint64_t target = before + 1 + random() % 1500;
      EXPECT_TRUE(Eventually([&] { return receiver_.Count() > before; }, kAtOnce))
          << "the lanes were not taken over at once";
      // Without it too: then everything there was has been sent.
      static_cast<void>(Eventually([&] { return receiver_.Count() >= target; }, seconds(2)));
      LetPass(milliseconds(random() % 10));
    }
    relay.Kill();
    ++(receiver_.Count() > before ? exercise.in_flow : exercise.before_flow);
  }

  ReceiverProcess receiver_{scratch_.path()};
};

TEST_F(KillTest, TwentyKillsInTheFlowLoseNothingAndKeepOrder) {
  const std::uint32_t seed = Seed();
  std::mt19937 random(seed);
  receiver_.Control(R"({"fail_every": 97})");
  const ShopConfig config = TwoDestinations();
  Traffic traffic(shop_.Conninfo(), {.events = kEvents, .per_second = 1500, .seed = seed});
  Exercise exercise;
  for (int i = 0; i < kKills; ++i) KillAtRandom(StartRelay(config), random, exercise);
  EXPECT_TRUE(Eventually([&] { return traffic.done(); }, seconds(120)));
  RelayProcess& last = StartRelay(config);
  const auto committed = ReadCommitted(shop_);
  EXPECT_TRUE(DeliveredReaches(static_cast<int>(2 * committed.size()), seconds(90)));
  EXPECT_TRUE(StopsCleanly(last));

  const auto arrivals = receiver_.Arrivals();
  for (const std::string path : {"/free", "/ordered"}) {
    const Findings findings = Compare(committed, To(path, arrivals));
    std::cout << path << ": " << findings << '\n';
    EXPECT_TRUE(findings.sound()) << findings;
    EXPECT_LE(findings.duplicates, static_cast<std::size_t>(kKills * kMaxUnsettled)) << findings;
    EXPECT_GT(findings.refused, 0) << "nothing was tried again";
    EXPECT_TRUE(path == "/free" || findings.out_of_order == 0) << findings;
    exercise.duplicates += findings.duplicates;
  }
  std::cout << exercise.in_flow << " kills in the flow, " << exercise.before_flow << " before it, "
            << traffic.withdrawn() << " rows withdrawn\n";
  EXPECT_GE(exercise.in_flow, kKills / 2);
  EXPECT_GT(exercise.duplicates, 0) << "no kill fell between an answer and its commit";
  EXPECT_GT(traffic.withdrawn(), 0);
}

TEST_F(KillTest, AnotherRelayTakesOverWhenTheLeaseHasEnded) {
  ShopConfig config = TwoDestinations();
  config.relay = "name: a, lease: 3s";
  StartReadyRelay(config);
  shop_.InsertMany(10);
  ASSERT_TRUE(DeliveredReaches(20));
  // As if it had run on another host, where nobody can look whether it lives.
  shop_.Ask("UPDATE outbox.relay SET host = 'elsewhere'");
  config.relay = "name: b, lease: 3s";
  RelayProcess& heir = StartRelay(config);
  ASSERT_TRUE(Eventually([&] { return heir.Logged("lanes_owned_elsewhere"); }));
  EXPECT_FALSE(heir.Logged("lane_taken"));
  relays_.front().Kill();
  shop_.InsertMany(10);
  EXPECT_TRUE(DeliveredReaches(40, seconds(3) + kAtOnce));
}

}  // namespace
}  // namespace postrider::test
