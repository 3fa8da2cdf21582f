#include <algorithm>
#include <random>

#include "reading_fixture.h"

namespace postrider::test {
namespace {

/// The one predicate of what a lane takes exists in SQL and in C++.
class FilterPropertyTest : public ReadingTest {
 protected:
  static constexpr int kRows = 600;

  FilterPropertyTest() {
    if (const char* seed = getenv("POSTRIDER_SEED")) seed_ = std::stoull(seed);
    random_.seed(seed_);
    InsertRows();
    ReadEverything();
  }

  template <typename T>
  const T& OneOf(const std::vector<T>& choices) {
    return choices[random_() % choices.size()];
  }
  bool Chance(unsigned one_in) { return random_() % one_in == 0; }

  void InsertRows() {
    std::string rows;
    for (int i = 0; i < kRows; ++i) {
      if (i > 0) rows += ", ";
      rows += "('" + OneOf(topics_) + "', ";
      rows += Chance(3) ? "NULL" : "'key-" + std::to_string(random_() % 40) + "'";
      rows += Chance(5) ? ", 1" : ", NULL";
      rows += Chance(6) ? ", " + std::to_string(1 + random_() % 3) + ")" : ", NULL)";
    }
    admin_.Execute(
        "test",
        "INSERT INTO outbox.event (topic, key, duplicate_of, destination_id) VALUES " + rows);
  }

  void ReadEverything() {
    all_ = ReadWith(Filter());
    for (const DestinationId destination : {2, 3}) {
      LaneFilter filter = Filter();
      filter.lane.destination = filter.subscription.destination = destination;
      for (EventRef& event : ReadWith(filter)) all_.push_back(std::move(event));
    }
    std::sort(all_.begin(), all_.end(), [](auto& a, auto& b) { return a->id() < b->id(); });
    all_.erase(
        std::unique(all_.begin(), all_.end(), [](auto& a, auto& b) { return a->id() == b->id(); }),
        all_.end());
  }

  std::vector<EventRef> ReadWith(const LaneFilter& filter) {
    StepRequest request;
    request.filter = filter;
    request.target = log_.Start().head.snapshot;
    request.from.snapshot = request.target;
    request.up_to = kRows;
    request.limit = kRows;
    return log_.ReadStep(request).events;
  }

  Subscription RandomSubscription(DestinationId destination) {
    Subscription subscription;
    subscription.destination = destination;
    subscription.shards = static_cast<int>(1 + random_() % 4);
    for (std::size_t n = random_() % 4; n > 0; --n) {
      const EventId since = Chance(2) ? 0 : static_cast<EventId>(random_() % kRows);
      subscription.topics.push_back({OneOf(patterns_), since});
    }
    return subscription;
  }

  LaneFilter RandomFilter() {
    LaneFilter filter;
    if (Chance(4)) {
      filter.lane = {kUnrouted, 0};
      for (DestinationId id = 1; id <= 3; ++id) filter.others.push_back(RandomSubscription(id));
      for (std::size_t n = random_() % 3; n > 0; --n) {
        filter.ignored_topics.push_back(OneOf(patterns_));
      }
      return filter;
    }
    const auto destination = static_cast<DestinationId>(1 + random_() % 3);
    filter.subscription = RandomSubscription(destination);
    const auto shards = static_cast<unsigned>(filter.subscription.shards);
    filter.lane = {destination, static_cast<std::int16_t>(random_() % shards)};
    return filter;
  }

  std::uint64_t seed_ = std::random_device{}();
  std::mt19937_64 random_;
  std::vector<EventRef> all_;
  const std::vector<std::string> topics_{"a",   "a.b", "a.b.c", "a.",  "ab",   "a.b.",
                                         "a:b", "a_b", "a/b",   "A.b", "a-b",  "a.b.cc",
                                         "b",   "b.a", "a..b",  "0",   "a.b_c"};
  const std::vector<std::string> patterns_{"*",     "a",   "a.*", "a.b.*", "a.b", "a..*",   "b.*",
                                           "a_b.*", "a_b", "A.*", "0",     "x",   "a.b.c.*"};
};

TEST_F(FilterPropertyTest, TheDatabaseTakesWhatTheRelayTakes) {
  SCOPED_TRACE("POSTRIDER_SEED=" + std::to_string(seed_));
  const auto read = Number(admin_, "SELECT count(*) FROM outbox.event WHERE duplicate_of IS NULL");
  ASSERT_EQ(static_cast<std::int64_t>(all_.size()), read);
  std::size_t taken = 0;
  for (int round = 0; round < 300; ++round) {
    const LaneFilter filter = RandomFilter();
    std::vector<EventId> expected;
    for (const EventRef& event : all_) {
      if (filter.Takes(*event)) expected.push_back(event->id());
    }
    ASSERT_EQ(Ids(ReadWith(filter)), expected) << "round " << round;
    taken += expected.size();
  }
  EXPECT_GT(taken, 1000u);
}

TEST_F(FilterPropertyTest, ShardsShareOutEveryEventOnce) {
  LaneFilter filter = Filter();
  filter.subscription.shards = 5;
  std::vector<EventId> together;
  for (std::int16_t shard = 0; shard < 5; ++shard) {
    filter.lane.shard = shard;
    for (const EventId id : Ids(ReadWith(filter))) together.push_back(id);
  }
  std::sort(together.begin(), together.end());
  EXPECT_EQ(together, Ids(ReadWith(Filter())));
}

TEST_F(FilterPropertyTest, ThePollLeavesOutDuplicatesAlone) {
  TailRequest request;
  request.from.snapshot = log_.Start().head.snapshot;
  request.limit = kRows;
  EXPECT_EQ(Ids(log_.Poll(request).fresh), Ids(all_));
}

}  // namespace
}  // namespace postrider::test
