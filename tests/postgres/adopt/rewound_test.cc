#include "postgres/adopt/adopt_fixture.h"

namespace postrider::test {
namespace {

/// Somebody empties the log and lets its ids begin anew, while a relay runs.
class RewoundTest : public AdoptTest {
 protected:
  /// A relay that has delivered `count` events; then all is gone.
  RelayProcess& Rewind(const ShopConfig& config, int count) {
    RelayProcess& relay = StartReadyRelay(config);
    shop_.InsertMany(count);
    EXPECT_TRUE(DeliveredReaches(count));
    EXPECT_TRUE(
        Eventually([&] { return partner_.Events().size() >= static_cast<std::size_t>(count); }));
    shop_.Ask("TRUNCATE outbox.event RESTART IDENTITY");
    EXPECT_TRUE(Eventually([&] { return relay.Logged("not_ready"); }));
    EXPECT_EQ(relay.Get("/readyz").status, 503);
    arrived_ = partner_.Requests().size();
    return relay;
  }
  /// Events that get ids which others had; nobody may send them yet.
  void InsertAgain() {
    for (int i = 0; i < 3; ++i) again_.push_back(shop_.Insert({.payload = R"({"again": true})"}));
    EXPECT_LE(again_.back(), 5);
    EXPECT_TRUE(Always([&] { return ArrivedSince().empty(); }, milliseconds(700)));
  }
  /// After an adoption in that mode only a new event is sent, and the others have that state.
  void ExpectNoneIsSent(const std::string& mode, const std::string& state) {
    RelayProcess& relay = Rewind(ConfigOf(), 5);
    InsertAgain();
    ASSERT_EQ(Adopt(mode, ConfigOf()).exit_code, 0);
    ASSERT_TRUE(BecomesReady(relay));
    const EventId next = shop_.Insert({});
    EXPECT_TRUE(Arrive({next}));
    for (const EventId event : again_) EXPECT_EQ(shop_.State(event, "cj"), state);
  }

  std::vector<EventId> again_;
};

TEST_F(RewoundTest, ARelayStopsAndResumeFindsTheEventsThatHaveOldIds) {
  RelayProcess& relay = Rewind(ConfigOf(), 5);
  InsertAgain();
  const Adoption adoption = Adopt("resume", ConfigOf());
  ASSERT_EQ(adoption.exit_code, 0) << adoption.err;
  ASSERT_TRUE(BecomesReady(relay));
  EXPECT_TRUE(Arrive(again_));
  const EventId next = shop_.Insert({});
  EXPECT_GT(next, 5);
  again_.push_back(next);
  EXPECT_TRUE(Arrive(again_));
  for (const EventId event : again_) EXPECT_TRUE(Becomes(event, "cj", "delivered"));
}

TEST_F(RewoundTest, ADestinationThatBeganLaterThanTheseIdsGetsThemToo) {
  shop_.InsertMany(10);
  ShopConfig config = ConfigOf();
  config.destinations[0].settings = {"start: now"};
  RelayProcess& relay = StartReadyRelay(config);
  const EventId first = shop_.Insert({});
  ASSERT_TRUE(Becomes(first, "cj", "delivered"));
  shop_.Ask("TRUNCATE outbox.event RESTART IDENTITY");
  ASSERT_TRUE(Eventually([&] { return relay.Logged("not_ready"); }));
  arrived_ = partner_.Requests().size();
  InsertAgain();
  ASSERT_EQ(Adopt("resume", config).exit_code, 0);
  ASSERT_TRUE(BecomesReady(relay));
  EXPECT_TRUE(Arrive(again_));
}

TEST_F(RewoundTest, IdsThatGrowPastTheOldOnesDoNotMakeItReady) {
  RelayProcess& relay = Rewind(ConfigOf(), 2);
  for (int i = 0; i < 4; ++i) again_.push_back(shop_.Insert({}));
  // Twice as long as a relay that is not ready takes to look again.
  EXPECT_TRUE(Always([&] { return ArrivedSince().empty() && !relay.Ready(); }, seconds(4)));
  ASSERT_EQ(Adopt("resume", ConfigOf()).exit_code, 0);
  ASSERT_TRUE(BecomesReady(relay));
  EXPECT_TRUE(Arrive(again_));
}

TEST_F(RewoundTest, DeadSendsNoneOfThem) {
  ExpectNoneIsSent("dead", "dead");
  EXPECT_EQ(shop_.Count("outbox.dead_letters WHERE reason = 'restored'"), 3);
}

TEST_F(RewoundTest, NewSendsNoneOfThem) {
  ExpectNoneIsSent("new", "discarded");
  EXPECT_EQ(shop_.Count("outbox.dead_letters"), 0);
}

TEST_F(RewoundTest, AWaitingDeliveryWhoseIdWasGivenAwayIsADeadLetter) {
  RelayProcess& relay = StartReadyRelay(ConfigOf());
  const EventId event =
      shop_.Insert({.payload = R"({"n": 1})", .deliver_after = "now() + interval '1 hour'"});
  ASSERT_TRUE(Becomes(event, "cj", "scheduled"));
  ASSERT_TRUE(Eventually([&] { return shop_.Count("outbox.backlog") == 1; }));
  shop_.Ask("UPDATE outbox.backlog SET copied = true, payload = '{\"n\": 1}'");
  shop_.Ask("TRUNCATE outbox.event RESTART IDENTITY");
  ASSERT_TRUE(Eventually([&] { return relay.Logged("not_ready"); }));
  ASSERT_EQ(shop_.Insert({.payload = R"({"n": 2})"}), event);
  ASSERT_EQ(Adopt("resume", ConfigOf()).exit_code, 0);
  ASSERT_TRUE(Arrive({event}));
  EXPECT_EQ(partner_.Requests().at(0).body, R"({"n": 2})");
  EXPECT_EQ(shop_.Ask("SELECT reason || payload FROM outbox.dead_letters"), R"(restored{"n": 1})");
}

}  // namespace
}  // namespace postrider::test
