#include "postrider/model/topic.h"

#include <gtest/gtest.h>

namespace postrider {
namespace {

TEST(TopicTest, MatchesItself) {
  EXPECT_TRUE(TopicMatches("shipment.requested", "shipment.requested"));
  EXPECT_FALSE(TopicMatches("shipment.requested", "shipment.requested2"));
  EXPECT_FALSE(TopicMatches("shipment.requested", "Shipment.requested"));
}

TEST(TopicTest, MatchesAPrefixOfAnyDepth) {
  EXPECT_TRUE(TopicMatches("shipment.*", "shipment.requested"));
  EXPECT_TRUE(TopicMatches("shipment.*", "shipment.eu.requested"));
  EXPECT_TRUE(TopicMatches("shipment.eu.*", "shipment.eu.requested"));
}

TEST(TopicTest, DoesNotMatchThePrefixAlone) {
  EXPECT_FALSE(TopicMatches("shipment.*", "shipment"));
  EXPECT_FALSE(TopicMatches("shipment.*", "shipment."));
  EXPECT_FALSE(TopicMatches("shipment.*", "shipments.requested"));
}

TEST(TopicTest, MatchesEverythingWithAStarAlone) {
  EXPECT_TRUE(TopicMatches("*", "shipment.requested"));
  EXPECT_TRUE(TopicMatches("*", "x"));
}

TEST(TopicTest, TakesAStarElsewhereLiterally) {
  EXPECT_FALSE(TopicMatches("ship*", "shipment"));
  EXPECT_FALSE(TopicMatches("*.requested", "shipment.requested"));
}

}  // namespace
}  // namespace postrider
