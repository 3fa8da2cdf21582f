#include <atomic>
#include <string>

#include "faults/faults_fixture.h"
#include "faults/partner.h"

namespace postrider::test {
namespace {

/// What the docs promise, and as much again for a busy machine.
constexpr milliseconds kReplayFound{2000 + 1000};
constexpr milliseconds kPauseHolds{1000 + 500};

/// What people do from SQL while a relay runs.
class OperationTest : public FaultsTest {
 protected:
  void SetUp() override {
    StartReadyRelay(Config({{.name = "cj", .url = partner_.Url("/cj")},
                            {.name = "kakao", .url = partner_.Url("/kakao")}}));
    partner_.Answer([this](const RawRequest& request) {
      return PathOf(request) == "/cj" ? status_.load() : 200;
    });
  }

  /// An event that cj has refused, and that it would take now.
  EventId DeadEvent() {
    status_ = 422;
    const EventId event = shop_.Insert({.key = "order-42"});
    EXPECT_TRUE(Becomes(event, "cj", "dead"));
    EXPECT_TRUE(Becomes(event, "kakao", "delivered"));
    status_ = 200;
    return event;
  }

  std::atomic<int> status_{200};
  Partner partner_;
};

TEST_F(OperationTest, AReplayIsSentUnderTheSameKeyWithinTwoSeconds) {
  const EventId event = DeadEvent();
  shop_.Ask("SELECT outbox.replay_dead(destination => 'cj')");
  EXPECT_TRUE(Eventually([&] { return partner_.Of(event, "/cj").size() == 2; }, kReplayFound));
  EXPECT_TRUE(Becomes(event, "cj", "delivered"));
  const auto requests = partner_.Of(event, "/cj");
  ASSERT_EQ(requests.size(), 2);
  EXPECT_EQ(requests[0].Header("Idempotency-Key"), requests[1].Header("Idempotency-Key"));
  EXPECT_EQ(requests[1].body, R"({"order_id": 42})");
  EXPECT_EQ(shop_.Count("outbox.dead_letters"), 0);
  EXPECT_EQ(partner_.Of(event, "/kakao").size(), 1) << "the other destination has it already";
}

TEST_F(OperationTest, AReplayWithANewKeyHasOne) {
  const EventId event = DeadEvent();
  shop_.Ask("SELECT outbox.replay_dead(destination => 'cj', new_key => true)");
  ASSERT_TRUE(Becomes(event, "cj", "delivered"));
  const auto requests = partner_.Of(event, "/cj");
  ASSERT_EQ(requests.size(), 2);
  EXPECT_EQ(*requests[0].Header("Idempotency-Key") + "-2", requests[1].Header("Idempotency-Key"));
}

TEST_F(OperationTest, WhatWasDeliveredIsReplayedOnDemand) {
  const EventId event = shop_.Insert({});
  ASSERT_TRUE(Becomes(event, "kakao", "delivered"));
  ASSERT_TRUE(Becomes(event, "cj", "delivered"));
  shop_.Ask("SELECT outbox.replay('cj', now() - interval '1 hour', now())");
  EXPECT_TRUE(Eventually([&] { return partner_.Of(event, "/cj").size() == 2; }, kReplayFound));
  EXPECT_TRUE(Becomes(event, "cj", "delivered"));
  EXPECT_EQ(partner_.Of(event, "/kakao").size(), 1);
}

TEST_F(OperationTest, WhatIsDiscardedIsNotSentAnyMore) {
  const EventId event = DeadEvent();
  shop_.Ask("SELECT outbox.discard_dead(destination => 'cj')");
  EXPECT_EQ(shop_.State(event, "cj"), "discarded");
  shop_.Ask("SELECT outbox.replay_dead(since => '-infinity')");
  EXPECT_TRUE(Always([&] { return partner_.Of(event, "/cj").size() == 1; }, milliseconds(1000)));
}

TEST_F(OperationTest, AnAmendedEventGoesToItsDestinationOnly) {
  const EventId event = DeadEvent();
  const EventId amended = std::stoll(shop_.Ask(
      "SELECT outbox.amend_dead(id, '{\"order_id\":  43}', 'typo') FROM outbox.dead_letters"));
  EXPECT_TRUE(Eventually([&] { return partner_.Of(amended).size() == 1; }, kReplayFound));
  EXPECT_TRUE(Becomes(amended, "cj", "delivered"));
  const auto requests = partner_.Of(amended);
  ASSERT_EQ(requests.size(), 1);
  EXPECT_EQ(PathOf(requests[0]), "/cj");
  EXPECT_EQ(requests[0].body, "{\"order_id\":  43}");
  EXPECT_EQ(partner_.Of(event, "/cj").size(), 1);
  EXPECT_EQ(shop_.Count("outbox.dead_letters"), 0);
}

TEST_F(OperationTest, APauseHoldsWithinASecondAndResumeEndsIt) {
  shop_.Ask("SELECT outbox.pause('cj', note => 'maintenance')");
  LetPass(kPauseHolds);
  const EventId event = shop_.Insert({});
  ASSERT_TRUE(Becomes(event, "kakao", "delivered"));
  EXPECT_EQ(shop_.Delivery("waiting_for", event, "cj"), "resume");
  EXPECT_TRUE(Always([&] { return partner_.Of(event, "/cj").empty(); }, milliseconds(700)));
  shop_.Ask("SELECT outbox.resume('cj')");
  EXPECT_TRUE(Eventually([&] { return partner_.Of(event, "/cj").size() == 1; }, kPauseHolds));
  EXPECT_TRUE(Becomes(event, "cj", "delivered"));
}

TEST_F(OperationTest, APauseHoldsRetriesToo) {
  status_ = 503;
  const EventId event = shop_.Insert({});
  ASSERT_TRUE(Becomes(event, "cj", "retrying"));
  shop_.Ask("SELECT outbox.pause('cj')");
  LetPass(kPauseHolds);
  const std::size_t sent = partner_.Of(event, "/cj").size();
  status_ = 200;
  EXPECT_TRUE(Always([&] { return partner_.Of(event, "/cj").size() == sent; }, milliseconds(1500)));
  shop_.Ask("SELECT outbox.resume('cj')");
  EXPECT_TRUE(Becomes(event, "cj", "delivered"));
}

TEST_F(OperationTest, APauseEndsAtItsTime) {
  shop_.Ask("SELECT outbox.pause('cj', until => now() + interval '2500ms')");
  LetPass(kPauseHolds);
  const EventId event = shop_.Insert({});
  ASSERT_TRUE(Becomes(event, "kakao", "delivered"));
  EXPECT_TRUE(partner_.Of(event, "/cj").empty());
  EXPECT_TRUE(Becomes(event, "cj", "delivered"));
}

TEST_F(OperationTest, APauseOutlivesTheRelay) {
  shop_.Ask("SELECT outbox.pause('cj')");
  relays_.back().Kill();
  SetUp();
  const EventId event = shop_.Insert({});
  ASSERT_TRUE(Becomes(event, "kakao", "delivered"));
  EXPECT_TRUE(Always([&] { return partner_.Of(event, "/cj").empty(); }, milliseconds(700)));
}

}  // namespace
}  // namespace postrider::test
