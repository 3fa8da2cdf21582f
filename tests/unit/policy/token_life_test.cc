#include "postrider/policy/token_life.h"

#include <gtest/gtest.h>

#include "moments.h"

namespace postrider {
namespace {

/// A life in which a token came at After(0) that ends after `life`.
TokenLife Fetched(microseconds life) {
  TokenLife token;
  token.Begin();
  token.OnToken(After(life), After(seconds(0)));
  return token;
}

TEST(TokenLifeTest, IsFetchedAtOnceWhenThereIsNone) {
  const TokenLife token;
  EXPECT_FALSE(token.Usable(After(seconds(0))));
  EXPECT_TRUE(token.WantsFetch(After(seconds(0))));
}

TEST(TokenLifeTest, IsFetchedOnceAtATime) {
  TokenLife token;
  token.Begin();
  EXPECT_FALSE(token.WantsFetch(After(seconds(0))));
  EXPECT_EQ(token.NextChange(After(seconds(0))), kNever);
}

TEST(TokenLifeTest, IsRenewedAfterFourFifthsOfItsLifeAndUsedMeanwhile) {
  TokenLife token = Fetched(seconds(100));
  EXPECT_FALSE(token.WantsFetch(After(milliseconds(79999))));
  EXPECT_TRUE(token.WantsFetch(After(seconds(80))));
  token.Begin();
  EXPECT_TRUE(token.Usable(After(seconds(99))));
  EXPECT_FALSE(token.Usable(After(seconds(100))));
}

TEST(TokenLifeTest, ALongLivedOneIsRenewedFiveMinutesBeforeItsEnd) {
  const TokenLife token = Fetched(seconds(86400));
  EXPECT_FALSE(token.WantsFetch(After(seconds(86400 - 301))));
  EXPECT_TRUE(token.WantsFetch(After(seconds(86400 - 300))));
}

TEST(TokenLifeTest, OneThatIsBornOldIsNotFetchedInALoop) {
  const TokenLife token = Fetched(seconds(0));
  EXPECT_FALSE(token.Usable(After(seconds(0))));
  EXPECT_FALSE(token.WantsFetch(After(milliseconds(999))));
  EXPECT_TRUE(token.WantsFetch(After(seconds(1))));
}

TEST(TokenLifeTest, WaitsTwiceAsLongAfterEachFailureUpToAMinute) {
  TokenLife token;
  Timestamp now = After(seconds(0));
  for (const int pause : {1, 2, 4, 8, 16, 32, 60, 60}) {
    token.Begin();
    token.OnFailed(now);
    EXPECT_EQ(token.NextChange(now), now + seconds(pause));
    EXPECT_FALSE(token.WantsFetch(now + seconds(pause) - microseconds(1)));
    now += seconds(pause);
    EXPECT_TRUE(token.WantsFetch(now));
  }
}

TEST(TokenLifeTest, AFailedRenewalLeavesTheOldOneInUse) {
  TokenLife token = Fetched(seconds(100));
  token.Begin();
  token.OnFailed(After(seconds(81)));
  EXPECT_TRUE(token.Usable(After(seconds(82))));
  EXPECT_EQ(token.failures(), 1);
}

TEST(TokenLifeTest, ARejectedOneIsUsedNoMoreAndFetchedAnew) {
  TokenLife token = Fetched(seconds(1000));
  token.OnRejected(token.fetched_at(), After(seconds(400)));
  EXPECT_FALSE(token.Usable(After(seconds(400))));
  EXPECT_TRUE(token.WantsFetch(After(seconds(400))));
}

TEST(TokenLifeTest, APartnerThatRejectsEveryTokenGetsOneCallInThirtySeconds) {
  TokenLife token = Fetched(seconds(1000));
  token.OnRejected(token.fetched_at(), After(seconds(2)));
  EXPECT_FALSE(token.WantsFetch(After(milliseconds(29999))));
  EXPECT_TRUE(token.WantsFetch(After(seconds(30))));
}

TEST(TokenLifeTest, ALateRejectionDoesNotTouchTheRenewedOne) {
  TokenLife token = Fetched(seconds(100));
  const Timestamp old = token.fetched_at();
  token.Begin();
  token.OnToken(After(seconds(200)), After(seconds(80)));
  token.OnRejected(old, After(seconds(81)));
  EXPECT_TRUE(token.Usable(After(seconds(81))));
}

}  // namespace
}  // namespace postrider
