#include "relay/commit_watch.h"

#include <gtest/gtest.h>

namespace postrider {
namespace {

using Clock = CommitWatch::Clock;

constexpr milliseconds kLong{3600 * 1000};

Snapshot At(Xid xmax) {
  return Snapshot::FromText(std::to_string(xmax) + ":" + std::to_string(xmax) + ":");
}

/// A look that finds nothing to do.
bool Looks(Lookout& lookout) {
  if (!lookout.Due()) return false;
  lookout.Looked();
  return true;
}

TEST(CommitWatchTest, TheFirstLookIsDueAndTheNextOnlyAfterACommit) {
  CommitWatch commits;
  Lookout lookout(commits, kLong);
  commits.Saw(At(10), Clock::now());
  EXPECT_TRUE(Looks(lookout));
  commits.Saw(At(10), Clock::now());
  EXPECT_FALSE(Looks(lookout));
  commits.Saw(At(11), Clock::now());
  EXPECT_TRUE(Looks(lookout));
  EXPECT_FALSE(Looks(lookout));
}

TEST(CommitWatchTest, AnEndedTransactionBelowTheHighestIsACommit) {
  CommitWatch commits;
  Lookout lookout(commits, kLong);
  commits.Saw(Snapshot::FromText("8:10:8,9"), Clock::now());
  EXPECT_TRUE(Looks(lookout));
  commits.Saw(Snapshot::FromText("9:10:9"), Clock::now());
  EXPECT_TRUE(Looks(lookout));
}

TEST(CommitWatchTest, ALookThatFailedIsMadeAgain) {
  CommitWatch commits;
  Lookout lookout(commits, kLong);
  commits.Saw(At(10), Clock::now());
  EXPECT_TRUE(lookout.Due());
  EXPECT_TRUE(lookout.Due());
  lookout.Looked();
  EXPECT_FALSE(lookout.Due());
}

TEST(CommitWatchTest, WhatIsCommittedDuringALookIsFoundByTheNext) {
  CommitWatch commits;
  Lookout lookout(commits, kLong);
  commits.Saw(At(10), Clock::now());
  ASSERT_TRUE(lookout.Due());
  commits.Saw(At(11), Clock::now());
  lookout.Looked();
  EXPECT_TRUE(lookout.Due());
}

TEST(CommitWatchTest, AnOldPollSaysNothing) {
  CommitWatch commits;
  Lookout lookout(commits, kLong);
  commits.Saw(At(10), Clock::now() - seconds(2));
  EXPECT_TRUE(Looks(lookout));
  EXPECT_TRUE(Looks(lookout));
  commits.Saw(At(10), Clock::now());
  EXPECT_FALSE(Looks(lookout));
}

TEST(CommitWatchTest, AnotherHistoryIsAChangeEvenWhereItLooksTheSame) {
  CommitWatch commits;
  Lookout lookout(commits, kLong);
  commits.Saw(At(10), Clock::now());
  EXPECT_TRUE(Looks(lookout));
  commits.Forget();
  commits.Saw(At(10), Clock::now());
  EXPECT_TRUE(Looks(lookout));
}

TEST(CommitWatchTest, WhatChangesByTheClockIsLookedAtInAnyCase) {
  CommitWatch commits;
  Lookout lookout(commits, milliseconds(0));
  commits.Saw(At(10), Clock::now());
  EXPECT_TRUE(Looks(lookout));
  EXPECT_TRUE(Looks(lookout));
}

}  // namespace
}  // namespace postrider
