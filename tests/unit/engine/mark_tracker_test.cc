#include "postrider/engine/mark_tracker.h"

#include <gtest/gtest.h>

namespace postrider {
namespace {

Position At(EventId high, Xid xmin) { return {high, {xmin, xmin, {}}}; }

TEST(MarkTrackerTest, AMarkIsAPlaceAndAnXidThatWasAssignedAfterwards) {
  MarkTracker marks;
  EXPECT_EQ(marks.Observe(At(10, 100), 10, {0, 0, 0}, 0), std::nullopt);
  EXPECT_FALSE(marks.pending()) << "no xid has been assigned since";
  marks.Observe(At(12, 101), 12, {1, 1, 105}, 0);
  EXPECT_EQ(marks.pending(), (Mark{10, 105}));
}

TEST(MarkTrackerTest, ARoundThatHadBegunWhenThePlaceWasCopiedProvesNothing) {
  MarkTracker marks;
  marks.Observe(At(10, 100), 10, {1, 0, 0}, 0);
  marks.Observe(At(10, 100), 10, {1, 1, 105}, 0);
  EXPECT_FALSE(marks.pending());
  marks.Observe(At(10, 100), 10, {2, 2, 109}, 0);
  EXPECT_EQ(marks.pending(), (Mark{10, 109}));
}

TEST(MarkTrackerTest, IsJudgedWhenNoOlderTransactionIsOpen) {
  MarkTracker marks(Mark{10, 105});
  EXPECT_EQ(marks.Observe(At(20, 104), 20, {}, 0), std::nullopt) << "one may still insert below 10";
  EXPECT_EQ(marks.Observe(At(9, 105), 20, {}, 0), std::nullopt) << "not read so far yet";
  EXPECT_EQ(marks.Observe(At(20, 105), 20, {}, 0), 10);
  EXPECT_EQ(marks.Observe(At(20, 106), 20, {}, 0), std::nullopt) << "once";
}

TEST(MarkTrackerTest, NothingIsClosedOverAnIdThatTheSequenceDidNotGiveOut) {
  MarkTracker marks;
  marks.Observe(At(1'000'000, 100), 10, {0, 0, 0}, 0);
  marks.Observe(At(1'000'000, 101), 10, {1, 1, 100}, 0);
  EXPECT_EQ(marks.pending()->high, 10);
}

TEST(MarkTrackerTest, ThereIsNoMarkWhereAllIsClosed) {
  MarkTracker marks;
  marks.Observe(At(10, 100), 10, {0, 0, 0}, 10);
  marks.Observe(At(10, 100), 10, {1, 1, 100}, 10);
  EXPECT_FALSE(marks.pending());
}

TEST(MarkTrackerTest, TheNextMarkFollowsWhenOneIsClosed) {
  MarkTracker marks(Mark{10, 105});
  marks.Observe(At(20, 110), 20, {3, 3, 108}, 10);
  EXPECT_FALSE(marks.pending());
  marks.Observe(At(30, 120), 30, {4, 4, 115}, 10);
  EXPECT_EQ(marks.pending(), (Mark{20, 115}));
}

TEST(MarkTrackerTest, IsJudgedAgainByALaneThatHasForgotten) {
  MarkTracker marks(Mark{10, 105});
  EXPECT_EQ(marks.Observe(At(20, 105), 20, {}, 0), 10);
  marks.JudgeAgain();
  EXPECT_EQ(marks.Observe(At(20, 105), 20, {}, 0), 10);
}

TEST(MarkTrackerTest, ADroppedMarkIsNeverJudged) {
  MarkTracker marks(Mark{10, 105});
  marks.Drop();
  EXPECT_EQ(marks.Observe(At(20, 105), 20, {}, 0), std::nullopt);
}

}  // namespace
}  // namespace postrider
