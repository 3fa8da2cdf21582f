#include <thread>

#include "postrider/postgres/postgres_event_log.h"
#include "settling_fixture.h"

namespace postrider::test {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

/// The fixture's relay owns the lane of `d`; that of unrouted events is free.
class LeasesTest : public SettlingTest {
 protected:
  void Expire(const Incarnation& relay) {
    admin_.Execute("test", "UPDATE outbox.relay SET heartbeat = heartbeat - lease WHERE id = '" +
                               relay.id + "'");
  }
  SavedLane Saved() { return PostgresEventLog(session_).ReadLane(lane_); }

  const LaneId unrouted_{kUnrouted, 0};
  Incarnation rival_ = NewIncarnation("rival");
};

TEST_F(LeasesTest, RenewalSaysWhenTheLeaseHasEnded) {
  EXPECT_TRUE(roster_.Renew(relay_));
  Expire(relay_);
  EXPECT_FALSE(roster_.Renew(relay_)) << "a dead incarnation does not rise";
  EXPECT_FALSE(roster_.Renew(rival_)) << "it was never enrolled";
}

TEST_F(LeasesTest, ALaneOfALivingRelayIsNotTaken) {
  roster_.Enroll(rival_);
  EXPECT_THAT(roster_.TakeLanes(rival_, {lane_}), IsEmpty());
  EXPECT_THAT(roster_.TakeLanes(rival_, {lane_, unrouted_}), SizeIs(1));
}

TEST_F(LeasesTest, ALaneOfAnExpiredRelayIsTakenWithANewEpoch) {
  roster_.Enroll(rival_);
  Expire(relay_);
  const auto taken = roster_.TakeLanes(rival_, {lane_});
  ASSERT_THAT(taken, SizeIs(1));
  EXPECT_GT(taken.at(lane_), epoch_);
  EXPECT_FALSE(roster_.Renew(relay_));
  EXPECT_EQ(Record({Dead(NewEvent())}).refused, 1);
}

TEST_F(LeasesTest, WhoIsNotEnrolledTakesNothing) {
  EXPECT_THAT(roster_.TakeLanes(rival_, {unrouted_}), IsEmpty());
  roster_.Enroll(rival_);
  Expire(rival_);
  EXPECT_THAT(roster_.TakeLanes(rival_, {unrouted_}), IsEmpty()) << "its lease has ended";
  EXPECT_THAT(roster_.TakeLanes(rival_, {}), IsEmpty());
}

TEST_F(LeasesTest, LeavingGivesEverythingBack) {
  roster_.Leave(relay_, true);
  roster_.Enroll(rival_);
  EXPECT_THAT(roster_.TakeLanes(rival_, {lane_, unrouted_}), SizeIs(2));
}

TEST_F(LeasesTest, ANeighbourKnownToBeGoneIsBuried) {
  roster_.Enroll(rival_);
  const auto neighbours = roster_.ReadNeighbours(rival_);
  ASSERT_THAT(neighbours, SizeIs(1));
  EXPECT_EQ(neighbours[0].id, relay_.id);
  EXPECT_EQ(neighbours[0].pid, relay_.pid);
  roster_.Bury({relay_.id});
  roster_.Bury({});
  EXPECT_THAT(roster_.TakeLanes(rival_, {lane_}), SizeIs(1));
}

TEST_F(LeasesTest, OfTwoCompetitorsEachLaneGetsOne) {
  constexpr int kLanes = 32;
  std::vector<LaneId> lanes;
  for (std::int16_t shard = 0; shard < kLanes; ++shard) lanes.push_back({50, shard});
  for (int round = 0; round < 20; ++round) {
    admin_.Execute("test",
                   "DELETE FROM outbox.fence WHERE destination_id = 50; INSERT INTO outbox.fence "
                   "(destination_id, shard) SELECT 50, n FROM generate_series(0, 31) n");
    std::map<LaneId, std::int64_t> taken[2];
    const auto take = [&](int who) {
      Connection session(database_.Conninfo());
      PostgresRoster roster(session, milliseconds(20'000));
      const Incarnation relay = who == 0 ? relay_ : rival_;
      if (who == 1 && round == 0) roster.Enroll(relay);
      taken[who] = roster.TakeLanes(relay, lanes);
    };
    std::jthread other([&] { take(1); });
    take(0);
    other.join();
    EXPECT_EQ(taken[0].size() + taken[1].size(), lanes.size());
    for (const auto& [lane, epoch] : taken[0]) EXPECT_FALSE(taken[1].contains(lane));
    EXPECT_EQ(Ask("SELECT count(*) FROM outbox.fence WHERE destination_id = 50 AND owner = '" +
                  relay_.id + "' AND epoch = 1"),
              std::to_string(taken[0].size()));
  }
}

TEST_F(LeasesTest, ATakeoverAndARenewalDoNotBothSucceed) {
  // The renewal is under way: the takeover waits for it and then finds the owner alive.
  roster_.Enroll(rival_);
  admin_.Execute("test",
                 "UPDATE outbox.relay SET heartbeat = heartbeat - lease + interval '1s' "
                 "WHERE id = '" +
                     relay_.id + "'");
  Connection renewal(database_.Conninfo());
  renewal.Execute("test", "BEGIN");
  ASSERT_TRUE(PostgresRoster(renewal, milliseconds(3000)).Renew(relay_));
  std::map<LaneId, std::int64_t> taken;
  std::jthread takeover([&] {
    Connection session(database_.Conninfo());
    session.Execute("test", "SELECT pg_sleep(1.1)");  // by now the row that others see has expired
    taken = PostgresRoster(session, milliseconds(20'000)).TakeLanes(rival_, {lane_});
  });
  const std::string waits =
      "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = "
      "current_database()";
  while (Ask(waits) == "0") std::this_thread::yield();
  renewal.Execute("test", "COMMIT");
  takeover.join();
  EXPECT_THAT(taken, IsEmpty());
  EXPECT_TRUE(roster_.Renew(relay_));
}

TEST_F(LeasesTest, SavesAPlaceWithItsMark) {
  roster_.Save(relay_, {{lane_, epoch_, 17, Mark{20, 123456}}}, *canary_);
  EXPECT_EQ(Saved().closed_up_to, 17);
  EXPECT_EQ(Saved().mark, (Mark{20, 123456}));
  roster_.Save(relay_, {{lane_, epoch_, 20, std::nullopt}}, *canary_);
  EXPECT_EQ(Saved().closed_up_to, 20);
  EXPECT_FALSE(Saved().mark);
  roster_.Save(relay_, {}, *canary_);
}

TEST_F(LeasesTest, SavesNothingForALostLaneOrAnotherHistory) {
  roster_.Save(relay_, {{lane_, epoch_ + 1, 17, std::nullopt}}, *canary_);
  roster_.Save(rival_, {{lane_, epoch_, 18, std::nullopt}}, *canary_);
  roster_.Save(relay_, {{lane_, epoch_, 19, std::nullopt}}, "11111111-2222-4333-8444-555555555555");
  EXPECT_EQ(Saved().closed_up_to, 0);
  LoseTheLane();
  roster_.Save(relay_, {{lane_, epoch_, 20, std::nullopt}}, *canary_);
  EXPECT_EQ(Saved().closed_up_to, 0);
}

TEST_F(LeasesTest, AMarkDoesNotOutliveItsCanary) {
  roster_.Save(relay_, {{lane_, epoch_, 17, Mark{20, 123456}}}, *canary_);
  admin_.Execute("test", "UPDATE outbox.canary SET id = gen_random_uuid()");
  EXPECT_EQ(Saved().closed_up_to, 17) << "what is closed stays closed";
  EXPECT_FALSE(Saved().mark);
}

TEST_F(LeasesTest, EachXidIsHigherThanTheLast) {
  const Xid first = roster_.AssignXid();
  EXPECT_GT(roster_.AssignXid(), first);
}

}  // namespace
}  // namespace postrider::test
