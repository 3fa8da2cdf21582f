#include <atomic>
#include <string>

#include "faults/faults_fixture.h"
#include "faults/partner.h"

namespace postrider::test {
namespace {

/// A request is decided within a second; and as much again for a busy machine.
constexpr milliseconds kDecided{2000};
constexpr milliseconds kPauseHolds{1500};

/// What becomes of outbox.cancel while a relay runs, and while none does.
class CancelTest : public FaultsTest {
 protected:
  void Serve(const std::string& after_dead = "continue") {
    ShopConfig config =
        Config({{.name = "cj",
                 .url = partner_.Url("/cj"),
                 .settings = {"order: {by: key, after_dead: " + after_dead + "}"}}});
    config.retries = "{attempts: 6, first: 1h}";
    StartReadyRelay(config);
  }

  std::string Cancel(EventId event) {
    return shop_.Ask("SELECT result FROM outbox.cancel(" + std::to_string(event) + ")");
  }
  std::string Result(EventId event) {
    return shop_.Ask("SELECT result FROM outbox.cancellations WHERE event_id = " +
                     std::to_string(event));
  }
  ::testing::AssertionResult IsAnswered(EventId event, const std::string& result) {
    std::string found;
    const bool answered = Eventually(
        [&] {
          found = Result(event);
          return found == result;
        },
        kDecided);
    if (answered) return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure() << "the request is " << found << ", expected " << result;
  }

  Partner partner_;
};

TEST_F(CancelTest, ARetryIsCancelledAndTheNextOfItsKeyGoesOn) {
  partner_.Answer(503);
  Serve();
  const EventId head = shop_.Insert({.key = "a"});
  ASSERT_TRUE(Becomes(head, "cj", "retrying"));
  const EventId second = shop_.Insert({.key = "a"});
  ASSERT_TRUE(Becomes(second, "cj", "blocked"));
  partner_.Answer(200);
  EXPECT_EQ(Cancel(head), "requested");
  EXPECT_TRUE(IsAnswered(head, "cancelled"));
  EXPECT_EQ(shop_.State(head, "cj"), "cancelled");
  EXPECT_TRUE(Becomes(second, "cj", "delivered"));
  EXPECT_EQ(partner_.Of(head).size(), 1) << "only before it was cancelled";
}

TEST_F(CancelTest, ABlockedOneIsCancelledAndLeftOut) {
  partner_.Answer(422);
  Serve("block");
  const EventId head = shop_.Insert({.key = "a"});
  ASSERT_TRUE(Becomes(head, "cj", "dead"));
  const EventId second = shop_.Insert({.key = "a"});
  const EventId third = shop_.Insert({.key = "a"});
  ASSERT_TRUE(Becomes(third, "cj", "blocked"));
  Cancel(second);
  EXPECT_TRUE(IsAnswered(second, "cancelled"));
  partner_.Answer(200);
  shop_.Ask("SELECT outbox.replay_dead(key => 'a')");
  EXPECT_TRUE(Becomes(third, "cj", "delivered"));
  EXPECT_TRUE(partner_.Of(second).empty());
}

TEST_F(CancelTest, WhatIsScheduledIsCancelled) {
  Serve();
  const EventId event = shop_.Insert({.deliver_after = "now() + interval '3s'"});
  ASSERT_TRUE(Becomes(event, "cj", "scheduled"));
  Cancel(event);
  EXPECT_TRUE(IsAnswered(event, "cancelled"));
  EXPECT_TRUE(Always([&] { return partner_.Of(event).empty(); }, milliseconds(3500)));
}

TEST_F(CancelTest, APauseDoesNotDelayTheAnswer) {
  Serve();
  shop_.Ask("SELECT outbox.pause('cj')");
  LetPass(kPauseHolds);
  const EventId event = shop_.Insert({});
  const EventId next = shop_.Insert({});
  Cancel(event);
  EXPECT_TRUE(IsAnswered(event, "cancelled"));
  shop_.Ask("SELECT outbox.resume('cj')");
  EXPECT_TRUE(Becomes(next, "cj", "delivered"));
  EXPECT_TRUE(partner_.Of(event).empty());
}

TEST_F(CancelTest, WhatIsInFlightGoesOnAndSaysSo) {
  std::atomic<bool> answer{false};
  partner_.Answer([&](const RawRequest&) {
    static_cast<void>(Eventually([&] { return answer.load(); }));
    return 200;
  });
  Serve();
  const EventId event = shop_.Insert({});
  ASSERT_TRUE(Eventually([&] { return partner_.Of(event).size() == 1; }));
  EXPECT_EQ(Cancel(event), "requested");
  EXPECT_TRUE(IsAnswered(event, "in_flight"));
  answer = true;
  EXPECT_TRUE(Becomes(event, "cj", "delivered"));
}

TEST_F(CancelTest, WhatIsOverIsAnsweredAtOnce) {
  Serve();
  const EventId event = shop_.Insert({});
  ASSERT_TRUE(Becomes(event, "cj", "delivered"));
  EXPECT_EQ(Cancel(event), "delivered");
  EXPECT_EQ(shop_.Count("outbox.cancellations"), 0);
}

TEST_F(CancelTest, ARequestMadeWhileNoRelayRunsIsDecidedBeforeAnythingIsSent) {
  Serve();
  ASSERT_TRUE(StopsCleanly(relays_.back()));
  const EventId event = shop_.Insert({.key = "a"});
  const EventId next = shop_.Insert({.key = "a"});
  EXPECT_EQ(Cancel(event), "requested");
  Serve();
  EXPECT_TRUE(Becomes(next, "cj", "delivered"));
  EXPECT_EQ(shop_.State(event, "cj"), "cancelled");
  EXPECT_TRUE(partner_.Of(event).empty());
}

TEST_F(CancelTest, WhatWasCancelledStaysSoWhenTheRelayIsKilled) {
  Serve();
  const EventId event = shop_.Insert({.key = "a", .deliver_after = "now() + interval '2s'"});
  ASSERT_TRUE(Becomes(event, "cj", "scheduled"));
  Cancel(event);
  ASSERT_TRUE(IsAnswered(event, "cancelled"));
  relays_.back().Kill();
  Serve();
  const EventId next = shop_.Insert({.key = "a", .deliver_after = "now() + interval '2s'"});
  EXPECT_TRUE(Becomes(next, "cj", "delivered"));
  EXPECT_TRUE(partner_.Of(event).empty());
}

}  // namespace
}  // namespace postrider::test
