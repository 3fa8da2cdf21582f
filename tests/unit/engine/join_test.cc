#include <gtest/gtest.h>

#include <memory>

#include "postrider/engine/catch_up.h"
#include "postrider/engine/tail_reader.h"

namespace postrider {
namespace {

constexpr int kPage = 10;

EventRef MakeEvent(EventId id) {
  auto event = std::make_shared<Event>();
  event->identity.id = id;
  event->identity.xid = static_cast<Xid>(id);
  event->topic = "t";
  return event;
}

/// A log of one transaction for each id; everything below `committed` is visible.
class GrowingLog : public EventLog {
 public:
  EventId committed = 1;

  TailStart Start() override { return {Head(), committed}; }

  TailPage Poll(const TailRequest& request) override {
    TailPage page;
    page.head = Head();
    for (EventId id = request.from.high + 1; id <= committed && !page.more_fresh; ++id) {
      page.fresh.push_back(MakeEvent(id));
      page.more_fresh = std::ssize(page.fresh) == request.limit;
    }
    return page;
  }

  StepPage ReadStep(const StepRequest& request) override {
    StepPage page;
    for (EventId id = request.after + 1; !request.late && id <= request.up_to; ++id) {
      if (std::ssize(page.events) == request.limit) return {page.events, true};
      page.events.push_back(MakeEvent(id));
    }
    return page;
  }

  std::optional<EventId> NextId(EventId after) override { return after + 1; }
  SavedLane ReadLane(LaneId /*lane*/) override { return {}; }

 private:
  LogHead Head() const {
    LogHead head;
    head.snapshot.xmin = head.snapshot.xmax = static_cast<Xid>(committed + 1);
    head.last_value = committed;
    head.started_at = "then";
    head.canary = "canary";
    return head;
  }
};

class RoomyLane : public LanePort {
 public:
  EventId last = 0;

  LaneRoom Room() const override { return {1'000'000, 1'000'000}; }
  void Reset(std::uint64_t /*era*/) override {}
  bool WasReset(std::uint64_t /*era*/) const override { return true; }
  void SetClosed(EventId /*high*/) override {}
  void Take(std::vector<EventRef> events, const std::string& /*canary*/) override {
    EXPECT_EQ(events.front()->id(), last + 1);
    last = events.back()->id();
  }
  void Recovered(std::uint64_t /*era*/) override {}
  void Judge(EventId /*high*/) override {}
  EventId ClosedUpTo() const override { return 0; }
  void SetPendingMark(std::optional<Mark> /*mark*/) override {}
};

/// A lane at the head of the log, and one that wants to join it.
class JoinTest : public testing::Test {
 protected:
  static Feed FeedOf(DestinationId destination, RoomyLane& lane, const TailPlace& place) {
    LaneFilter filter;
    filter.lane = {destination, 0};
    filter.subscription.destination = destination;
    filter.subscription.topics = {{"*", 0}};
    Feed feed(filter, lane);
    feed.FallOff(place.position, std::nullopt);
    lane.last = place.position.high;
    return feed;
  }

  /// A poll, and the reading of what is off the tail, which is the faster of the two.
  void Turn() {
    for (Feed& feed : catch_up_.TakeNear(*tail_.place())) tail_.Join(std::move(feed));
    for (Feed& feed : tail_.Turn({}).off_tail) catch_up_.Add(std::move(feed));
    while (catch_up_.Turn(*tail_.place(), {}, "canary")) continue;
  }

  GrowingLog log_;
  TailReader tail_{log_, kPage};
  CatchUp catch_up_{log_, {.page = kPage, .scan = 10 * kPage, .near = 5 * kPage}};
  RoomyLane at_head_;
  RoomyLane joining_;
};

TEST_F(JoinTest, ALaneThatCannotJoinDoesNotHoldTheTailInPlace) {
  tail_.Turn({});
  tail_.Join(FeedOf(1, at_head_, *tail_.place()));
  Turn();
  catch_up_.Add(FeedOf(2, joining_, *tail_.place()));
  log_.committed = 200 * kPage;  // every page is full for long
  int turns = 0;
  while (at_head_.last < log_.committed && ++turns < 1000) Turn();
  EXPECT_EQ(at_head_.last, log_.committed);
}

TEST_F(JoinTest, ALaneThatWasRefusedJoinsOnceThePagesAreNotFull) {
  tail_.Turn({});
  catch_up_.Add(FeedOf(2, joining_, *tail_.place()));
  log_.committed = 20 * kPage;
  for (int turn = 0; turn < 100; ++turn) Turn();
  EXPECT_EQ(joining_.last, log_.committed);
  EXPECT_TRUE(catch_up_.empty());
}

}  // namespace
}  // namespace postrider
