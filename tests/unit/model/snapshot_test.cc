#include "postrider/model/snapshot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

namespace postrider {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(SnapshotTest, ReadsWhatPostgresPrints) {
  const Snapshot snapshot = Snapshot::FromText("10:20:10,14,15");
  EXPECT_EQ(snapshot.xmin, 10u);
  EXPECT_EQ(snapshot.xmax, 20u);
  EXPECT_THAT(snapshot.in_progress, ElementsAre(10, 14, 15));
}

TEST(SnapshotTest, ReadsAnEmptyList) {
  EXPECT_THAT(Snapshot::FromText("20:20:").in_progress, IsEmpty());
}

TEST(SnapshotTest, PrintsWhatItRead) {
  for (const char* text : {"10:20:10,14,15", "20:20:", "7:9:7", "1:18446744073709551615:"}) {
    EXPECT_EQ(Snapshot::FromText(text).ToText(), text);
  }
}

TEST(SnapshotTest, RefusesWhatIsNoSnapshotAndQuotesIt) {
  for (const char* text : {"", "10", "10:20", "10-20-", "a:b:", "10:20:x", "10:20:14,", "10:20:14;15",
                           "20:10:", "10:20:15,14", "10:20:14,14", " 10:20:"}) {
    EXPECT_THROW(Snapshot::FromText(text), std::invalid_argument) << text;
  }
  try {
    Snapshot::FromText("nonsense");
  } catch (const std::invalid_argument& error) {
    EXPECT_THAT(error.what(), HasSubstr("'nonsense'"));
  }
}

TEST(SnapshotTest, TakesXidsBelowXminForFinished) {
  EXPECT_TRUE(Snapshot::FromText("10:20:10").Finished(9));
}

TEST(SnapshotTest, TakesXidsFromXmaxOnForUnfinished) {
  EXPECT_FALSE(Snapshot::FromText("10:20:10").Finished(20));
  EXPECT_FALSE(Snapshot::FromText("10:20:10").Finished(21));
}

TEST(SnapshotTest, TakesXidsBetweenForFinishedUnlessListed) {
  const Snapshot snapshot = Snapshot::FromText("10:20:10,14");
  EXPECT_FALSE(snapshot.Finished(10));
  EXPECT_TRUE(snapshot.Finished(11));
  EXPECT_FALSE(snapshot.Finished(14));
  EXPECT_TRUE(snapshot.Finished(19));
}

}  // namespace
}  // namespace postrider
