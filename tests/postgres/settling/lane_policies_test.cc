#include "postrider/postgres/postgres_lane_policies.h"
#include "settling_fixture.h"

namespace postrider::test {
namespace {

using std::chrono::minutes;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

/// Inserts records of the lane's requests by age, and asks what was sent. Ages are whole minutes: a
/// busy machine may need seconds for a test.
class LanePoliciesStoreTest : public SettlingTest {
 protected:
  SentBefore Sent(minutes within, int limit = 100, int shards = 1, std::int16_t shard = 0) {
    SentQuery query;
    query.lane = {lane_.destination, shard};
    query.epoch = epoch_;
    query.shards = shards;
    query.within = within;
    query.call_timeout = minutes(15);
    query.limit = limit;
    return policies_.ReadSent(query);
  }
  std::vector<std::int64_t> Ages(const SentBefore& sent) {
    std::vector<std::int64_t> ages;
    for (const microseconds age : sent.ages) ages.push_back(age / minutes(1));
    return ages;
  }
  void Delivered(int age) { AddOutcome(age, 1); }
  void AddOutcome(int age, int state, const std::string& key = "k") {
    const EventRef event = NewEvent(key);
    Ask("INSERT INTO outbox.outcome (event_id, destination_id, bucket, state, finished_at) VALUES "
        "(" +
        Names(event) + ", " + std::to_string(state) + ", clock_timestamp() - interval '" +
        std::to_string(age) + " min') RETURNING 1");
  }
  void AddAttempt(int age, int latency, bool charged = true) {
    const EventRef event = NewEvent();
    Ask("INSERT INTO outbox.attempt (event_id, destination_id, bucket, epoch, n, started_at, "
        "latency_ms, charged, result) VALUES (" +
        Names(event) + ", 1, 1, clock_timestamp() - interval '" + std::to_string(age) + " min', " +
        std::to_string(milliseconds(minutes(latency)).count()) + ", " +
        (charged ? "true" : "false") + ", 'retry') RETURNING 1");
  }
  std::string Names(const EventRef& event) const {
    return std::to_string(event->id()) + ", " + std::to_string(lane_.destination) + ", " +
           std::to_string(event->identity.bucket);
  }
  std::string Status(const std::string& column) {
    return Ask("SELECT " + column + " FROM outbox.status WHERE destination = 'd'");
  }

  Timestamp Now() {
    return Timestamp(microseconds(
        std::stoll(Ask("SELECT (extract(epoch FROM clock_timestamp()) * 1e6)::bigint"))));
  }

  PostgresLanePolicies policies_{session_, milliseconds(5000)};
};

TEST_F(LanePoliciesStoreTest, EveryRequestWithinTheTimeCountsOnce) {
  Delivered(10);
  Delivered(50);
  Delivered(70);
  AddAttempt(20, 0);
  AddAttempt(30, 0, false);
  AddOutcome(5, 2);  // its request is an attempt as well
  AddOutcome(5, 3);  // never sent
  EXPECT_THAT(Ages(Sent(minutes(60))), ElementsAre(10, 20, 30, 50));
}

TEST_F(LanePoliciesStoreTest, AnAttemptCountsFromItsEnd) {
  AddAttempt(70, 12);
  EXPECT_THAT(Ages(Sent(minutes(60))), ElementsAre(58)) << "it may have been written late";
}

TEST_F(LanePoliciesStoreTest, TheNewestAreEnough) {
  for (int age = 1; age <= 9; ++age) Delivered(age);
  EXPECT_THAT(Ages(Sent(minutes(60), 3)), ElementsAre(1, 2, 3));
}

TEST_F(LanePoliciesStoreTest, AShardCountsItsOwn) {
  for (int n = 0; n < 20; ++n) AddOutcome(5, 1, "key-" + std::to_string(n));
  const auto first = Sent(minutes(60), 100, 2, 0).ages.size();
  const auto second = Sent(minutes(60), 100, 2, 1).ages.size();
  EXPECT_GT(first, 0U);
  EXPECT_GT(second, 0U);
  EXPECT_EQ(first + second, 20U);
  Ask("DELETE FROM outbox.event RETURNING 1");
  EXPECT_THAT(Sent(minutes(60), 100, 2, 1).ages, SizeIs(20)) << "nobody knows whose they were";
}

TEST_F(LanePoliciesStoreTest, OtherDestinationsDoNotCount) {
  Delivered(5);
  Ask("UPDATE outbox.outcome SET destination_id = destination_id + 1 RETURNING 1");
  EXPECT_THAT(Sent(minutes(60)).ages, IsEmpty());
}

TEST_F(LanePoliciesStoreTest, ANewLaneIsComplete) { EXPECT_TRUE(Sent(minutes(60)).complete); }

TEST_F(LanePoliciesStoreTest, WhetherTheRecordIsCompleteDependsOnHowTheOwnerLeft) {
  const auto leave_and_take = [&](bool quiet) {
    roster_.Leave(relay_, quiet);
    roster_.Enroll(relay_);
    epoch_ = roster_.TakeLanes(relay_, {lane_}).at(lane_);
    return Sent(minutes(60)).complete;
  };
  EXPECT_TRUE(leave_and_take(true));
  EXPECT_FALSE(leave_and_take(false));
  EXPECT_TRUE(leave_and_take(true));
  LoseTheLane();
  EXPECT_FALSE(leave_and_take(true)) << "killed: what it left was no longer its own";
}

TEST_F(LanePoliciesStoreTest, APauseIsThatOfAPerson) {
  policies_.Pause("d", "dead_limit", "too many");
  EXPECT_EQ(Status("state"), "paused");
  EXPECT_EQ(Status("pause_note"), "too many");
  EXPECT_EQ(Ask("SELECT performed_by LIKE '% for dead_limit' FROM outbox.operations WHERE kind = "
                "'pause'"),
            "t");
  EXPECT_TRUE(roster_.ReadDestinations().at(0).paused);
  Ask("SELECT outbox.resume('d')");
  EXPECT_FALSE(roster_.ReadDestinations().at(0).paused);
}

TEST_F(LanePoliciesStoreTest, TheStateOfALaneIsShownWhileItIsOwned) {
  EXPECT_EQ(Status("breaker"), "");
  policies_.SaveStates(relay_.id, {{lane_, epoch_, "open", "breaker"}});
  EXPECT_EQ(Status("breaker"), "open");
  EXPECT_EQ(Status("held"), "breaker");
  policies_.SaveStates(relay_.id, {{lane_, epoch_, "closed", ""}});
  EXPECT_EQ(Status("breaker || coalesce(held, '-')"), "closed-");
  policies_.SaveStates(relay_.id, {{lane_, epoch_ + 1, "open", "breaker"}});
  EXPECT_EQ(Status("breaker"), "closed") << "a former owner's word";
  LoseTheLane();
  EXPECT_EQ(Status("breaker"), "") << "nobody knows";
}

TEST_F(LanePoliciesStoreTest, WhatCoolsDownIsKnownToOtherOwners) {
  EXPECT_THAT(policies_.ReadCooling(), IsEmpty());
  const Timestamp now = Now();
  policies_.SaveStates(relay_.id, {{lane_, epoch_, "", "cool_down", now + seconds(60)}});
  LoseTheLane();
  const auto cooling = policies_.ReadCooling();
  ASSERT_THAT(cooling, SizeIs(1));
  EXPECT_EQ(cooling[0].lane, lane_);
  EXPECT_EQ(cooling[0].until, now + seconds(60));
}

TEST_F(LanePoliciesStoreTest, ACoolDownIsBelievedUntilItIsOver) {
  const Timestamp now = Now();
  policies_.SaveStates(relay_.id, {{lane_, epoch_, "", "", now - seconds(61)}});
  EXPECT_THAT(policies_.ReadCooling(), IsEmpty());
  policies_.SaveStates(relay_.id, {{lane_, epoch_, "", "", now - seconds(1)}});
  EXPECT_THAT(policies_.ReadCooling(), SizeIs(1)) << "nobody has said that it is over";
  policies_.SaveStates(relay_.id, {{lane_, epoch_, "", "", now + seconds(60)}});
  policies_.SaveStates(relay_.id, {{lane_, epoch_, "", "", std::nullopt}});
  EXPECT_THAT(policies_.ReadCooling(), IsEmpty());
}

}  // namespace
}  // namespace postrider::test
