#include <signal.h>

#include <atomic>
#include <iostream>
#include <map>
#include <mutex>
#include <random>

#include "faults/faults_fixture.h"
#include "faults/partner.h"

namespace postrider::test {
namespace {

constexpr int kKills = 200;
constexpr int kEventsPerLife = 6;

/// A partner that ships once for each request, whatever its idempotency key, and that can be asked
/// what it has shipped. Now and then it ends the relay while it has a request of it.
class ForgetfulPartner {
 public:
  explicit ForgetfulPartner(std::uint32_t seed)
      : random_(seed), partner_([this](const RawRequest& request) { return Answer(request); }) {}

  std::string Url() const { return partner_.Url("/ships"); }
  /// The next request, or the one after a few more, ends this process.
  void Mark(pid_t victim) {
    const std::lock_guard lock(mutex_);
    patience_ = static_cast<int>(random_() % 4);
    victim_ = victim;
  }
  bool HasKilled() const { return victim_ == 0; }

  /// How often each event was shipped.
  std::map<EventId, int> Shipments() {
    const std::lock_guard lock(mutex_);
    return shipments_;
  }

  std::atomic<int> killed_before_shipping{0};
  std::atomic<int> killed_after_shipping{0};
  std::atomic<int> killed_while_asked{0};
  std::atomic<int> asked{0};
  std::atomic<int> missing{0};

 private:
  int Answer(const RawRequest& request) {
    const std::lock_guard lock(mutex_);
    const EventId event = EventOf(request);
    if (request.Method() == "GET") {
      ++asked;
      // Most kills shall fall on the requests that ship.
      if (random_() % 16 == 0 && Kills()) return ++killed_while_asked, 0;
      if (shipments_.contains(event)) return 200;
      ++missing;
      return 404;
    }
    const bool late = random_() % 2 == 0;
    if (late) ++shipments_[event];
    if (Kills()) return ++(late ? killed_after_shipping : killed_before_shipping), 0;
    if (!late) ++shipments_[event];
    return 200;
  }

  bool Kills() {
    if (victim_ == 0 || patience_-- > 0) return false;
    ::kill(victim_, SIGKILL);
    victim_ = 0;
    return true;
  }

  std::mutex mutex_;
  std::mt19937 random_;               ///< guarded by mutex_
  std::map<EventId, int> shipments_;  ///< guarded by mutex_
  int patience_ = 0;                  ///< guarded by mutex_
  std::atomic<pid_t> victim_{0};
  Partner partner_;
};

class UnknownTest : public FaultsTest {
 protected:
  /// @param after_unknown  lines of YAML
  ShopConfig ConfigFor(const std::string& url, std::vector<std::string> after_unknown) {
    after_unknown.push_back("concurrency: 4");
    after_unknown.push_back("breaker: false");
    ShopConfig config = Config(
        {{.name = "cj", .url = url, .http = "timeout: 2s", .settings = std::move(after_unknown)}});
    config.relay = "name: shop, lease: 3s";
    return config;
  }
  static std::vector<std::string> Verify(const std::string& url) {
    return {"after_unknown: verify",
            "verify: {url: '" + url + "/{{id}}', after: 100ms, delivered: [200], missing: [404]}"};
  }
};

TEST_F(UnknownTest, TwoHundredKillsShipNothingTwiceAndForgetNothing) {
  const std::uint32_t seed = Seed();
  ForgetfulPartner partner(seed);
  const ShopConfig config = ConfigFor(partner.Url(), Verify(partner.Url()));
  for (int life = 0; life < kKills; ++life) {
    shop_.InsertMany(kEventsPerLife);
    RelayProcess& relay = StartRelay(config);
    partner.Mark(relay.process().pid());
    ASSERT_TRUE(Eventually([&] { return partner.HasKilled(); })) << "life " << life;
    ASSERT_TRUE(relay.Wait());
    relays_.pop_back();
  }
  RelayProcess& last = StartRelay(config);
  EXPECT_TRUE(DeliveredReaches(kKills * kEventsPerLife, seconds(90)));
  EXPECT_TRUE(StopsCleanly(last));

  const auto shipments = partner.Shipments();
  EXPECT_EQ(shipments.size(), static_cast<std::size_t>(kKills * kEventsPerLife)) << "forgotten";
  for (const auto& [event, times] : shipments) {
    EXPECT_EQ(times, 1) << "event " << event << " was shipped " << times << " times";
  }
  std::cout << "killed before shipping: " << partner.killed_before_shipping
            << ", after: " << partner.killed_after_shipping
            << ", while asked: " << partner.killed_while_asked << "; asked: " << partner.asked
            << ", of which missing: " << partner.missing << '\n';
  EXPECT_GT(partner.killed_before_shipping, kKills / 8);
  EXPECT_GT(partner.killed_after_shipping, kKills / 8);
  EXPECT_GT(partner.missing, 0);
  EXPECT_GT(partner.asked, partner.missing.load());
}

TEST_F(UnknownTest, APartnerThatDoesNotAnswerIsAskedAndNotSentToAgain) {
  std::atomic<int> posts{0};
  Partner partner([&](const RawRequest& request) {
    if (request.Method() == "GET") return 200;
    ++posts;
    return 0;
  });
  const ShopConfig config = ConfigFor(partner.Url(), Verify(partner.Url("/ships")));
  StartReadyRelay(config);
  const EventId event = shop_.Insert({});
  EXPECT_TRUE(Becomes(event, "cj", "delivered"));
  EXPECT_EQ(posts, 1);
}

TEST_F(UnknownTest, WhatNobodyKnowsIsShownAsVerifying) {
  Partner partner([&](const RawRequest& request) { return request.Method() == "GET" ? 503 : 0; });
  StartReadyRelay(ConfigFor(partner.Url(), Verify(partner.Url("/ships"))));
  const EventId event = shop_.Insert({});
  EXPECT_TRUE(Becomes(event, "cj", "verifying"));
  partner.Answer(200);
  EXPECT_TRUE(Becomes(event, "cj", "delivered"));
}

TEST_F(UnknownTest, WithoutAWayToAskItIsADeadLetterAndSentOnce) {
  std::atomic<int> posts{0};
  Partner partner([&](const RawRequest&) { return ++posts, 0; });
  StartReadyRelay(ConfigFor(partner.Url(), {"after_unknown: dead"}));
  const EventId event = shop_.Insert({});
  EXPECT_TRUE(Becomes(event, "cj", "dead"));
  EXPECT_EQ(posts, 1);
  EXPECT_EQ(shop_.Ask("SELECT reason FROM outbox.dead_letters"), "unknown");
}

TEST_F(UnknownTest, WhatARelayWasSendingWhenItWasKilledIsADeadLetterAndSentOnce) {
  std::atomic<int> posts{0};
  std::atomic<pid_t> victim{0};
  Partner partner([&](const RawRequest&) {
    ++posts;
    if (victim != 0) ::kill(victim, SIGKILL);
    return 0;
  });
  const ShopConfig config = ConfigFor(partner.Url(), {"after_unknown: dead"});
  RelayProcess& relay = StartReadyRelay(config);
  victim = relay.process().pid();
  const EventId event = shop_.Insert({});
  ASSERT_TRUE(relay.Wait());
  EXPECT_EQ(shop_.State(event, "cj"), "sending");
  StartRelay(config);
  EXPECT_TRUE(Becomes(event, "cj", "dead"));
  EXPECT_EQ(posts, 1);
}

}  // namespace
}  // namespace postrider::test
