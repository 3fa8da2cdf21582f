#include "postrider/engine/catch_up.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

#include "unit/engine/fake_log.h"

namespace postrider::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class CatchUpTest : public testing::Test {
 protected:
  TailPlace Place(std::uint64_t poll = 10) {
    return {{log_.Start().max_visible_id, log_.head.snapshot}, log_.head.last_value, poll};
  }
  /// A lane of which nothing is known, told that an era has begun.
  void AddNew() {
    catch_up_.Add(Feed(Everything(), port_));
    catch_up_.BeginRecovery(1, false);
  }
  void AddAt(Position position) {
    Feed feed(Everything(), port_);
    feed.FallOff(position, std::nullopt);
    catch_up_.Add(std::move(feed));
  }
  /// Until nothing more is done.
  void Turn(const TailPlace& place) {
    while (catch_up_.Turn(place, {}, "canary")) {
    }
  }

  FakeLog log_;
  FakePort port_;
  CatchUp catch_up_{log_, {.page = 4, .scan = 40, .near = 2, .refill = 4}};
};

TEST_F(CatchUpTest, RecoversAllThatIsNotSettledAboveWhatIsClosed) {
  for (EventId id = 1; id <= 9; ++id) log_.Commit(id);
  log_.saved.closed_up_to = 3;
  log_.settled = {5, 6};
  AddNew();
  Turn(Place(10));
  Turn(Place(12));
  EXPECT_THAT(port_.taken, ElementsAre(4, 7, 8, 9));
  EXPECT_EQ(port_.recovered_era, 1u);
  EXPECT_EQ(port_.closed, 3);
}

TEST_F(CatchUpTest, RecoversToAPositionThatWasTakenAfterTheLaneForgot) {
  AddNew();
  EXPECT_FALSE(catch_up_.Turn(Place(10), {}, "canary")) << "this poll may be older";
  EXPECT_FALSE(catch_up_.Turn(Place(11), {}, "canary")) << "this one may have been under way";
  EXPECT_TRUE(catch_up_.Turn(Place(12), {}, "canary"));
}

TEST_F(CatchUpTest, WaitsUntilTheLaneHasForgotten) {
  port_.forgets_at_once = false;
  AddNew();
  catch_up_.Turn(Place(10), {}, "canary");
  catch_up_.Turn(Place(20), {}, "canary");
  EXPECT_THAT(log_.steps, IsEmpty());
  port_.reset_era = 1;
  catch_up_.Turn(Place(21), {}, "canary");
  catch_up_.Turn(Place(23), {}, "canary");
  EXPECT_EQ(port_.recovered_era, 0u);
  Turn(Place(23));
  EXPECT_EQ(port_.recovered_era, 1u);
}

TEST_F(CatchUpTest, LeavesOutWhatIsNotVisibleInItsTarget) {
  const Xid slow = log_.Begin();
  log_.InsertBy(slow, 1);
  log_.Commit(2);
  const TailPlace place = Place(12);
  log_.End(slow);
  AddNew();
  catch_up_.Turn(Place(10), {}, "canary");
  Turn(place);
  EXPECT_THAT(port_.taken, ElementsAre(2)) << "1 is late for whoever stands at the target";
}

TEST_F(CatchUpTest, AStepReadsTheLateRowsFirst) {
  const Xid slow = log_.Begin();
  log_.InsertBy(slow, 1);
  log_.Commit(5);
  AddAt(Place().position);
  log_.End(slow);
  for (EventId id = 6; id <= 9; ++id) log_.Commit(id);
  Turn(Place());
  EXPECT_THAT(port_.taken, ElementsAre(1, 6, 7, 8, 9));
}

TEST_F(CatchUpTest, ALatePartThatWasNotReadToItsEndIsGoneOnWith) {
  const Xid bulk = log_.Begin();
  for (EventId id = 1; id <= 6; ++id) log_.InsertBy(bulk, id);
  log_.Commit(7);
  AddAt(Place().position);
  log_.End(bulk);
  for (EventId id = 8; id <= 12; ++id) log_.Commit(id);
  port_.room.events = 5;
  catch_up_.Turn(Place(), {}, "canary");
  EXPECT_THAT(port_.taken, ElementsAre(1, 2, 3, 4));
  port_.room.events = 100;
  Turn(Place());
  EXPECT_THAT(port_.taken, ElementsAre(1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12));
}

TEST_F(CatchUpTest, ReadsNothingForALaneWithoutRoom) {
  AddAt(Place().position);
  for (EventId id = 1; id <= 9; ++id) log_.Commit(id);
  port_.room.events = 0;
  EXPECT_FALSE(catch_up_.Turn(Place(), {}, "canary"));
  port_.room = {100, 0};
  EXPECT_FALSE(catch_up_.Turn(Place(), {}, "canary"));
  EXPECT_THAT(log_.steps, IsEmpty());
}

TEST_F(CatchUpTest, AsksForNoMoreThanThereIsRoomFor) {
  AddAt(Place().position);
  for (EventId id = 1; id <= 9; ++id) log_.Commit(id);
  port_.room.events = 3;
  Turn(Place());
  EXPECT_THAT(port_.taken, ElementsAre(1, 2, 3));
}

TEST_F(CatchUpTest, GivesALaneThatIsNearToTheTail) {
  AddAt(Place().position);
  log_.Commit(1);
  EXPECT_FALSE(catch_up_.Turn(Place(), {}, "canary")) << "the tail reads the last stretch";
  EXPECT_THAT(catch_up_.TakeNear(Place()), SizeIs(1));
  EXPECT_TRUE(catch_up_.empty());
}

TEST_F(CatchUpTest, ALaneThatCouldNotJoinStepsBeforeItIsGivenAgain) {
  Feed feed(Everything(), port_);
  feed.FallOff(Place().position, std::nullopt);
  feed.RefuseJoin();
  catch_up_.Add(std::move(feed));
  log_.Commit(1);
  EXPECT_THAT(catch_up_.TakeNear(Place()), IsEmpty());
  Turn(Place());
  EXPECT_THAT(port_.taken, ElementsAre(1));
  EXPECT_THAT(catch_up_.TakeNear(Place()), SizeIs(1));
}

TEST_F(CatchUpTest, StepsOverAHoleInTheIds) {
  AddAt(Place().position);
  log_.Commit(100'000);
  Turn(Place());
  EXPECT_THAT(port_.taken, ElementsAre(100'000));
  EXPECT_LT(log_.steps.size(), 6u);
}

TEST_F(CatchUpTest, ARecoveryBehindWhatIsClosedIsOverAtOnce) {
  log_.Commit(1);
  log_.saved.closed_up_to = 500;
  AddNew();
  Turn(Place(10));
  Turn(Place(12));
  EXPECT_THAT(port_.taken, IsEmpty());
  EXPECT_EQ(port_.recovered_era, 1u);
}

TEST_F(CatchUpTest, ASavedMarkIsTakenUpAgain) {
  log_.Commit(9);
  log_.saved = {3, Mark{5, log_.head.snapshot.xmax - 1}};
  AddNew();
  Turn(Place(10));
  Turn(Place(12));
  EXPECT_THAT(port_.judged, ElementsAre(5));
}

}  // namespace
}  // namespace postrider::test
