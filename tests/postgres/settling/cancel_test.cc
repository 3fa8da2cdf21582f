#include "postrider/postgres/postgres_backlog_store.h"
#include "settling_fixture.h"

namespace postrider::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

/// Requests to cancel: how a relay reads them, and how they are answered.
class CancelTest : public SettlingTest {
 protected:
  CancelTest() : store_connection_(database_.Conninfo()), store_(store_connection_) {
    store_.ReadCancels(true);
  }

  static std::string Cancel(const EventRef& event) {
    return "SELECT result FROM outbox.cancel(" + std::to_string(event->id()) + ")";
  }
  /// Asks for it, and is told that it was.
  void Request(const EventRef& event) { ASSERT_EQ(Ask(Cancel(event)), "requested"); }
  Settlement Answered(Settlement settlement) const {
    settlement.answers_cancel = true;
    return settlement;
  }
  std::vector<EventId> Ids(bool all) {
    std::vector<EventId> ids;
    for (const CancelRequest& request : store_.ReadCancels(all)) ids.push_back(request.event->id());
    return ids;
  }
  std::string Result(const EventRef& event) {
    return Ask("SELECT result FROM outbox.cancellation WHERE event_id = " +
               std::to_string(event->id()));
  }

  Connection store_connection_;
  PostgresBacklogStore store_;
};

TEST_F(CancelTest, ARequestIsReadOnceWithItsEvent) {
  const EventRef event = NewEvent("k");
  Request(event);
  const auto requests = store_.ReadCancels(false);
  ASSERT_THAT(requests, SizeIs(1));
  EXPECT_EQ(requests[0].destination, lane_.destination);
  EXPECT_EQ(requests[0].event->identity, event->identity);
  EXPECT_EQ(requests[0].event->key, event->key);
  EXPECT_EQ(requests[0].event->slot, event->slot);
  EXPECT_EQ(*requests[0].canary, *canary_);
  EXPECT_FALSE(requests[0].ended);
  EXPECT_THAT(Ids(false), IsEmpty());
}

TEST_F(CancelTest, AllThatAreUndecidedAreReadAgainWhenAsked) {
  const EventRef decided = NewEvent(), open = NewEvent();
  Request(decided);
  Request(open);
  Record({Answered(Ended(decided, OutcomeState::kCancelled))});
  EXPECT_THAT(Ids(true), ElementsAre(open->id()));
  EXPECT_THAT(Ids(false), IsEmpty());
}

TEST_F(CancelTest, ARequestOfALongTransactionIsFoundWhenItCommits) {
  const EventRef slow = NewEvent(), quick = NewEvent();
  Connection operator_session(database_.Conninfo());
  operator_session.Execute("test", "BEGIN");
  operator_session.Execute("test", Cancel(slow));
  Request(quick);
  EXPECT_THAT(Ids(false), ElementsAre(quick->id()));
  operator_session.Execute("test", "COMMIT");
  EXPECT_THAT(Ids(false), ElementsAre(slow->id()));
}

TEST_F(CancelTest, ARequestForWhatHasEndedMeanwhileSaysSo) {
  const EventRef event = NewEvent();
  Request(event);
  Record({Delivered(event)});
  const auto requests = store_.ReadCancels(false);
  ASSERT_THAT(requests, SizeIs(1));
  EXPECT_TRUE(requests[0].ended);
}

TEST_F(CancelTest, ACopyThatOutlivedItsBucketCanBeCancelled) {
  const EventRef event = NewEvent();
  Record({Dead(event)});
  Ask("SELECT outbox.replay_dead(destination => 'd')");
  Request(event);
  admin_.Execute("test", "TRUNCATE outbox.event");
  const auto requests = store_.ReadCancels(false);
  ASSERT_THAT(requests, SizeIs(1));
  EXPECT_EQ(requests[0].event->identity, event->identity);
}

TEST_F(CancelTest, CancellingRemovesWhatWaitsAndAnswersTheRequest) {
  const EventRef event = NewEvent();
  Record({Parked(event)});
  Request(event);
  Record({Answered(Ended(event, OutcomeState::kCancelled))});
  EXPECT_EQ(Result(event), "cancelled");
  EXPECT_EQ(State(event), "4");
  EXPECT_EQ(Count("outbox.backlog"), "0");
  EXPECT_EQ(Ask("SELECT decided_at IS NOT NULL FROM outbox.cancellation"), "t");
}

TEST_F(CancelTest, WhatIsInFlightIsAnsweredSo) {
  const EventRef event = NewEvent();
  Request(event);
  Record({Answered(Of(event))});
  EXPECT_EQ(Result(event), "in_flight");
  EXPECT_EQ(State(event), "");
}

TEST_F(CancelTest, WhatHasEndedIsAnsweredWithItsEnd) {
  const EventRef before = NewEvent(), meanwhile = NewEvent();
  Request(before);
  Request(meanwhile);
  Record({Delivered(before), Delivered(meanwhile)});
  Record({Answered(Of(before)), Answered(Ended(meanwhile, OutcomeState::kCancelled))});
  EXPECT_EQ(Result(before), "delivered");
  EXPECT_EQ(Result(meanwhile), "delivered");
  EXPECT_EQ(State(meanwhile), "1");
}

TEST_F(CancelTest, WhatWasInFlightCanBeAskedForAgain) {
  const EventRef event = NewEvent();
  Request(event);
  Record({Answered(Of(event)), Parked(NewEvent())});
  Ids(false);
  Request(event);
  EXPECT_EQ(Result(event), "requested");
  EXPECT_THAT(Ids(false), ElementsAre(event->id()));
}

TEST_F(CancelTest, WithoutTheFenceNothingIsDecided) {
  const EventRef event = NewEvent();
  Request(event);
  LoseTheLane();
  Record({Answered(Ended(event, OutcomeState::kCancelled))});
  EXPECT_EQ(Result(event), "requested");
  EXPECT_EQ(State(event), "");
}

}  // namespace
}  // namespace postrider::test
