#include "postrider/engine/subscription.h"

#include <gtest/gtest.h>

#include "unit/engine/events.h"

namespace postrider::test {
namespace {

Subscription Taking(std::vector<TopicSince> topics) {
  Subscription subscription;
  subscription.destination = 3;
  subscription.topics = std::move(topics);
  return subscription;
}

TEST(SubscriptionTest, TakesWhatOneOfItsPatternsMatches) {
  const Subscription subscription = Taking({{"a.*", 0}, {"b", 0}});
  auto event = NewEvent(1);
  for (const auto& [topic, taken] :
       {std::pair("a.x", true), {"b", true}, {"b.x", false}, {"c", false}}) {
    event->topic = topic;
    EXPECT_EQ(subscription.Takes(*event), taken) << topic;
  }
}

TEST(SubscriptionTest, EachPatternBeginsAtItsOwnPlace) {
  const Subscription subscription = Taking({{"a", 10}, {"b", 0}});
  auto event = NewEvent(10);
  event->topic = "a";
  EXPECT_FALSE(subscription.Takes(*event));
  event->identity.id = 11;
  EXPECT_TRUE(subscription.Takes(*event));
  event->identity.id = 1;
  event->topic = "b";
  EXPECT_TRUE(subscription.Takes(*event));
}

TEST(SubscriptionTest, NobodyTakesADuplicate) {
  auto event = NewEvent(1);
  event->duplicate_of = 99;
  EXPECT_FALSE(Taking({{"*", 0}}).Takes(*event));
  LaneFilter unrouted;
  EXPECT_FALSE(unrouted.Takes(*event)) << "the unrouted lane neither";
}

TEST(SubscriptionTest, AnEventForOneDestinationIsTakenByThatOne) {
  auto event = NewEvent(1);
  event->only_destination = 3;
  EXPECT_TRUE(Taking({{"*", 0}}).Takes(*event));
  event->only_destination = 4;
  EXPECT_FALSE(Taking({{"*", 0}}).Takes(*event));
}

TEST(LaneFilterTest, AShardTakesItsSlots) {
  LaneFilter filter;
  filter.lane = {3, 1};
  filter.subscription = Taking({{"*", 0}});
  filter.subscription.shards = 4;
  auto event = NewEvent(1);
  for (int slot = 0; slot < 12; ++slot) {
    event->slot = slot;
    EXPECT_EQ(filter.Takes(*event), slot % 4 == 1) << slot;
  }
}

TEST(LaneFilterTest, TheUnroutedLaneTakesWhatNobodyElseDoes) {
  LaneFilter filter;
  filter.others = {Taking({{"a.*", 5}})};
  filter.ignored_topics = {"audit.*"};
  auto event = NewEvent(6);
  event->topic = "a.x";
  EXPECT_FALSE(filter.Takes(*event));
  event->identity.id = 5;
  EXPECT_TRUE(filter.Takes(*event)) << "from before it was registered";
  event->topic = "audit.x";
  EXPECT_FALSE(filter.Takes(*event));
  event->topic = "b";
  EXPECT_TRUE(filter.Takes(*event));
}

TEST(LaneFilterTest, TheUnroutedLaneLeavesWhatGoesByTheBacklog) {
  LaneFilter filter;
  auto event = NewEvent(1);
  event->only_destination = -3;
  EXPECT_FALSE(filter.Takes(*event));
}

}  // namespace
}  // namespace postrider::test
