#include "postrider/engine/catch_up.h"
#include "reading_fixture.h"

namespace postrider::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class RecoveryTest : public ReadingTest {
 protected:
  /// What a recovery page with closed id `closed` returns at the present place of the tail.
  std::vector<EventId> Recover(EventId closed, const TailStart& target, int limit = 100) {
    StepRequest request;
    request.filter = Filter();
    request.target = target.head.snapshot;
    request.from = {closed, target.head.snapshot};
    request.after = closed;
    request.up_to = target.max_visible_id;
    request.unsettled = true;
    request.limit = limit;
    return Ids(log_.ReadStep(request).events);
  }

  /// An event that was recorded on another day.
  EventId InsertInto(int bucket) {
    producer_.Run("INSERT INTO outbox.event (topic, bucket) VALUES ('t', " +
                  std::to_string(bucket) + ")");
    return Number(admin_, "SELECT max(id) FROM outbox.event");
  }
  void Settle(EventId id, int destination = kDestination) {
    admin_.Execute("test",
                   "INSERT INTO outbox.outcome (event_id, finished_at, destination_id, bucket, "
                   "state) SELECT id, now(), " +
                       std::to_string(destination) +
                       ", bucket, 1 FROM outbox.event WHERE id = " + std::to_string(id));
  }
  void Park(EventId id, int destination = kDestination) {
    admin_.Execute("test",
                   "INSERT INTO outbox.backlog (event_id, destination_id, slot, waiting_for, "
                   "due_at, bucket, event_xid, recorded_at, topic) SELECT id, " +
                       std::to_string(destination) +
                       ", 0, 2, now(), bucket, xid, recorded_at, topic FROM outbox.event "
                       "WHERE id = " +
                       std::to_string(id));
  }

  /// Lets a feed catch up with the tail for some turns.
  void CatchUpFor(CatchUp& catch_up, int turns) {
    for (int i = 0; i < turns; ++i) catch_up.Turn(Place(), {}, "c");
  }
  TailPlace Place() {
    const TailStart start = log_.Start();
    return {{start.max_visible_id, start.head.snapshot}, start.head.last_value, ++polls_};
  }
  CatchUp CatchUpFrom(EventId closed, CatchUp::Limits limits) {
    admin_.Execute("test", "UPDATE outbox.lane SET closed_up_to = " + std::to_string(closed) +
                               " WHERE destination_id = 1");
    CatchUp catch_up(log_, limits);
    Feed feed(Filter(), port_);
    feed.BeginRecovery(1, false);
    catch_up.Add(std::move(feed));
    return catch_up;
  }

  std::uint64_t polls_ = 0;
  RecordingPort port_;
  Producer producer_{database_.Conninfo()};
  Producer other_{database_.Conninfo()};
};

TEST_F(RecoveryTest, FindsWhatIsNeitherSettledNorParked) {
  const auto ids = producer_.InsertMany(6);
  Settle(ids[1]);
  Park(ids[2]);
  Settle(ids[3], 2);  // of another destination
  Park(ids[4], 2);
  EXPECT_THAT(Recover(ids[0], log_.Start()), ElementsAre(ids[3], ids[4], ids[5]));
  EXPECT_THAT(Recover(0, log_.Start()), ElementsAre(ids[0], ids[3], ids[4], ids[5]));
}

TEST_F(RecoveryTest, SeesOnlyWhatTheTargetSees) {
  producer_.Begin();
  const EventId hidden = producer_.Insert();
  const EventId seen = other_.Insert();
  const TailStart target = log_.Start();
  producer_.Commit();
  other_.Insert();
  EXPECT_THAT(Recover(0, target), ElementsAre(seen)) << "the tail will find the others";
  EXPECT_THAT(Recover(0, log_.Start()), testing::Contains(hidden));
}

TEST_F(RecoveryTest, PagesHaveALimitAndSayWhenTheyAreFull) {
  const auto ids = producer_.InsertMany(5);
  const TailStart target = log_.Start();
  EXPECT_THAT(Recover(0, target, 2), ElementsAre(ids[0], ids[1]));
  EXPECT_THAT(Recover(ids[1], target, 2), ElementsAre(ids[2], ids[3]));
  EXPECT_THAT(Recover(ids[3], target, 2), ElementsAre(ids[4]));
}

TEST_F(RecoveryTest, AWidePageIsReadFromAllBucketsThatHaveAPartOfIt) {
  const EventId before = InsertInto(2);
  const EventId midnight = InsertInto(3);
  const EventId began_before_it = InsertInto(2);
  producer_.Run("SELECT setval('outbox.event_id_seq', 5000)");
  const EventId after = InsertInto(3);
  Settle(midnight);
  const TailStart target = log_.Start();
  EXPECT_THAT(Recover(0, target), ElementsAre(before, began_before_it, after));
  EXPECT_THAT(Recover(began_before_it, target), ElementsAre(after));
  Settle(after);
  EXPECT_THAT(Recover(began_before_it, target), IsEmpty());

  const EventId later = InsertInto(4);
  EXPECT_THAT(Recover(began_before_it, target), IsEmpty()) << "the tail will find it";
  EXPECT_THAT(Recover(began_before_it, log_.Start()), ElementsAre(later));
}

TEST_F(RecoveryTest, ABucketThatIsUsedAnewIsReadForWhatTheTargetSees) {
  const EventId old = InsertInto(2);
  producer_.Run("SELECT setval('outbox.event_id_seq', 5000)");
  InsertInto(3);
  TailStart target = log_.Start();
  EXPECT_EQ(Recover(0, target).size(), 2u);
  admin_.Execute("test", "TRUNCATE outbox.event_2");
  const EventId reused = InsertInto(2);
  target.max_visible_id = reused;
  EXPECT_THAT(Recover(0, target), testing::Not(testing::Contains(testing::AnyOf(old, reused))));
  EXPECT_THAT(Recover(0, log_.Start()), testing::Contains(reused));
}

TEST_F(RecoveryTest, AWidePageOfALogWithoutEventsIsEmpty) {
  TailStart target = log_.Start();
  target.max_visible_id = 5000;
  EXPECT_THAT(Recover(0, target), IsEmpty());
}

TEST_F(RecoveryTest, WhereRowsAreIsForgottenWithTheHistory) {
  const EventId event = InsertInto(2);
  TailStart wide = log_.Start();
  wide.max_visible_id = 5000;
  EXPECT_THAT(Recover(0, wide), ElementsAre(event));
  admin_.Execute("test", "UPDATE outbox.event SET bucket = 5");
  EXPECT_THAT(Recover(0, wide), IsEmpty()) << "one bucket was not read alone";
  log_.ForgetHistory();
  EXPECT_THAT(Recover(0, wide), ElementsAre(event));
}

TEST_F(RecoveryTest, FindsAStragglerThatCommittedWhileNobodyRead) {
  producer_.Begin();
  const EventId straggler = producer_.Insert();
  const EventId high = other_.Insert();
  {
    Follower crashed(log_);
    EXPECT_THAT(crashed.Poll(), IsEmpty());
  }
  Settle(high);
  producer_.Commit();
  CatchUp catch_up = CatchUpFrom(0, {});
  CatchUpFor(catch_up, 6);
  EXPECT_THAT(port_.taken, ElementsAre(straggler));
  EXPECT_EQ(port_.recovered_era, 1u);
}

TEST_F(RecoveryTest, CatchesUpOverLateAndFreshRows) {
  const auto before = producer_.InsertMany(30);
  CatchUp catch_up = CatchUpFrom(before[9], {.page = 8, .scan = 80, .near = 3, .refill = 4});
  producer_.Begin();
  const auto late = producer_.InsertMany(20);
  const EventId passed = other_.Insert();
  CatchUpFor(catch_up, 12);
  std::vector<EventId> expected(before.begin() + 10, before.end());
  expected.push_back(passed);
  EXPECT_EQ(port_.taken, expected);
  EXPECT_EQ(catch_up.TakeNear(Place()).size(), 1u);
  // It falls off again: pages of late rows, then fresh ones.
  Feed feed(Filter(), port_);
  feed.FallOff(Place().position, std::nullopt);
  catch_up.Add(std::move(feed));
  producer_.Commit();
  const auto fresh = other_.InsertMany(10);
  port_.taken.clear();
  CatchUpFor(catch_up, 12);
  expected = late;
  expected.insert(expected.end(), fresh.begin(), fresh.end());
  EXPECT_EQ(port_.taken, expected);
}

TEST_F(RecoveryTest, StepsOverHolesAtOnce) {
  const EventId first = producer_.Insert();
  producer_.Run("SELECT setval('outbox.event_id_seq', 5000000)");
  const EventId behind = producer_.Insert();
  EXPECT_EQ(log_.NextId(0), first);
  EXPECT_EQ(log_.NextId(first), behind);
  EXPECT_EQ(log_.NextId(behind), std::nullopt);
  CatchUp catch_up = CatchUpFrom(0, {.page = 10, .scan = 100, .near = 3, .refill = 4});
  CatchUpFor(catch_up, 12);
  EXPECT_THAT(port_.taken, ElementsAre(first, behind));
}

TEST_F(RecoveryTest, WaitsWhileTheLaneHasNoRoom) {
  producer_.InsertMany(20);
  port_.room = {0, 1 << 20};
  CatchUp catch_up = CatchUpFrom(0, {});
  CatchUpFor(catch_up, 6);
  EXPECT_THAT(port_.taken, IsEmpty());
  port_.room = {1000, 1 << 20};
  CatchUpFor(catch_up, 4);
  EXPECT_EQ(port_.taken.size(), 20u);
}

}  // namespace
}  // namespace postrider::test
