#include "postrider/engine/due_window.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace postrider {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Timestamp At(int second) { return Timestamp(seconds(second)); }
DueOrder Row(int second, EventId id) { return {At(second), id}; }

/// Everything in the database is in memory.
DueWindow Complete(std::size_t capacity) {
  DueWindow window(capacity);
  window.BeginPage();
  window.AddPage({}, false);
  return window;
}

TEST(DueWindowTest, TakesWhatIsDueInItsOrder) {
  DueWindow window = Complete(10);
  for (const DueOrder& row : {Row(3, 1), Row(1, 9), Row(1, 2), Row(7, 4)}) window.Add(row);
  EXPECT_EQ(window.NextDue(), At(1));
  EXPECT_THAT(window.TakeDue(At(3), 10), ElementsAre(2, 9, 1));
  EXPECT_EQ(window.NextDue(), At(7));
}

TEST(DueWindowTest, TakesNoMoreThanThereIsRoomFor) {
  DueWindow window = Complete(10);
  for (EventId id = 1; id <= 3; ++id) window.Add(Row(1, id));
  EXPECT_THAT(window.TakeDue(At(1), 2), ElementsAre(1, 2));
  EXPECT_THAT(window.TakeDue(At(1), 2), ElementsAre(3));
}

TEST(DueWindowTest, ReadsTheFirstPageBeforeItKnowsAnything) {
  DueWindow window(10);
  EXPECT_TRUE(window.WantsPage());
  window.Add(Row(1, 1));
  EXPECT_EQ(window.size(), 0u) << "the page will have it";
  EXPECT_EQ(window.BeginPage(), (DueOrder{Timestamp::min(), 0}));
  EXPECT_FALSE(window.WantsPage());
}

TEST(DueWindowTest, KeepsWhatComesWhileAPageIsRead) {
  DueWindow window(10);
  window.BeginPage();
  window.Add(Row(5, 1));
  window.AddPage({Row(1, 2)}, false);
  EXPECT_THAT(window.TakeDue(At(5), 10), ElementsAre(2, 1));
}

TEST(DueWindowTest, WhatLiesBeyondAFullPageIsReadLater) {
  DueWindow window(10);
  window.BeginPage();
  window.Add(Row(9, 1));
  window.AddPage({Row(1, 2), Row(2, 3)}, true);
  EXPECT_EQ(window.size(), 2u);
  EXPECT_TRUE(window.WantsPage());
  EXPECT_EQ(window.BeginPage(), Row(2, 3));
}

TEST(DueWindowTest, ForgetsTheLastWhenItOverflows) {
  DueWindow window = Complete(2);
  for (EventId id = 1; id <= 3; ++id) window.Add(Row(static_cast<int>(id), id));
  EXPECT_EQ(window.size(), 2u);
  window.Add(Row(9, 9));
  EXPECT_EQ(window.size(), 2u) << "beyond what is known";
  EXPECT_THAT(window.TakeDue(At(9), 10), ElementsAre(1, 2));
  ASSERT_TRUE(window.WantsPage());
  EXPECT_EQ(window.BeginPage(), Row(2, 2)) << "3 and 9 are in the database";
}

TEST(DueWindowTest, AnEarlierRowFindsItsPlaceInAFullWindow) {
  DueWindow window = Complete(2);
  for (const DueOrder& row : {Row(5, 5), Row(6, 6), Row(1, 1)}) window.Add(row);
  EXPECT_THAT(window.TakeDue(At(6), 10), ElementsAre(1, 5));
}

TEST(DueWindowTest, APageDoesNotBringBackWhatWasTakenWhileItWasRead) {
  DueWindow window(4);
  window.BeginPage();
  window.AddPage({Row(1, 1), Row(2, 2)}, true);
  window.BeginPage();
  window.Add(Row(3, 3));
  EXPECT_THAT(window.TakeDue(At(3), 10), ElementsAre(1, 2, 3));
  window.AddPage({Row(3, 3), Row(4, 4)}, false);
  EXPECT_THAT(window.TakeDue(At(9), 10), ElementsAre(4));
}

TEST(DueWindowTest, AResetForgetsAll) {
  DueWindow window = Complete(4);
  window.Add(Row(1, 1));
  window.Reset();
  EXPECT_THAT(window.TakeDue(At(9), 10), IsEmpty());
  EXPECT_TRUE(window.WantsPage());
}

}  // namespace
}  // namespace postrider
