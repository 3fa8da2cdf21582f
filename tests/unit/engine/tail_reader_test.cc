#include "postrider/engine/tail_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/engine/fake_log.h"

namespace postrider::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class TailReaderTest : public testing::Test {
 protected:
  /// A feed that stands where the tail stands.
  Feed At(LanePort& port, LaneFilter filter = Everything()) {
    Feed feed(std::move(filter), port);
    feed.FallOff(reader_.place()->position, std::nullopt);
    return feed;
  }
  void JoinNow(LanePort& port, LaneFilter filter = Everything()) {
    reader_.Join(At(port, std::move(filter)));
    reader_.Turn(rounds_);
  }

  FakeLog log_;
  MarkRounds rounds_;
  TailReader reader_{log_, 4};
  FakePort port_;
};

TEST_F(TailReaderTest, GivesEachLaneWhatItTakes) {
  reader_.Turn(rounds_);
  FakePort other;
  LaneFilter narrow = Everything(2);
  narrow.subscription.topics = {{"other.*", 0}};
  JoinNow(port_);
  JoinNow(other, narrow);
  log_.Commit(1);
  const TailTurn turn = reader_.Turn(rounds_);
  EXPECT_EQ(turn.events, 1);
  EXPECT_THAT(port_.taken, ElementsAre(1));
  EXPECT_THAT(other.taken, IsEmpty());
}

TEST_F(TailReaderTest, ALaneWithoutRoomForAllTakesNothingAndFallsOff) {
  reader_.Turn(rounds_);
  JoinNow(port_);
  port_.room.events = 1;
  const Position before = reader_.place()->position;
  log_.Commit(1);
  log_.Commit(2);
  const TailTurn turn = reader_.Turn(rounds_);
  EXPECT_THAT(port_.taken, IsEmpty());
  ASSERT_THAT(turn.off_tail, SizeIs(1));
  EXPECT_EQ(turn.off_tail[0].position(), before) << "where it stood";
  EXPECT_EQ(reader_.place()->position.high, 2) << "the tail goes on without it";
}

TEST_F(TailReaderTest, BytesAreRoomToo) {
  reader_.Turn(rounds_);
  JoinNow(port_);
  port_.room.bytes = 5;
  auto event = NewEvent(1);
  event->identity.xid = log_.head.snapshot.xmax;
  event->body = "123456";
  log_.Commit(1);
  log_.rows[1] = event;
  EXPECT_THAT(reader_.Turn(rounds_).off_tail, SizeIs(1));
}

TEST_F(TailReaderTest, JoiningReadsTheLastStretchOnce) {
  reader_.Turn(rounds_);
  Feed feed = At(port_);
  FakePort ahead;
  JoinNow(ahead);
  log_.Commit(1);
  reader_.Turn(rounds_);
  reader_.Join(std::move(feed));
  log_.Commit(2);
  reader_.Turn(rounds_);
  EXPECT_THAT(port_.taken, ElementsAre(1, 2)) << "from where it stood";
  EXPECT_THAT(ahead.taken, ElementsAre(1, 2)) << "what it had already is not given again";
}

TEST_F(TailReaderTest, ALaneThatCannotJoinIsGivenBack) {
  reader_.Turn(rounds_);
  Feed feed = At(port_);
  log_.Commit(1);
  port_.room.events = 0;
  reader_.Join(std::move(feed));
  const TailTurn turn = reader_.Turn(rounds_);
  ASSERT_THAT(turn.off_tail, SizeIs(1));
  EXPECT_TRUE(turn.off_tail[0].join_refused());
  EXPECT_THAT(port_.taken, IsEmpty());
}

TEST_F(TailReaderTest, AFullPageFromBehindTheTailIsNoWayToJoin) {
  reader_.Turn(rounds_);
  Feed feed = At(port_);
  for (EventId id = 1; id <= 4; ++id) log_.Commit(id);
  reader_.Join(std::move(feed));
  EXPECT_THAT(reader_.Turn(rounds_).off_tail, SizeIs(1));
  EXPECT_THAT(port_.taken, IsEmpty());
}

TEST_F(TailReaderTest, NobodyJoinsBetweenLatePages) {
  reader_.Turn(rounds_);
  JoinNow(port_);
  const Xid bulk = log_.Begin();
  for (EventId id = 1; id <= 6; ++id) log_.InsertBy(bulk, id);
  log_.Commit(7);
  reader_.Turn(rounds_);
  log_.End(bulk);
  reader_.Turn(rounds_);
  FakePort other;
  reader_.Join(At(other));
  reader_.Turn(rounds_);
  EXPECT_THAT(other.taken, IsEmpty());
  EXPECT_THAT(port_.taken, ElementsAre(7, 1, 2, 3, 4, 5, 6));
}

TEST_F(TailReaderTest, ALaneThatFallsOffBetweenLatePagesKnowsWhatIsLeft) {
  reader_.Turn(rounds_);
  JoinNow(port_);
  const Xid bulk = log_.Begin();
  for (EventId id = 1; id <= 6; ++id) log_.InsertBy(bulk, id);
  log_.Commit(7);
  reader_.Turn(rounds_);
  log_.End(bulk);
  reader_.Turn(rounds_);
  port_.room.events = 0;
  const TailTurn turn = reader_.Turn(rounds_);
  ASSERT_THAT(turn.off_tail, SizeIs(1));
  EXPECT_TRUE(turn.off_tail[0].step()->late);
  EXPECT_EQ(turn.off_tail[0].step()->after, 4);
}

TEST_F(TailReaderTest, AMissingCanaryIsAnotherHistory) {
  reader_.Turn(rounds_);
  JoinNow(port_);
  log_.head.canary = "";
  log_.Commit(1);
  const TailTurn turn = reader_.Turn(rounds_);
  EXPECT_TRUE(turn.history_changed);
  EXPECT_THAT(turn.off_tail, SizeIs(1));
  EXPECT_THAT(port_.taken, IsEmpty()) << "what it brought means nothing";
}

TEST_F(TailReaderTest, ARestartOfTheServerIsAnotherHistory) {
  reader_.Turn(rounds_);
  JoinNow(port_);
  log_.head.started_at = "later";
  EXPECT_TRUE(reader_.Turn(rounds_).history_changed);
}

TEST_F(TailReaderTest, ASequenceThatWentBackIsNoticed) {
  reader_.Turn(rounds_);
  JoinNow(port_);
  log_.Commit(9);
  reader_.Turn(rounds_);
  log_.head.last_value = 3;
  EXPECT_TRUE(reader_.Turn(rounds_).sequence_went_back);
}

TEST_F(TailReaderTest, AbandoningGivesEverybodyBack) {
  reader_.Turn(rounds_);
  JoinNow(port_);
  FakePort other;
  reader_.Join(At(other));
  EXPECT_THAT(reader_.Abandon(), SizeIs(2));
}

TEST_F(TailReaderTest, MarksAreJudgedFromWhatWasGivenOutBeforeTheRoundsWereLookedAt) {
  reader_.Turn(rounds_);
  JoinNow(port_);
  log_.Commit(1);
  reader_.Turn(rounds_);
  reader_.Turn(rounds_);  // the place 1 is copied
  rounds_ = {1, 1, log_.head.snapshot.xmax};
  ++log_.head.snapshot.xmax;
  log_.head.snapshot.xmin = log_.head.snapshot.xmax;
  reader_.Turn(rounds_);
  EXPECT_THAT(port_.judged, ElementsAre(1));
}

}  // namespace
}  // namespace postrider::test
