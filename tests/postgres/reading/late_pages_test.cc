#include "reading_fixture.h"

namespace postrider::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// A bulk transaction that commits with more late rows than fit a page.
class LatePagesTest : public ReadingTest {
 protected:
  static constexpr int kPage = 10;

  /// Gives the bulk load low ids and lets the follower pass them.
  void PassTheBulkLoad(Follower& follower, int rows) {
    bulk_.Begin();
    bulk_ids_ = bulk_.InsertMany(rows);
    const EventId high = other_.Insert();
    EXPECT_THAT(follower.Poll(kPage), ElementsAre(high));
  }

  std::vector<EventId> BulkIds(std::size_t from, std::size_t to) const {
    return {bulk_ids_.begin() + static_cast<std::ptrdiff_t>(from),
            bulk_ids_.begin() + static_cast<std::ptrdiff_t>(to)};
  }

  Producer bulk_{database_.Conninfo()};
  Producer other_{database_.Conninfo()};
  std::vector<EventId> bulk_ids_;
};

TEST_F(LatePagesTest, ReadsTheSetPageByPageAndThenWhatCameMeanwhile) {
  Follower follower(log_);
  PassTheBulkLoad(follower, 25);
  const Position before = follower.tail().position();
  bulk_.Commit();
  const EventId fresh_before = other_.Insert();

  EXPECT_EQ(follower.Poll(kPage), BulkIds(0, 10));
  EXPECT_TRUE(follower.tail().reading_late());
  EXPECT_EQ(follower.tail().position(), before) << "neither place nor snapshot move";
  const EventId fresh_between = other_.Insert();
  EXPECT_EQ(follower.Poll(kPage), BulkIds(10, 20));
  EXPECT_EQ(follower.tail().position(), before);
  EXPECT_EQ(follower.Poll(kPage), BulkIds(20, 25));
  EXPECT_FALSE(follower.tail().reading_late());
  EXPECT_EQ(follower.tail().position().high, before.high) << "a jump here lost rows";
  EXPECT_THAT(follower.Poll(kPage), ElementsAre(fresh_before, fresh_between));
  EXPECT_THAT(follower.Poll(kPage), IsEmpty());
}

TEST_F(LatePagesTest, ALateRowThatAppearsMeanwhileIsReadAfterwards) {
  Follower follower(log_);
  Producer straggler(database_.Conninfo());
  straggler.Begin();
  const EventId lowest = straggler.Insert();
  PassTheBulkLoad(follower, 25);
  bulk_.Commit();
  EXPECT_EQ(follower.Poll(kPage), BulkIds(0, 10));
  // Its id lies below the pages already read: only the fixed set keeps it from being skipped.
  straggler.Commit();
  EXPECT_EQ(follower.Poll(kPage), BulkIds(10, 20));
  EXPECT_EQ(follower.Poll(kPage), BulkIds(20, 25));
  EXPECT_THAT(follower.Poll(kPage), ElementsAre(lowest));
}

TEST_F(LatePagesTest, ExactlyOnePageNeedsNoSet) {
  Follower follower(log_);
  PassTheBulkLoad(follower, kPage);
  bulk_.Commit();
  const EventId fresh = other_.Insert();
  auto expected = bulk_ids_;
  expected.push_back(fresh);
  EXPECT_EQ(follower.Poll(kPage), expected);
  EXPECT_FALSE(follower.tail().reading_late());
}

TEST_F(LatePagesTest, SeveralTransactionsShareTheSet) {
  Follower follower(log_);
  Producer second(database_.Conninfo());
  bulk_.Begin();
  second.Begin();
  std::vector<EventId> all;
  for (int i = 0; i < 12; ++i) {
    all.push_back(bulk_.Insert());
    all.push_back(second.Insert());
  }
  other_.Insert();
  follower.Poll(kPage);
  second.Commit();
  bulk_.Commit();
  std::vector<EventId> got;
  for (int poll = 0; poll < 3; ++poll) {
    for (const EventId id : follower.Poll(kPage)) got.push_back(id);
  }
  EXPECT_EQ(got, all) << "in the order of their ids";
}

}  // namespace
}  // namespace postrider::test
