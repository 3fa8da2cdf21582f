#include <atomic>
#include <mutex>
#include <string>

#include "faults/faults_fixture.h"
#include "faults/metrics_page.h"
#include "support/hostile_server.h"

namespace postrider::test {
namespace {

/// A partner whose answer, with its headers, can be changed.
class Receiver {
 public:
  Receiver()
      : server_([this](postrider::testing::Peer& peer) {
          while (peer.ReadRequest()) {
            if (!peer.Send(Answer())) return;
          }
        }) {}

  /// @param headers  each with its CRLF
  void Say(int status, const std::string& headers = "") {
    const std::lock_guard lock(mutex_);
    answer_ = postrider::testing::Answer(status, "{}", headers);
  }
  std::string Url(const std::string& path = "/") const { return server_.Url(path); }
  std::size_t Count() const { return server_.requests().size(); }

 private:
  std::string Answer() {
    const std::lock_guard lock(mutex_);
    return answer_;
  }

  std::mutex mutex_;
  std::string answer_ = postrider::testing::Answer(200, "{}");  ///< guarded by mutex_
  postrider::testing::HostileServer server_;
};

/// A partner that does not want to be sent events any more, or not this one.
class StopSignsTest : public FaultsTest {
 protected:
  RelayProcess& Serve(const std::string& path = "/") {
    return StartReadyRelay(
        Config({{.name = "cj", .url = receiver_.Url(path), .settings = {"concurrency: 2"}}}));
  }
  std::string Status(const std::string& column) {
    return shop_.Ask("SELECT " + column + " FROM outbox.status WHERE destination = 'cj'");
  }
  bool Pauses() {
    return Eventually([&] { return Status("state") == "paused"; });
  }
  int Dead(const std::string& where = "true") {
    return shop_.Count("outbox.dead_letters WHERE " + where);
  }

  Receiver receiver_;
};

TEST_F(StopSignsTest, APartnerThatIsGoneCostsAFewDeadLettersAndNotTheBacklog) {
  receiver_.Say(410);
  RelayProcess& relay = Serve();
  shop_.InsertMany(200);
  ASSERT_TRUE(Pauses());
  ASSERT_TRUE(Eventually([&] { return Dead() >= 1; }));
  EXPECT_TRUE(Always([&] { return receiver_.Count() <= 2; }, seconds(1))) << "what was in flight";
  EXPECT_EQ(Dead(), static_cast<int>(receiver_.Count()));
  EXPECT_EQ(Dead("reason = 'refused' AND http_status = 410"), Dead());
  EXPECT_EQ(shop_.Ask("SELECT count(*) FROM outbox.operations WHERE kind = 'pause' AND "
                      "performed_by LIKE '% for gone' AND note LIKE 'gone: %410%'"),
            "1");
  EXPECT_EQ(Status("pause_note LIKE 'gone: the partner answered 410 to event %'"), "t");
  EXPECT_EQ(relay.Log("partner_gone").size(), 1U);
  EXPECT_TRUE(Eventually([&] {
    return MetricsPage(relay.Get("/metrics").body).Sum("postrider_destination_paused") == 1;
  }));

  receiver_.Say(200);
  const int lost = Dead();
  shop_.Ask("SELECT outbox.resume('cj')");
  ASSERT_TRUE(DeliveredReaches(200 - lost));
  shop_.Ask("SELECT outbox.replay_dead(destination => 'cj')");
  ASSERT_TRUE(DeliveredReaches(200));
}

TEST_F(StopSignsTest, WhereEachEventHasAPlaceOfItsOwnA410SaysNothingOfTheOthers) {
  receiver_.Say(410);
  Serve("/orders/{{id}}");
  shop_.InsertMany(20);
  ASSERT_TRUE(Eventually([&] { return Dead() == 20; }));
  EXPECT_EQ(Status("state"), "active");
}

TEST_F(StopSignsTest, DisableStopsTheDestinationAndTheDeliveryStays) {
  receiver_.Say(202, "webhook-delivery: disable\r\n");
  RelayProcess& relay = Serve();
  shop_.InsertMany(50);
  ASSERT_TRUE(Pauses());
  EXPECT_TRUE(Always([&] { return receiver_.Count() <= 2; }, seconds(1)));
  EXPECT_TRUE(DeliveredReaches(static_cast<int>(receiver_.Count())));
  EXPECT_EQ(Dead(), 0);
  EXPECT_EQ(relay.Log("partner_gone").size(), 1U);
  EXPECT_EQ(Status("pause_note LIKE 'webhook-delivery: the partner answered 202 with disable %'"),
            "t");
  receiver_.Say(200);
  shop_.Ask("SELECT outbox.resume('cj')");
  ASSERT_TRUE(DeliveredReaches(50));
}

TEST_F(StopSignsTest, AnAbortedMessageIsNotSentAgain) {
  receiver_.Say(503, "Webhook-Delivery: abort-message\r\n");
  Serve();
  shop_.InsertMany(5);
  ASSERT_TRUE(Eventually([&] { return Dead("reason = 'refused' AND attempts = 1") == 5; }));
  EXPECT_EQ(receiver_.Count(), 5U);
  EXPECT_EQ(Status("state"), "active");
}

TEST_F(StopSignsTest, NonsenseIsNotHeard) {
  receiver_.Say(200, "webhook-delivery: 5f0c8a1e, disabled, abort message\r\n");
  Serve();
  shop_.InsertMany(5);
  ASSERT_TRUE(DeliveredReaches(5));
  EXPECT_EQ(Status("state"), "active");
}

}  // namespace
}  // namespace postrider::test
