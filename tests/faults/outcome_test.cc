#include <string>

#include "faults/faults_fixture.h"
#include "faults/partner.h"

namespace postrider::test {
namespace {

using ::testing::HasSubstr;

/// One relay with one partner, and what becomes of an event.
class OutcomeTest : public FaultsTest {
 protected:
  RelayProcess& Serve(const std::string& topics = R"(["*"])") {
    ShopConfig config = Config({{.name = "cj", .url = partner_.Url("/cj"), .topics = topics}});
    config.settings = {"unrouted: {after: 1s}", "ignore_topics: [\"audit.*\"]"};
    return StartReadyRelay(config);
  }
  std::string Letter(const std::string& column, EventId event) {
    return shop_.Ask("SELECT " + column +
                     " FROM outbox.dead_letters WHERE event_id = " + std::to_string(event));
  }
  std::string Attempts(EventId event, const std::string& where = "true") {
    return shop_.Ask("SELECT count(*) FROM outbox.attempt WHERE event_id = " +
                     std::to_string(event) + " AND " + where);
  }

  Partner partner_;
};

TEST_F(OutcomeTest, WhatWasRolledBackIsNeverSent) {
  Serve();
  shop_.Ask("BEGIN");
  const EventId withdrawn = shop_.Insert({});
  shop_.Ask("ROLLBACK");
  shop_.Ask("BEGIN; SAVEPOINT a");
  const EventId undone = shop_.Insert({});
  shop_.Ask("ROLLBACK TO SAVEPOINT a");
  const EventId kept = shop_.Insert({});
  shop_.Ask("COMMIT");
  ASSERT_TRUE(Becomes(kept, "cj", "delivered"));
  EXPECT_THAT(partner_.Events(), ::testing::ElementsAre(kept)) << withdrawn << ' ' << undone;
}

TEST_F(OutcomeTest, ItIsTriedAgainWithTheSameKeyUntilItIsDelivered) {
  Serve();
  partner_.Answer([](const RawRequest& request) {
    return request.Header("Postrider-Attempt") == "4" ? 200 : 503;
  });
  const EventId event = shop_.Insert({});
  ASSERT_TRUE(Becomes(event, "cj", "delivered"));
  const auto requests = partner_.Of(event);
  ASSERT_EQ(requests.size(), 4);
  for (std::size_t i = 0; i < requests.size(); ++i) {
    EXPECT_EQ(requests[i].Header("Postrider-Attempt"), std::to_string(i + 1));
    EXPECT_EQ(requests[i].Header("Idempotency-Key"), requests[0].Header("Idempotency-Key"));
    EXPECT_EQ(requests[i].body, requests[0].body);
  }
  EXPECT_EQ(shop_.Delivery("attempts", event, "cj"), "4");
  EXPECT_EQ(Attempts(event, "charged AND class = 'http_5xx' AND result = 'retry'"), "3");
  // 50, 100 and 200 ms, from when an answer came to when the next request left.
  EXPECT_EQ(shop_.Ask("SELECT finished_at - recorded_at >= interval '350ms' FROM outbox.outcome "
                      "JOIN outbox.event ON id = event_id"),
            "t");
}

TEST_F(OutcomeTest, ARefusalIsADeadLetterWithAFullCopy) {
  Serve();
  partner_.Answer(422);
  const EventId event = shop_.Insert({.key = "order-42", .headers = R"({"x-a": "1"})"});
  ASSERT_TRUE(Becomes(event, "cj", "dead"));
  EXPECT_EQ(partner_.Of(event).size(), 1);
  EXPECT_EQ(Letter("reason", event), "refused");
  EXPECT_EQ(Letter("class", event), "http_4xx");
  EXPECT_EQ(Letter("http_status", event), "422");
  EXPECT_EQ(Letter("attempts", event), "1");
  EXPECT_EQ(Letter("destination", event), "cj");
  EXPECT_EQ(Letter("key", event), "order-42");
  EXPECT_EQ(Letter("payload", event), R"({"order_id": 42})");
  EXPECT_EQ(Letter("headers", event), R"({"x-a": "1"})");
  EXPECT_EQ(Letter("answer", event), "{}");
  EXPECT_THAT(Letter("request", event), HasSubstr("/cj"));
}

TEST_F(OutcomeTest, WhenTheAttemptsAreUsedUpItIsADeadLetter) {
  Serve();
  partner_.Answer(503);
  const EventId event = shop_.Insert({});
  ASSERT_TRUE(Becomes(event, "cj", "dead"));
  EXPECT_EQ(partner_.Of(event).size(), 6);
  EXPECT_EQ(Letter("reason", event), "exhausted");
  EXPECT_EQ(Letter("attempts", event), "6");
  EXPECT_EQ(Letter("class", event), "http_5xx");
}

TEST_F(OutcomeTest, ATemplateThatTheEventCannotFillIsADeadLetter) {
  StartReadyRelay(Config({{.name = "cj", .url = partner_.Url("/{{key}}")}}));
  const EventId event = shop_.Insert({});
  ASSERT_TRUE(Becomes(event, "cj", "dead"));
  EXPECT_EQ(Letter("reason", event), "template");
  EXPECT_EQ(partner_.Requests().size(), 0);
}

TEST_F(OutcomeTest, WhatNobodyTakesIsADeadLetterUnlessIgnored) {
  RelayProcess& relay = Serve(R"(["shipment.*"])");
  const EventId ignored = shop_.Insert({.topic = "audit.login"});
  const EventId lost = shop_.Insert({.topic = "shipmentx"});
  const EventId taken = shop_.Insert({.topic = "shipment.a.b"});
  ASSERT_TRUE(Becomes(taken, "cj", "delivered"));
  ASSERT_TRUE(Eventually([&] { return Letter("reason", lost) == "no_route"; }));
  EXPECT_EQ(Letter("destination", lost), "");
  EXPECT_EQ(Letter("payload", lost), R"({"order_id": 42})");
  EXPECT_EQ(shop_.Count("outbox.dead_letters"), 1) << ignored;
  EXPECT_EQ(partner_.Requests().size(), 1);
  EXPECT_TRUE(relay.Logged("no_route"));
}

TEST_F(OutcomeTest, ADuplicateIsKeptAndNeverSent) {
  Serve();
  const EventId first = shop_.Insert({.dedup_key = "order-42"});
  const EventId second = shop_.Insert({.dedup_key = "order-42"});
  const EventId other = shop_.Insert({.dedup_key = "order-43"});
  ASSERT_TRUE(Becomes(first, "cj", "delivered"));
  ASSERT_TRUE(Becomes(other, "cj", "delivered"));
  EXPECT_THAT(partner_.Events(), ::testing::UnorderedElementsAre(first, other));
  EXPECT_EQ(shop_.Ask("SELECT duplicate_of FROM outbox.event WHERE id = " + std::to_string(second)),
            std::to_string(first));
}

TEST_F(OutcomeTest, ItIsNotSentBeforeItsTime) {
  Serve();
  const EventId later = shop_.Insert({.deliver_after = "clock_timestamp() + interval '1500ms'"});
  ASSERT_TRUE(Becomes(later, "cj", "scheduled"));
  ASSERT_TRUE(Becomes(later, "cj", "delivered"));
  EXPECT_EQ(shop_.Ask("SELECT finished_at >= deliver_after FROM outbox.outcome JOIN outbox.event "
                      "ON id = event_id"),
            "t");
  EXPECT_EQ(partner_.Of(later).size(), 1);
}

TEST_F(OutcomeTest, ItIsNotSentAfterItsTime) {
  Serve();
  const EventId late = shop_.Insert({.deliver_before = "clock_timestamp() - interval '1s'"});
  EXPECT_TRUE(Becomes(late, "cj", "expired"));
  EXPECT_EQ(partner_.Requests().size(), 0);
  partner_.Answer(503);
  const EventId failing = shop_.Insert({.deliver_before = "clock_timestamp() + interval '300ms'"});
  EXPECT_TRUE(Becomes(failing, "cj", "expired"));
  EXPECT_GE(partner_.Of(failing).size(), 1);
  EXPECT_LE(partner_.Of(failing).size(), 4);
}

TEST_F(OutcomeTest, RefusedCredentialsHoldTheDestinationAndChargeNothing) {
  RelayProcess& relay = Serve();
  partner_.Answer(401);
  shop_.InsertMany(20);
  const EventId event = shop_.Insert({});
  ASSERT_TRUE(Eventually([&] { return shop_.Count("outbox.attempt") > 0; }));
  ASSERT_TRUE(Eventually([&] {
    return relay.Get("/metrics").body.find("class=\"unauthorized\"") != std::string::npos;
  }));
  const std::size_t sent = partner_.Requests().size();
  EXPECT_LE(sent, 17) << "what was in flight at the first 401";
  EXPECT_TRUE(Always([&] { return partner_.Requests().size() == sent; }, milliseconds(1500)));
  EXPECT_EQ(shop_.Count("outbox.attempt WHERE charged"), 0);
  EXPECT_EQ(shop_.Count("outbox.dead_letters"), 0);
  EXPECT_TRUE(StopsCleanly(relay));

  partner_.Answer(200);
  Serve();
  ASSERT_TRUE(DeliveredReaches(21));
  EXPECT_EQ(shop_.Delivery("attempts", event, "cj"), "1");
}

}  // namespace
}  // namespace postrider::test
