#include "postrider/engine/tail_reader.h"
#include "reading_fixture.h"

namespace postrider::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class PollTest : public ReadingTest {
 protected:
  Producer early_{database_.Conninfo()};
  Producer other_{database_.Conninfo()};
};

TEST_F(PollTest, StartsBehindEverythingVisible) {
  const EventId first = early_.Insert();
  Follower follower(log_);
  EXPECT_EQ(follower.tail().position().high, first);
  EXPECT_THAT(follower.Poll(), IsEmpty());
}

TEST_F(PollTest, TakesARowThatWasInProgressInTheLastSnapshot) {
  early_.Begin();
  const EventId low = early_.Insert();
  const EventId high = other_.Insert();
  Follower follower(log_);
  ASSERT_EQ(follower.tail().position().high, high);
  EXPECT_THAT(follower.Poll(), IsEmpty());
  early_.Commit();
  EXPECT_THAT(follower.Poll(), ElementsAre(low));
  EXPECT_THAT(follower.Poll(), IsEmpty());
}

TEST_F(PollTest, TakesALateRowOfAnXidAtOrAboveXmax) {
  // Nothing has completed since its xid was given, so no snapshot lists it as in progress.
  early_.Begin();
  const EventId low = early_.Insert();
  const auto xid = static_cast<Xid>(early_.Ask("SELECT pg_current_xact_id()"));
  Follower follower(log_);
  EXPECT_THAT(follower.Poll(), IsEmpty());
  ASSERT_GE(follower.tail().position().high, low) << "the place was not carried over the id";
  ASSERT_LE(follower.tail().position().snapshot.xmax, xid);
  ASSERT_THAT(follower.tail().position().snapshot.in_progress, IsEmpty());
  early_.Commit();
  EXPECT_THAT(follower.Poll(), ElementsAre(low));
}

TEST_F(PollTest, FollowsAStragglerThroughManyPolls) {
  Follower follower(log_);
  early_.Begin();
  const EventId straggler = early_.Insert();
  for (int i = 0; i < 20; ++i) {
    const EventId id = other_.Insert();
    EXPECT_THAT(follower.Poll(), ElementsAre(id));
  }
  early_.Commit();
  const EventId last = other_.Insert();
  EXPECT_THAT(follower.Poll(), ElementsAre(straggler, last)) << "late ones first";
  EXPECT_THAT(follower.Poll(), IsEmpty());
}

TEST_F(PollTest, AfterQuietPollsWhatComesIsFound) {
  Follower follower(log_);
  early_.Begin();
  const EventId low = early_.Insert();
  for (int i = 0; i < 3; ++i) EXPECT_THAT(follower.Poll(), IsEmpty());
  const EventId high = other_.Insert();
  EXPECT_THAT(follower.Poll(), ElementsAre(high));
  for (int i = 0; i < 3; ++i) EXPECT_THAT(follower.Poll(), IsEmpty());
  early_.Commit();
  EXPECT_THAT(follower.Poll(), ElementsAre(low));
}

TEST_F(PollTest, APollFromFartherBehindIsNotTakenForAQuietOne) {
  const EventId first = early_.Insert();
  Follower follower(log_);
  for (int i = 0; i < 3; ++i) EXPECT_THAT(follower.Poll(), IsEmpty());
  TailRequest behind;
  behind.from = {first - 1, follower.tail().position().snapshot};
  EXPECT_THAT(Ids(log_.Poll(behind).fresh), ElementsAre(first)) << "a lane that joins";
}

TEST_F(PollTest, TakesNothingThatWasRolledBack) {
  Follower follower(log_);
  early_.Begin();
  early_.Insert();
  const EventId kept = other_.Insert();
  EXPECT_THAT(follower.Poll(), ElementsAre(kept));
  early_.Rollback();
  EXPECT_THAT(follower.Poll(), IsEmpty());
}

TEST_F(PollTest, JumpsOverRolledBackIdsOnlyAfterOnePoll) {
  Follower follower(log_);
  const EventId start = follower.tail().position().high;
  early_.Begin();
  const EventId gone = early_.InsertMany(100).back();
  early_.Rollback();
  follower.Poll();
  EXPECT_EQ(follower.tail().position().high, start) << "the sequence of this very poll proves less";
  follower.Poll();
  EXPECT_EQ(follower.tail().position().high, gone);
  EXPECT_THAT(follower.Poll(), IsEmpty());
}

TEST_F(PollTest, ARowBehindTheJumpIsLate) {
  Follower follower(log_);
  early_.Begin();
  const EventId hidden = early_.Insert();
  follower.Poll();
  follower.Poll();
  ASSERT_GE(follower.tail().position().high, hidden);
  early_.Commit();
  EXPECT_THAT(follower.Poll(), ElementsAre(hidden));
}

TEST_F(PollTest, AFullPageDoesNotJump) {
  Follower follower(log_);
  const auto ids = early_.InsertMany(10);
  follower.Poll(4);
  EXPECT_EQ(follower.tail().position().high, ids[3]);
  follower.Poll(4);
  EXPECT_EQ(follower.tail().position().high, ids[7]);
  EXPECT_THAT(follower.Poll(4), ElementsAre(ids[8], ids[9]));
}

TEST_F(PollTest, SavepointsCountWithTheirTransaction) {
  Follower follower(log_);
  early_.Begin();
  early_.Run("SAVEPOINT a");
  const EventId kept = early_.Insert();
  early_.Run("SAVEPOINT b");
  early_.Insert();
  early_.Run("ROLLBACK TO SAVEPOINT b; RELEASE SAVEPOINT a");
  const EventId high = other_.Insert();
  EXPECT_THAT(follower.Poll(), ElementsAre(high));
  early_.Commit();
  EXPECT_THAT(follower.Poll(), ElementsAre(kept));
  EXPECT_THAT(follower.Poll(), IsEmpty());
}

TEST_F(PollTest, PreparedTransactionsAreLateUntilTheyAreDecided) {
  Follower follower(log_);
  early_.Begin();
  const EventId kept = early_.Insert();
  early_.Run("PREPARE TRANSACTION 'kept'");
  early_.Begin();
  early_.Insert();
  early_.Run("PREPARE TRANSACTION 'dropped'");
  const EventId high = other_.Insert();
  EXPECT_THAT(follower.Poll(), ElementsAre(high));
  other_.Run("COMMIT PREPARED 'kept'");
  other_.Run("ROLLBACK PREPARED 'dropped'");
  EXPECT_THAT(follower.Poll(), ElementsAre(kept));
}

TEST_F(PollTest, TellsTheStateOfTheServer) {
  const EventId id = early_.Insert();
  const LogHead head = log_.Start().head;
  EXPECT_EQ(head.last_value, id);
  EXPECT_FALSE(head.in_recovery);
  EXPECT_EQ(head.canary.size(), 36u);
  EXPECT_FALSE(head.started_at.empty());
}

TEST_F(PollTest, AnUnusedSequenceHasGivenNothingOut) { EXPECT_EQ(log_.Start().head.last_value, 0); }

TEST_F(PollTest, ASequenceThatGoesBackIsNoticed) {
  TailReader reader(log_, 100);
  early_.InsertMany(5);
  EXPECT_FALSE(reader.Turn({}).sequence_went_back);
  early_.Run("SELECT setval('outbox.event_id_seq', 2)");
  EXPECT_TRUE(reader.Turn({}).sequence_went_back);
}

}  // namespace
}  // namespace postrider::test
