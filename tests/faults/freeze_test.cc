#include <algorithm>
#include <chrono>
#include <iostream>

#include "faults/faults_fixture.h"
#include "faults/traffic.h"

namespace postrider::test {
namespace {

constexpr seconds kLease{3};
constexpr milliseconds kBeyondTheLease{4500};

std::int64_t NowMicros() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

/// Relays whose requests tell them apart by their path.
class FreezeTest : public FaultsTest {
 protected:
  ShopConfig Named(const std::string& name) const {
    ShopConfig config = Config({{.name = "cj",
                                 .url = receiver_.Url("/" + name),
                                 .settings = {"order: key", "max_unsettled: 32"}}});
    config.relay = "name: " + name + ", lease: 3s";
    return config;
  }
  bool SendsTo(const std::string& path, std::uint64_t more) const {
    const std::size_t before = To(path, receiver_.Arrivals()).size();
    return Eventually([&] { return To(path, receiver_.Arrivals()).size() >= before + more; });
  }
  void ExpectSound(const std::vector<Committed>& committed, std::size_t most_duplicates) {
    const Findings findings = Compare(committed, receiver_.Arrivals());
    std::cout << findings << '\n';
    EXPECT_TRUE(findings.sound()) << findings;
    EXPECT_LE(findings.duplicates, most_duplicates) << findings;
    EXPECT_EQ(findings.out_of_order, 0) << findings;
  }

  ReceiverProcess receiver_{scratch_.path()};
};

TEST_F(FreezeTest, ARelayFrozenBeyondItsLeaseComesBackUnderANewId) {
  Traffic traffic(shop_.Conninfo(), {.events = 6000, .per_second = 1000});
  RelayProcess& relay = StartReadyRelay(Named("a"));
  ASSERT_TRUE(SendsTo("/a", 500));
  relay.Freeze();
  LetPass(kBeyondTheLease);
  relay.Thaw();
  ASSERT_TRUE(Eventually([&] { return traffic.done(); }));
  const auto committed = ReadCommitted(shop_);
  ASSERT_TRUE(DeliveredReaches(static_cast<int>(committed.size())));
  EXPECT_TRUE(relay.Logged("lease_lost"));
  EXPECT_TRUE(StopsCleanly(relay));
  ExpectSound(committed, 32);
}

TEST_F(FreezeTest, AFrozenRelaySendsNothingOnceAnotherHasTakenOver) {
  Traffic traffic(shop_.Conninfo(), {.events = 8000, .per_second = 1000});
  RelayProcess& frozen = StartReadyRelay(Named("a"));
  ASSERT_TRUE(SendsTo("/a", 500));
  RelayProcess& heir = StartRelay(Named("b"));
  ASSERT_TRUE(Eventually([&] { return heir.Logged("lanes_owned_elsewhere"); }));
  frozen.Freeze();
  ASSERT_TRUE(SendsTo("/b", 200)) << "nobody took over";
  const std::int64_t thawed = NowMicros();
  frozen.Thaw();
  ASSERT_TRUE(Eventually([&] { return frozen.Logged("lease_lost"); }));
  ASSERT_TRUE(Eventually([&] { return traffic.done(); }));
  const auto committed = ReadCommitted(shop_);
  ASSERT_TRUE(DeliveredReaches(static_cast<int>(committed.size())));
  const auto late = To("/a", receiver_.Arrivals());
  EXPECT_TRUE(std::none_of(late.begin(), late.end(),
                           [&](const Arrival& arrival) { return arrival.time_us > thawed; }));
  ExpectSound(committed, 32);

  // It stands by, and takes the work when the other gives it back.
  ASSERT_TRUE(Eventually([&] { return frozen.Ready(); }));
  EXPECT_TRUE(StopsCleanly(heir));
  const EventId event = shop_.Insert({});
  EXPECT_TRUE(Becomes(event, "cj", "delivered"));
  EXPECT_EQ(receiver_.Arrivals().back().path, "/a");
}

TEST_F(FreezeTest, AFreezeWithinTheLeaseChangesNothing) {
  RelayProcess& relay = StartReadyRelay(Named("a"));
  ASSERT_TRUE(Eventually([&] { return relay.Logged("lane_taken"); }));
  relay.Freeze();
  shop_.InsertMany(500);
  LetPass(milliseconds(800));
  relay.Thaw();
  ASSERT_TRUE(DeliveredReaches(500));
  EXPECT_FALSE(relay.Logged("lease_lost"));
  ExpectSound(ReadCommitted(shop_), 0);
}

}  // namespace
}  // namespace postrider::test
