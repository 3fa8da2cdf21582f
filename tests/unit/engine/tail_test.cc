#include "postrider/engine/tail.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/engine/fake_log.h"

namespace postrider::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// A tail over a log.
class TailTest : public testing::Test {
 protected:
  std::vector<EventId> Poll(int limit = 100) {
    if (!tail_) tail_.emplace(log_.Start());
    const TailRequest request = tail_->NextRequest(limit);
    return IdsOf(tail_->Absorb(request, log_.Poll(request)));
  }
  void Begin() { tail_.emplace(log_.Start()); }

  FakeLog log_;
  std::optional<Tail> tail_;
};

TEST_F(TailTest, BeginsAtWhatIsVisible) {
  log_.Commit(1);
  Begin();
  EXPECT_THAT(Poll(), IsEmpty());
  log_.Commit(2);
  EXPECT_THAT(Poll(), ElementsAre(2));
  EXPECT_THAT(Poll(), IsEmpty());
}

TEST_F(TailTest, FindsALowerIdThatCommitsLater) {
  Begin();
  const Xid slow = log_.Begin();
  log_.InsertBy(slow, 7);
  log_.Commit(8);
  EXPECT_THAT(Poll(), ElementsAre(8));
  log_.End(slow);
  EXPECT_THAT(Poll(), ElementsAre(7));
  EXPECT_THAT(Poll(), IsEmpty());
}

TEST_F(TailTest, FindsOneThatNoSnapshotNamedBecauseItsXidWasAboveXmax) {
  Begin();
  // It has a number above all that have finished, so the snapshot of the next poll does not list
  // it.
  log_.InsertBy(200, 7);
  log_.Commit(8);
  EXPECT_THAT(Poll(), ElementsAre(8));
  log_.head.snapshot = {201, 201, {}};
  EXPECT_THAT(Poll(), ElementsAre(7));
}

TEST_F(TailTest, LateRowsComeBeforeFreshOnes) {
  Begin();
  const Xid slow = log_.Begin();
  log_.InsertBy(slow, 3);
  log_.Commit(5);
  Poll();
  log_.End(slow);
  log_.Commit(9);
  EXPECT_THAT(Poll(), ElementsAre(3, 9));
}

TEST_F(TailTest, JumpsOverHolesToWhatWasGivenOutAtThePollBefore) {
  Begin();
  log_.head.last_value = 50;
  Poll();
  EXPECT_EQ(tail_->position().high, 0) << "it was given out since the poll before";
  Poll();
  EXPECT_EQ(tail_->position().high, 50);
}

TEST_F(TailTest, DoesNotJumpOverAFullPage) {
  Begin();
  for (EventId id = 1; id <= 3; ++id) log_.Commit(id);
  log_.head.last_value = 50;
  EXPECT_THAT(Poll(2), ElementsAre(1, 2));
  EXPECT_THAT(Poll(2), ElementsAre(3));
}

TEST_F(TailTest, ReadsManyLateRowsPageByPageAndDropsTheFreshOnesMeanwhile) {
  Begin();
  const Xid bulk = log_.Begin();
  for (EventId id = 1; id <= 5; ++id) log_.InsertBy(bulk, id);
  log_.Commit(6);
  EXPECT_THAT(Poll(2), ElementsAre(6));
  log_.End(bulk);
  log_.Commit(7);
  EXPECT_THAT(Poll(2), ElementsAre(1, 2));
  EXPECT_TRUE(tail_->reading_late());
  EXPECT_EQ(tail_->unfinished()->after, 2);
  EXPECT_THAT(Poll(2), ElementsAre(3, 4));
  EXPECT_EQ(tail_->position().high, 6) << "it does not move";
  EXPECT_THAT(Poll(2), ElementsAre(5));
  EXPECT_FALSE(tail_->reading_late());
  EXPECT_THAT(Poll(2), ElementsAre(7));
}

TEST_F(TailTest, WhatCommitsWhileLatePagesAreReadIsNotLost) {
  Begin();
  const Xid bulk = log_.Begin();
  const Xid slow = log_.Begin();
  log_.InsertBy(slow, 1);
  for (EventId id = 2; id <= 5; ++id) log_.InsertBy(bulk, id);
  log_.Commit(6);
  Poll(2);
  log_.End(bulk);
  EXPECT_THAT(Poll(2), ElementsAre(2, 3));
  log_.End(slow);  // below what has been read, and not in the set that is being read
  EXPECT_THAT(Poll(2), ElementsAre(4, 5));
  EXPECT_THAT(Poll(2), ElementsAre(1));
}

TEST_F(TailTest, APositionHasWhatIsBelowItAndWasVisible) {
  const Position position{10, {100, 105, {102}}};
  const auto had = [&](EventId id, Xid xid) {
    Event event;
    event.identity.id = id;
    event.identity.xid = xid;
    return Tail::HadAlready(position, event);
  };
  EXPECT_TRUE(had(10, 101));
  EXPECT_FALSE(had(11, 101)) << "above";
  EXPECT_FALSE(had(9, 102)) << "was running";
  EXPECT_FALSE(had(9, 105)) << "had not finished";
}

}  // namespace
}  // namespace postrider::test
