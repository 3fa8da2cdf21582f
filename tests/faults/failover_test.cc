#include <atomic>
#include <future>
#include <iostream>
#include <map>
#include <set>
#include <string>

#include "faults/command_run.h"
#include "faults/faults_fixture.h"
#include "faults/partner.h"
#include "support/standby_pair.h"

namespace postrider::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

/// A partner that accepts everything, and that keeps answers back while it is told to.
class HoldingPartner {
 public:
  HoldingPartner()
      : server_([this, gate = gate_.get_future().share()](postrider::testing::Peer& peer) {
          while (peer.ReadRequest()) {
            if (holds_.load()) {
              ++held_;
              gate.wait();
            }
            if (!peer.Send(postrider::testing::Answer(200, "{}"))) return;
          }
        }) {}
  ~HoldingPartner() { Release(); }

  /// From here on requests are taken and not answered.
  void Hold() { holds_.store(true); }
  /// Answers all of them, and those to come at once. Once only.
  void Release() {
    if (holds_.exchange(false)) gate_.set_value();
  }
  int held() const { return held_.load(); }
  std::string Url(const std::string& path) const { return server_.Url(path); }
  std::vector<RawRequest> Requests() const { return server_.requests(); }

 private:
  std::atomic<bool> holds_{false};
  std::atomic<int> held_{0};
  std::promise<void> gate_;
  postrider::testing::HostileServer server_;
};

/// A relay that knows both hosts of a primary with an asynchronous standby.
class FailoverTest : private StandbyPair, public FaultsTest {
 protected:
  FailoverTest() : FaultsTest(StandbyPair::primary()) {}

  ShopConfig ToPartner() const {
    ShopConfig config = Config({{.name = "cj", .url = partner_.Url("/cj"), .http = "timeout: 60s"},
                                {.name = "kakao",
                                 .url = partner_.Url("/kakao"),
                                 .http = "timeout: 60s",
                                 .settings = {"order: key"}}});
    config.database_url = ConninfoOfBoth(shop_.database());
    return config;
  }
  ShopConfig OnlyStandby() const {
    ShopConfig config = ToPartner();
    config.database_url = standby_conninfo();
    return config;
  }
  std::string standby_conninfo() const { return standby().Conninfo(shop_.database()); }

  /// n events whose bodies nobody else has.
  static void InsertUnique(Connection& session, int n) {
    session.Execute("test",
                    "INSERT INTO outbox.event (topic, key, payload) SELECT 'shipment.requested', "
                    "'key-' || n % 20, '{\"unique\": \"' || gen_random_uuid() || '\"}' FROM "
                    "generate_series(1, " +
                        std::to_string(n) + ") AS n");
  }
  bool ArrivalsReach(std::size_t count) {
    return Eventually([&] { return partner_.Requests().size() >= count; });
  }

  using StandbyPair::CatchUp;
  using StandbyPair::CutOff;
  using StandbyPair::Promote;
  HoldingPartner partner_;
};

/// What the partner has of an idempotency key, an event id, a body.
struct Arrived {
  explicit Arrived(const std::vector<RawRequest>& requests) {
    for (const RawRequest& request : requests) {
      const std::string path = PathOf(request);
      bodies_by_key[request.Header("Idempotency-Key").value_or("")].insert(request.body);
      bodies_by_id[EventOf(request)].insert(request.body);
      bodies_by_path[path].insert(request.body);
    }
  }
  std::map<std::string, std::set<std::string>> bodies_by_key;
  std::map<EventId, std::set<std::string>> bodies_by_id;
  std::map<std::string, std::set<std::string>> bodies_by_path;
};

TEST_F(FailoverTest, WhatSurvivedIsDeliveredAndStrangersAreNotSettled) {
  RelayProcess& relay = StartReadyRelay(ToPartner());
  Connection before(shop_.Conninfo());
  InsertUnique(before, 200);
  ASSERT_TRUE(ArrivalsReach(400));
  CatchUp();
  CutOff();
  // From here on PostgreSQL forgets; the partner does not.
  InsertUnique(before, 300);
  ASSERT_TRUE(ArrivalsReach(1000));
  partner_.Hold();
  InsertUnique(before, 100);
  ASSERT_TRUE(Eventually([&] { return partner_.held() >= 20; })) << partner_.held();
  shop_.server().Kill();
  Promote();

  Connection after(standby_conninfo());
  for (int i = 0; i < 10; ++i) InsertUnique(after, 40);
  partner_.Release();
  const auto ask = [&](const std::string& sql) {
    return std::string(after.Execute("test", sql).Text(0, 0));
  };
  EXPECT_TRUE(Eventually([&] {
    return ask("SELECT count(*) FROM outbox.outcome WHERE state = 1") ==
           ask("SELECT 2 * count(*) FROM outbox.event");
  })) << ask("SELECT count(*) FROM outbox.outcome WHERE state = 1");
  EXPECT_EQ(ask("SELECT count(*) FROM outbox.event"), "600");
  EXPECT_TRUE(StopsCleanly(relay));

  const Arrived arrived(partner_.Requests());
  int reissued = 0;
  for (const auto& [id, bodies] : arrived.bodies_by_id) reissued += bodies.size() > 1 ? 1 : 0;
  std::cout << reissued << " ids were given out twice\n";
  EXPECT_GE(reissued, 100) << "the test proves nothing";
  for (const auto& [key, bodies] : arrived.bodies_by_key) EXPECT_EQ(bodies.size(), 1) << key;
  const Rows survived = after.Execute("test", "SELECT payload FROM outbox.event");
  for (int row = 0; row < survived.size(); ++row) {
    for (const std::string path : {"/cj", "/kakao"}) {
      EXPECT_TRUE(arrived.bodies_by_path.at(path).contains(std::string(survived.Text(row, 0))))
          << "recorded as delivered and never sent to " << path;
    }
  }
  EXPECT_TRUE(relay.Logged("settlements_without_event")) << "no late answer was of a lost event";
}

TEST_F(FailoverTest, AStandbyIsForLooking) {
  RelayProcess& relay = StartReadyRelay(ToPartner());
  const EventId event = shop_.Insert({.key = "order-42"});
  ASSERT_TRUE(Becomes(event, "cj", "delivered"));
  ASSERT_TRUE(Becomes(event, "kakao", "delivered"));
  CatchUp();
  const std::vector<std::vector<std::string>> looking = {{"status"},
                                                         {"event", "list", "--key", "order-42"},
                                                         {"event", "show", std::to_string(event)},
                                                         {"event", "trace", std::to_string(event)},
                                                         {"destination", "list"}};
  for (const auto& command : looking) {
    const CommandRun run = RunCommand(command, OnlyStandby(), scratch_.path());
    EXPECT_EQ(run.exit_code, 0) << ::testing::PrintToString(command) << run.out << run.err;
  }
  EXPECT_EQ(RunCommand({"dead", "list"}, OnlyStandby(), scratch_.path()).exit_code, 3);
  EXPECT_EQ(RunCommand({"operation", "list"}, OnlyStandby(), scratch_.path()).exit_code, 3);
  for (const auto& command : {std::vector<std::string>{"pause", "cj"}, {"migrate"}, {"reload"}}) {
    const CommandRun run = RunCommand(command, OnlyStandby(), scratch_.path());
    EXPECT_EQ(run.exit_code, 1) << ::testing::PrintToString(command);
    EXPECT_THAT(run.err, AllOf(HasSubstr("read-only"), HasSubstr("standby"))) << command.front();
  }
  RelayProcess& second = StartRelay(OnlyStandby());
  ASSERT_TRUE(Eventually([&] { return second.Logged("database_unreachable"); }));
  EXPECT_THAT(second.Log("database_unreachable").front().value("message", ""),
              AllOf(HasSubstr("standby"), HasSubstr("database.url")));
  EXPECT_EQ(second.Get("/readyz").status, 503);
  EXPECT_TRUE(StopsCleanly(second));
  EXPECT_TRUE(StopsCleanly(relay));
}

}  // namespace
}  // namespace postrider::test
