#include "postrider/engine/send_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace postrider {
namespace {

using testing::ElementsAre;
using Line = SendQueue::Line;

std::vector<EventId> PopAll(SendQueue& queue) {
  std::vector<EventId> ids;
  while (const auto id = queue.Pop()) ids.push_back(*id);
  return ids;
}

void Fill(SendQueue& queue, Line line, EventId from, EventId to) {
  for (EventId id = from; id <= to; ++id) queue.Push(line, id);
}

TEST(SendQueueTest, ALineGoesInItsOrder) {
  SendQueue queue;
  Fill(queue, Line::kLog, 1, 3);
  queue.PushFront(Line::kLog, 9);
  EXPECT_EQ(queue.Front(Line::kLog), 9);
  EXPECT_THAT(PopAll(queue), ElementsAre(9, 1, 2, 3));
  EXPECT_TRUE(queue.empty());
}

TEST(SendQueueTest, WhatFallsDueTakesTurnsWithTheLog) {
  SendQueue queue;
  Fill(queue, Line::kLog, 1, 3);
  Fill(queue, Line::kDue, 11, 13);
  EXPECT_THAT(PopAll(queue), ElementsAre(1, 11, 2, 12, 3, 13));
}

TEST(SendQueueTest, EveryFourthIsOfWhatWasPutBack) {
  SendQueue queue;
  Fill(queue, Line::kLog, 1, 6);
  Fill(queue, Line::kPutBack, 21, 22);
  EXPECT_THAT(PopAll(queue), ElementsAre(1, 2, 3, 21, 4, 5, 6, 22));
}

TEST(SendQueueTest, AllThreeHaveTheirTurns) {
  SendQueue queue;
  Fill(queue, Line::kLog, 1, 3);
  Fill(queue, Line::kDue, 11, 13);
  Fill(queue, Line::kPutBack, 21, 22);
  EXPECT_THAT(PopAll(queue), ElementsAre(1, 11, 2, 21, 12, 3, 13, 22));
}

TEST(SendQueueTest, RetriesTakeTurnsWithWhatElseFallsDue) {
  SendQueue queue;
  Fill(queue, Line::kLog, 1, 4);
  Fill(queue, Line::kDue, 11, 12);
  Fill(queue, Line::kRetry, 21, 22);
  EXPECT_THAT(PopAll(queue), ElementsAre(1, 11, 2, 21, 3, 12, 4, 22));
}

TEST(SendQueueTest, RetriesWaitWhileOthersGo) {
  SendQueue queue;
  Fill(queue, Line::kRetry, 21, 22);
  Fill(queue, Line::kDue, 11, 11);
  Fill(queue, Line::kLog, 1, 1);
  EXPECT_EQ(queue.Pop(false), 1);
  EXPECT_EQ(queue.Pop(false), 11);
  EXPECT_EQ(queue.Pop(false), std::nullopt);
  EXPECT_TRUE(queue.has_retries());
  EXPECT_EQ(queue.Pop(), 21);
}

TEST(SendQueueTest, WhatWasPutBackGoesAtOnceWhenNothingElseWaits) {
  SendQueue queue;
  Fill(queue, Line::kPutBack, 21, 23);
  EXPECT_THAT(PopAll(queue), ElementsAre(21, 22, 23));
}

TEST(SendQueueTest, TheFirstThatIsPutBackAfterLongTrafficDoesNotWaitForThreeMore) {
  SendQueue queue;
  Fill(queue, Line::kLog, 1, 6);
  for (int i = 0; i < 5; ++i) queue.Pop();
  queue.Push(Line::kPutBack, 21);
  EXPECT_EQ(queue.Pop(), 21);
}

}  // namespace
}  // namespace postrider
