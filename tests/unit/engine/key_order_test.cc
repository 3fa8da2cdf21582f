#include "postrider/engine/key_order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace postrider {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Place = KeyOrder::Place;

constexpr char kKey[] = "k";

class KeyOrderTest : public testing::Test {
 protected:
  KeyOrder order_{{.waiting = 3, .heads = 2}};

  /// One that blocks: as `Arrive` or `Park` ask for, durable.
  void Block() { order_.AddBlocked(kKey, true); }
  void End(EventId id) { order_.Leave(kKey, id); }
  std::optional<EventId> Next() { return order_.Next(kKey); }
};

TEST_F(KeyOrderTest, TheFirstRunsAndTheOthersWaitInOrder) {
  EXPECT_EQ(order_.Arrive(kKey, 1), Place::kRun);
  EXPECT_EQ(order_.Arrive(kKey, 2), Place::kWait);
  EXPECT_EQ(order_.Arrive(kKey, 3), Place::kWait);
  EXPECT_EQ(Next(), std::nullopt) << "1 runs";
  End(1);
  EXPECT_EQ(Next(), 2);
  End(2);
  EXPECT_EQ(Next(), 3);
}

TEST_F(KeyOrderTest, KeysKnowNothingOfEachOther) {
  order_.Arrive(kKey, 1);
  EXPECT_EQ(order_.Arrive("other", 2), Place::kRun);
}

TEST_F(KeyOrderTest, AKeyWithoutAnythingIsForgotten) {
  order_.Arrive(kKey, 1);
  End(1);
  EXPECT_EQ(Next(), std::nullopt);
  EXPECT_EQ(order_.size(), 0u);
}

TEST_F(KeyOrderTest, MoreThanMayWaitAreBlocked) {
  order_.Arrive(kKey, 1);
  for (const EventId id : {2, 3, 4}) order_.Arrive(kKey, id);
  EXPECT_EQ(order_.Arrive(kKey, 5), Place::kStore);
  Block();
  End(1);
  EXPECT_EQ(Next(), 2);
  EXPECT_EQ(order_.Arrive(kKey, 6), Place::kStore) << "behind the one that is blocked";
}

TEST_F(KeyOrderTest, ParkingDisplacesWhatWaits) {
  order_.Arrive(kKey, 1);
  order_.Arrive(kKey, 2);
  EXPECT_THAT(order_.Park(kKey, 1).waiting, ElementsAre(2));
  Block();
  EXPECT_EQ(order_.Predecessor(kKey), 1);
  EXPECT_EQ(order_.Arrive(kKey, 3), Place::kStore);
  EXPECT_EQ(Next(), std::nullopt);
  EXPECT_TRUE(order_.is_held_up(kKey));
}

TEST_F(KeyOrderTest, AParkedOneComesBackAndRunsBeforeTheRest) {
  order_.Arrive(kKey, 1);
  order_.Arrive(kKey, 2);
  order_.Park(kKey, 1);
  Block();
  EXPECT_EQ(order_.ComeBack(kKey, 1).place, Place::kRun);
  End(1);
  EXPECT_EQ(Next(), std::nullopt) << "2 has to be read first";
  EXPECT_EQ(order_.TakeLoad(), kKey);
  order_.Loaded(kKey, {2}, false);
  EXPECT_EQ(Next(), 2);
}

TEST_F(KeyOrderTest, HeadsRunInTheOrderOfTheirIds) {
  order_.Arrive(kKey, 10);
  order_.Arrive(kKey, 11);
  EXPECT_EQ(order_.ComeBack(kKey, 5).place, Place::kWait);
  EXPECT_EQ(order_.ComeBack(kKey, 4).place, Place::kWait);
  End(10);
  EXPECT_EQ(Next(), 4);
  End(4);
  EXPECT_EQ(Next(), 5);
  End(5);
  EXPECT_EQ(Next(), 11);
}

TEST_F(KeyOrderTest, AHeadBehindAParkedOneStaysInTheBacklog) {
  order_.Arrive(kKey, 4);
  order_.Park(kKey, 4);
  EXPECT_EQ(order_.ComeBack(kKey, 5).place, Place::kStore);
  EXPECT_THAT(order_.TakeHeads(9), IsEmpty()) << "4 waits for its time";
  EXPECT_EQ(order_.ComeBack(kKey, 4).place, Place::kRun);
  End(4);
  EXPECT_EQ(Next(), std::nullopt);
  EXPECT_THAT(order_.TakeHeads(9), ElementsAre(5));
  EXPECT_EQ(order_.ComeBack(kKey, 5).place, Place::kRun);
}

TEST_F(KeyOrderTest, AHeadBeforeAParkedOneRuns) {
  order_.Arrive(kKey, 4);
  order_.Park(kKey, 4);
  EXPECT_EQ(order_.ComeBack(kKey, 3).place, Place::kRun);
  End(3);
  EXPECT_EQ(Next(), std::nullopt) << "4 has still to come back";
}

TEST_F(KeyOrderTest, ParkingAHeadDisplacesLaterOnes) {
  order_.ComeBack(kKey, 3);
  order_.ComeBack(kKey, 4);
  EXPECT_THAT(order_.Park(kKey, 3).heads, ElementsAre(4));
  EXPECT_EQ(Next(), std::nullopt);
}

TEST_F(KeyOrderTest, OnlyAFewHeadsAreInMemory) {
  order_.ComeBack(kKey, 1);
  EXPECT_EQ(order_.ComeBack(kKey, 2).place, Place::kWait);
  EXPECT_EQ(order_.ComeBack(kKey, 4).place, Place::kWait);
  EXPECT_EQ(order_.ComeBack(kKey, 5).place, Place::kStore);
  const KeyOrder::Return back = order_.ComeBack(kKey, 3);
  EXPECT_EQ(back.place, Place::kWait);
  EXPECT_THAT(back.displaced.heads, ElementsAre(4)) << "the last gives way";
  for (const EventId id : {1, 2}) {
    End(id);
    EXPECT_EQ(Next(), id + 1);
  }
  End(3);
  EXPECT_EQ(Next(), std::nullopt);
  EXPECT_THAT(order_.TakeHeads(9), ElementsAre(4, 5));
  EXPECT_EQ(Next(), std::nullopt);
  EXPECT_THAT(order_.TakeHeads(9), IsEmpty()) << "each is asked for once";
}

TEST_F(KeyOrderTest, HeadsAreHandedOutAsThereIsRoom) {
  order_.Arrive(kKey, 1);
  for (const EventId id : {2, 3, 4, 5}) order_.ComeBack(kKey, id);
  order_.Park(kKey, 1);
  order_.ComeBack(kKey, 1);
  End(1);
  Next();
  EXPECT_THAT(order_.TakeHeads(1), ElementsAre(2));
  EXPECT_THAT(order_.TakeHeads(9), ElementsAre(3));
}

TEST_F(KeyOrderTest, WhatIsExpectedHoldsUpWhatComesBehind) {
  order_.ComeBack(kKey, 5);
  order_.ComeBack(kKey, 7);
  EXPECT_THAT(order_.Expect(kKey, 6).heads, ElementsAre(7));
  End(5);
  EXPECT_EQ(Next(), std::nullopt);
  EXPECT_EQ(order_.ComeBack(kKey, 6).place, Place::kRun);
}

TEST_F(KeyOrderTest, AMissingHeadHoldsUpNothing) {
  order_.Arrive(kKey, 1);
  order_.Park(kKey, 1);
  Block();
  EXPECT_THAT(order_.LeaveMissing({1, 99}), ElementsAre(kKey));
  Next();
  EXPECT_EQ(order_.TakeLoad(), kKey);
}

TEST_F(KeyOrderTest, ADeadOneHoldsUpWhatIsFreshUntilItIsResolved) {
  order_.Arrive(kKey, 1);
  order_.Arrive(kKey, 2);
  EXPECT_THAT(order_.Die(kKey, 1).waiting, ElementsAre(2));
  Block();
  EXPECT_TRUE(order_.is_dead(kKey));
  EXPECT_EQ(order_.Arrive(kKey, 3), Place::kStore);
  EXPECT_EQ(Next(), std::nullopt);
  order_.Resolve(kKey, [](EventId id) { return id != 1; });
  EXPECT_TRUE(order_.is_dead(kKey));
  order_.Resolve(kKey, [](EventId id) { return id == 1; });
  Next();
  EXPECT_EQ(order_.TakeLoad(), kKey);
}

TEST_F(KeyOrderTest, ADeadOneDoesNotHoldUpWhatAPersonPutsBack) {
  order_.Arrive(kKey, 1);
  order_.Die(kKey, 1);
  EXPECT_EQ(order_.ComeBack(kKey, 9).place, Place::kRun);
  End(9);
  EXPECT_TRUE(order_.is_dead(kKey));
}

TEST_F(KeyOrderTest, TheDeadOneThatComesBackBlocksNoMore) {
  order_.Arrive(kKey, 1);
  order_.Die(kKey, 1);
  order_.ComeBack(kKey, 1);
  EXPECT_FALSE(order_.is_dead(kKey));
}

TEST_F(KeyOrderTest, BlockedOnesAreReadWhenAllOfThemAreDurable) {
  order_.Arrive(kKey, 1);
  order_.AddBlocked(kKey, false);
  End(1);
  EXPECT_EQ(Next(), std::nullopt);
  EXPECT_EQ(order_.TakeLoad(), std::nullopt) << "it could be missed";
  order_.BlockedIsDurable(kKey);
  Next();
  EXPECT_EQ(order_.TakeLoad(), kKey);
  Next();
  EXPECT_EQ(order_.TakeLoad(), std::nullopt) << "once";
}

TEST_F(KeyOrderTest, BlockedOnesAreReadPageByPage) {
  order_.Arrive(kKey, 1);
  for (int i = 0; i < 3; ++i) Block();
  End(1);
  Next();
  order_.TakeLoad();
  order_.Loaded(kKey, {2, 3}, true);
  EXPECT_EQ(Next(), 2);
  End(2);
  EXPECT_EQ(Next(), 3);
  End(3);
  Next();
  EXPECT_EQ(order_.TakeLoad(), kKey);
}

TEST_F(KeyOrderTest, WhatIsBlockedWhileOthersAreReadIsReadNext) {
  order_.Arrive(kKey, 1);
  Block();
  End(1);
  Next();
  order_.TakeLoad();
  EXPECT_EQ(order_.Arrive(kKey, 3), Place::kStore);
  Block();
  order_.Loaded(kKey, {2}, false);
  EXPECT_EQ(Next(), 2);
  End(2);
  Next();
  EXPECT_EQ(order_.TakeLoad(), kKey);
}

TEST_F(KeyOrderTest, RowsThatSomebodyRemovedAreNotWaitedFor) {
  order_.Arrive(kKey, 1);
  for (int i = 0; i < 3; ++i) Block();
  End(1);
  Next();
  order_.TakeLoad();
  order_.Loaded(kKey, {}, false);
  EXPECT_EQ(Next(), std::nullopt);
  EXPECT_EQ(order_.size(), 0u);
}

TEST_F(KeyOrderTest, OneThatLeavesIsNowhereAnyMore) {
  order_.Arrive(kKey, 1);
  order_.Arrive(kKey, 2);
  order_.ComeBack(kKey, 9);
  End(2);
  End(9);
  End(1);
  EXPECT_EQ(Next(), std::nullopt);
  EXPECT_EQ(order_.size(), 0u);
}

TEST_F(KeyOrderTest, ARestoredKeyWaitsForItsHeads) {
  order_.Restore({kKey, 2, {4, 7}, {}}, false);
  order_.EndRestore();
  EXPECT_EQ(order_.TakeLoad(), std::nullopt);
  EXPECT_EQ(order_.ComeBack(kKey, 7).place, Place::kStore);
  EXPECT_EQ(order_.ComeBack(kKey, 4).place, Place::kRun);
  End(4);
  Next();
  EXPECT_THAT(order_.TakeHeads(9), ElementsAre(7));
}

TEST_F(KeyOrderTest, ARestoredKeyWithoutHeadsReadsWhatIsBlocked) {
  order_.Restore({kKey, 2, {}, {3}}, false);
  order_.EndRestore();
  EXPECT_EQ(order_.TakeLoad(), kKey);
}

TEST_F(KeyOrderTest, ARestoredDeadLetterBlocksOnlyWhereItShall) {
  order_.Restore({kKey, 2, {}, {3}}, true);
  order_.EndRestore();
  EXPECT_EQ(order_.TakeLoad(), std::nullopt);
  EXPECT_TRUE(order_.is_dead(kKey));
}

TEST_F(KeyOrderTest, WhatIsInFlightOverrulesItsRow) {
  order_.Restore({kKey, 0, {4}, {}}, false);
  order_.RestoreActive(kKey, 4);
  order_.EndRestore();
  EXPECT_FALSE(order_.is_held_up(kKey));
  EXPECT_EQ(order_.Arrive(kKey, 5), Place::kWait);
}

}  // namespace
}  // namespace postrider
