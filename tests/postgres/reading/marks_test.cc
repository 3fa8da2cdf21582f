#include "postrider/engine/catch_up.h"
#include "postrider/engine/tail_reader.h"
#include "reading_fixture.h"

namespace postrider::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// One lane at the head, and a keeper who assigns xids by hand.
class MarksTest : public ReadingTest {
 protected:
  MarksTest() : reader_(log_, 100) {
    reader_.Turn(rounds_);
    Feed feed(Filter(), port_);
    feed.FallOff(reader_.place()->position, std::nullopt);
    reader_.Join(std::move(feed));
    reader_.Turn(rounds_);
  }

  void AssignXid() {
    ++rounds_.begun;
    rounds_.xid = PostgresRoster(admin_, milliseconds(5000)).AssignXid();
    ++rounds_.finished;
  }
  void Turn() { reader_.Turn(rounds_); }

  MarkRounds rounds_;
  RecordingPort port_;
  TailReader reader_;
  Producer early_{database_.Conninfo()};
  Producer other_{database_.Conninfo()};
};

TEST_F(MarksTest, ClosesWhatWasTakenOnceAnXidWasAssignedAfterwards) {
  const EventId id = other_.Insert();
  Turn();
  Turn();
  EXPECT_THAT(port_.judged, IsEmpty()) << "no xid was assigned after the place was copied";
  AssignXid();
  Turn();
  ASSERT_TRUE(port_.pending);
  EXPECT_EQ(port_.pending->high, id);
  EXPECT_EQ(port_.pending->xid, rounds_.xid);
  Turn();
  EXPECT_THAT(port_.judged, ElementsAre(id));
}

TEST_F(MarksTest, AnXidOfARoundBegunBeforeTheCopyDoesNotServe) {
  ++rounds_.begun;
  const Xid xid = PostgresRoster(admin_, milliseconds(5000)).AssignXid();
  // While that round is under way a row gets a higher xid and an id that the copy includes.
  early_.Begin();
  const EventId hidden = early_.Insert();
  other_.Insert();
  Turn();
  Turn();
  ASSERT_GE(reader_.place()->position.high, hidden);
  rounds_.xid = xid;
  ++rounds_.finished;
  Turn();
  Turn();
  EXPECT_FALSE(port_.pending);
  EXPECT_THAT(port_.judged, IsEmpty());
  early_.Commit();
}

TEST_F(MarksTest, WaitsForEveryTransactionBelowTheXid) {
  early_.Begin();
  const EventId straggler = early_.Insert();
  const EventId high = other_.Insert();
  Turn();
  Turn();  // a place counts from the poll after it
  AssignXid();
  for (int i = 0; i < 5; ++i) Turn();
  ASSERT_TRUE(port_.pending);
  EXPECT_EQ(port_.pending->high, high);
  EXPECT_THAT(port_.judged, IsEmpty()) << "a row with a lower id can still appear";
  early_.Commit();
  Turn();
  EXPECT_THAT(port_.taken, ElementsAre(high, straggler));
  EXPECT_THAT(port_.judged, ElementsAre(high));
}

TEST_F(MarksTest, ALongTransactionWithoutEventsHoldsTheMarkAndNotTheDelivery) {
  early_.Begin();
  early_.Run("SELECT pg_current_xact_id()");
  const EventId id = other_.Insert();
  Turn();
  Turn();  // a place counts from the poll after it
  AssignXid();
  Turn();
  const EventId later = other_.Insert();
  Turn();
  EXPECT_THAT(port_.taken, ElementsAre(id, later));
  EXPECT_THAT(port_.judged, IsEmpty());
  early_.Rollback();
  Turn();
  EXPECT_THAT(port_.judged, ElementsAre(id));
}

TEST_F(MarksTest, ATransactionYoungerThanTheMarkDoesNotHoldIt) {
  const EventId id = other_.Insert();
  Turn();
  Turn();  // a place counts from the poll after it
  AssignXid();
  Turn();
  early_.Begin();
  early_.Insert();
  Turn();
  EXPECT_THAT(port_.judged, ElementsAre(id));
  early_.Rollback();
}

TEST_F(MarksTest, ClosesOnlyWhatIsSettled) {
  port_.hold = true;
  const EventId id = other_.Insert();
  Turn();
  Turn();  // a place counts from the poll after it
  AssignXid();
  Turn();
  Turn();
  EXPECT_THAT(port_.judged, ElementsAre(id)) << "each mark is put to the lane once";
  EXPECT_EQ(port_.closed, 0);
  EXPECT_TRUE(port_.pending);
  port_.Settle();
  Turn();
  EXPECT_EQ(port_.closed, id);
  EXPECT_FALSE(port_.pending);
}

TEST_F(MarksTest, ASavedMarkServesTheNextReader) {
  // A database with one long transaction and a relay that restarts would never close otherwise.
  early_.Begin();
  early_.Run("SELECT pg_current_xact_id()");
  const EventId id = other_.Insert();
  Turn();
  Turn();  // a place counts from the poll after it
  AssignXid();
  Turn();
  ASSERT_TRUE(port_.pending);
  admin_.Execute("test", "UPDATE outbox.lane SET (mark_high, mark_xid, mark_canary) = (" +
                             std::to_string(port_.pending->high) + ", '" +
                             std::to_string(port_.pending->xid) +
                             "', (SELECT id FROM outbox.canary)) WHERE destination_id = 1");
  early_.Rollback();

  RecordingPort port;
  CatchUp catch_up(log_, {});
  Feed feed(Filter(), port);
  feed.BeginRecovery(1, false);
  catch_up.Add(std::move(feed));
  for (int i = 0; i < 8; ++i) {
    Turn();
    catch_up.Turn(*reader_.place(), {}, "c");  // no round of this keeper has ended yet
  }
  EXPECT_THAT(port.judged, ElementsAre(id));
}

TEST_F(MarksTest, ASavedMarkOfAnotherHistoryIsForgotten) {
  admin_.Execute("test",
                 "UPDATE outbox.lane SET (mark_high, mark_xid, mark_canary) = (5, '1', "
                 "gen_random_uuid()) WHERE destination_id = 1");
  EXPECT_FALSE(log_.ReadLane({1, 0}).mark);
}

TEST_F(MarksTest, ALaneWithoutARowIsAFault) { EXPECT_THROW(log_.ReadLane({99, 0}), DatabaseFault); }

TEST_F(MarksTest, NothingIsClosedOverAnIdSetByHand) {
  other_.Run("INSERT INTO outbox.event (id, topic) OVERRIDING SYSTEM VALUE VALUES (1000, 't')");
  const EventId before = other_.Insert();
  Turn();
  EXPECT_THAT(port_.taken, ElementsAre(before, 1000));
  Turn();
  Turn();  // a place counts from the poll after it
  AssignXid();
  for (int i = 0; i < 3; ++i) Turn();
  EXPECT_THAT(port_.judged, ElementsAre(before)) << "not over the id that was set by hand";
}

}  // namespace
}  // namespace postrider::test
