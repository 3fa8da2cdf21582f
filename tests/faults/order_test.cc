#include <algorithm>
#include <atomic>
#include <map>
#include <string>
#include <vector>

#include "faults/faults_fixture.h"
#include "faults/partner.h"

namespace postrider::test {
namespace {

using ::testing::ElementsAre;

/// A destination with `order: key` whose partner answers some events otherwise than with 200.
class OrderTest : public FaultsTest {
 protected:
  OrderTest() {
    partner_.Answer([this](const RawRequest& request) {
      const auto found = status_.find(request.Header("x-name").value_or(""));
      return found == status_.end() ? 200 : found->second.load();
    });
  }

  void Serve(const std::string& after_dead) {
    StartReadyRelay(Config({{.name = "cj",
                             .url = partner_.Url("/cj"),
                             .settings = {"order: {by: key, after_dead: " + after_dead + "}"}}}));
  }
  EventId Insert(const std::string& key, const std::string& name) {
    return shop_.Insert({.key = key, .headers = "{\"x-name\": \"" + name + "\"}"});
  }
  /// What arrived, without repetitions, in the order of first arrivals.
  std::vector<EventId> FirstArrivals() const {
    std::vector<EventId> first;
    for (const EventId event : partner_.Events()) {
      if (std::find(first.begin(), first.end(), event) == first.end()) first.push_back(event);
    }
    return first;
  }

  /// By the header x-name; fixed before the relay starts.
  std::map<std::string, std::atomic<int>> status_;
  Partner partner_;
};

TEST_F(OrderTest, LaterEventsWaitForAFailingHeadAndOtherKeysFlow) {
  status_["head"] = 503;
  Serve("continue");
  const EventId head = Insert("a", "head");
  const EventId second = Insert("a", "second");
  const EventId third = Insert("a", "third");
  const EventId other = Insert("b", "other");
  ASSERT_TRUE(Becomes(other, "cj", "delivered"));
  ASSERT_TRUE(Becomes(second, "cj", "blocked"));
  ASSERT_TRUE(Becomes(third, "cj", "blocked"));
  status_["head"] = 200;
  ASSERT_TRUE(Becomes(third, "cj", "delivered"));
  EXPECT_EQ(shop_.State(head, "cj"), "delivered");
  auto arrived = FirstArrivals();
  arrived.erase(std::remove(arrived.begin(), arrived.end(), other), arrived.end());
  EXPECT_THAT(arrived, ElementsAre(head, second, third));
  EXPECT_GE(partner_.Of(head).size(), 2);
}

TEST_F(OrderTest, AfterADeadHeadTheKeyContinues) {
  status_["head"] = 422;
  Serve("continue");
  const EventId head = Insert("a", "head");
  const EventId second = Insert("a", "second");
  ASSERT_TRUE(Becomes(second, "cj", "delivered"));
  EXPECT_EQ(shop_.State(head, "cj"), "dead");
  EXPECT_THAT(FirstArrivals(), ElementsAre(head, second));
}

TEST_F(OrderTest, ADeadHeadBlocksItsKeyUntilItIsDiscarded) {
  status_["head"] = 422;
  Serve("block");
  const EventId head = Insert("a", "head");
  ASSERT_TRUE(Becomes(head, "cj", "dead"));
  const EventId second = Insert("a", "second");
  const EventId other = Insert("b", "other");
  ASSERT_TRUE(Becomes(other, "cj", "delivered"));
  ASSERT_TRUE(Becomes(second, "cj", "blocked"));
  EXPECT_TRUE(Always([&] { return partner_.Of(second).empty(); }, milliseconds(500)));
  shop_.Ask("SELECT outbox.discard_dead(key => 'a')");
  EXPECT_TRUE(Becomes(second, "cj", "delivered"));
}

TEST_F(OrderTest, ADeadHeadBlocksItsKeyUntilAReplayIsDelivered) {
  status_["head"] = 422;
  Serve("block");
  const EventId head = Insert("a", "head");
  const EventId second = Insert("a", "second");
  const EventId third = Insert("a", "third");
  ASSERT_TRUE(Becomes(head, "cj", "dead"));
  ASSERT_TRUE(Becomes(second, "cj", "blocked"));
  ASSERT_TRUE(Becomes(third, "cj", "blocked"));
  status_["head"] = 200;
  shop_.Ask("SELECT outbox.replay_dead(key => 'a')");
  ASSERT_TRUE(Becomes(third, "cj", "delivered"));
  EXPECT_THAT(partner_.Events(), ElementsAre(head, head, second, third));
}

TEST_F(OrderTest, ABlockedKeyStaysBlockedOverARestart) {
  status_["head"] = 422;
  Serve("block");
  const EventId head = Insert("a", "head");
  const EventId second = Insert("a", "second");
  ASSERT_TRUE(Becomes(head, "cj", "dead"));
  ASSERT_TRUE(Becomes(second, "cj", "blocked"));
  relays_.back().Kill();
  const EventId third = Insert("a", "third");
  const EventId other = Insert("b", "other");
  Serve("block");
  ASSERT_TRUE(Becomes(other, "cj", "delivered"));
  ASSERT_TRUE(Becomes(third, "cj", "blocked"));
  EXPECT_THAT(FirstArrivals(), ElementsAre(head, other));
  status_["head"] = 200;  // an amended event keeps its headers
  shop_.Ask("SELECT outbox.amend_dead(id, '{\"order_id\": 43}', 'typo') FROM outbox.dead_letters");
  ASSERT_TRUE(Becomes(third, "cj", "delivered"));
  const auto arrived = FirstArrivals();
  ASSERT_EQ(arrived.size(), 5);
  EXPECT_EQ(partner_.Of(arrived[2]).front().body, R"({"order_id": 43})");
  EXPECT_EQ(arrived[3], second);
  EXPECT_EQ(arrived[4], third);
}

TEST_F(OrderTest, ManyEventsOfFewKeysKeepTheirOrder) {
  status_["never"] = 0;
  Serve("continue");
  shop_.InsertMany(1000, "shipment.requested", 7);
  ASSERT_TRUE(DeliveredReaches(1000));
  const auto committed = ReadCommitted(shop_);
  std::map<EventId, std::string> keys;
  for (const Committed& event : committed) keys[event.id] = event.key;
  std::map<std::string, EventId> last;
  for (const EventId event : partner_.Events()) {
    EXPECT_GT(event, last[keys[event]]) << keys[event];
    last[keys[event]] = event;
  }
}

}  // namespace
}  // namespace postrider::test
