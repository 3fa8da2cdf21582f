#include "postrider/model/delivery.h"

#include <gtest/gtest.h>

namespace postrider {
namespace {

// The numbers and words are stored in tables and shown to people.

TEST(DeliveryTest, NamesOutcomesAsTheContractDoes) {
  EXPECT_EQ(ToString(OutcomeState::kDelivered), "delivered");
  EXPECT_EQ(ToString(OutcomeState::kDead), "dead");
  EXPECT_EQ(ToString(OutcomeState::kExpired), "expired");
  EXPECT_EQ(ToString(OutcomeState::kCancelled), "cancelled");
  EXPECT_EQ(ToString(OutcomeState::kDiscarded), "discarded");
}

TEST(DeliveryTest, NumbersOutcomesAsTheSchemaDoes) {
  EXPECT_EQ(static_cast<int>(OutcomeState::kDelivered), 1);
  EXPECT_EQ(static_cast<int>(OutcomeState::kDiscarded), 5);
}

TEST(DeliveryTest, NamesReasonsOfDeadLetters) {
  EXPECT_EQ(ToString(DeadReason::kNoRoute), "no_route");
  EXPECT_EQ(ToString(DeadReason::kExhausted), "exhausted");
  EXPECT_EQ(ToString(DeadReason::kRefused), "refused");
}

TEST(DeliveryTest, NamesWhatABacklogRowWaitsFor) {
  EXPECT_EQ(ToString(WaitingFor::kSchedule), "schedule");
  EXPECT_EQ(ToString(WaitingFor::kRetry), "retry");
  EXPECT_EQ(ToString(WaitingFor::kPredecessor), "predecessor");
  EXPECT_EQ(ToString(WaitingFor::kReplay), "replay");
}

TEST(LaneIdTest, OrdersByDestinationFirst) {
  EXPECT_LT((LaneId{1, 5}), (LaneId{2, 0}));
  EXPECT_LT((LaneId{1, 0}), (LaneId{1, 1}));
}

}  // namespace
}  // namespace postrider
