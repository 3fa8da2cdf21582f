#include <thread>

#include "settling_fixture.h"

namespace postrider::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

DestinationSettings Wanting(const std::string& name, std::vector<std::string> topics,
                            int shards = 1) {
  DestinationSettings settings;
  settings.name = name;
  settings.topics = std::move(topics);
  settings.shards = shards;
  return settings;
}

/// Registrations. The fixture's destination `d` belongs to the relay `ours`.
class RegistrationTest : public SettlingTest {
 protected:
  Subscription Registered(const std::string& name) {
    for (const auto& destination : roster_.ReadDestinations()) {
      if (destination.subscription.name == name) return destination.subscription;
    }
    ADD_FAILURE() << name << " is not registered";
    return {};
  }
  std::string Closed(const std::string& name) {
    return Ask(
        "SELECT string_agg(closed_up_to::text, ' ' ORDER BY shard) FROM outbox.lane l JOIN "
        "outbox.destination d ON d.id = destination_id WHERE d.name = '" +
        name + "'");
  }
  void Close(const std::string& name, int shard, EventId high) {
    admin_.Execute("test", "UPDATE outbox.lane l SET closed_up_to = " + std::to_string(high) +
                               " FROM outbox.destination d WHERE d.id = l.destination_id AND "
                               "d.name = '" +
                               name + "' AND shard = " + std::to_string(shard));
  }
};

TEST_F(RegistrationTest, StartsAtTheNewestEventOrTheOldest) {
  const EventId newest = NewEvent()->id();
  auto beginning = Wanting("old", {"a", "b.*"});
  beginning.start = StartAt::kBeginning;
  EXPECT_THAT(roster_.Register({Wanting("new", {"a"}), beginning}, "r"), IsEmpty());
  EXPECT_THAT(Registered("new").topics, ElementsAre(TopicSince{"a", newest}));
  EXPECT_EQ(Closed("new"), std::to_string(newest));
  EXPECT_THAT(Registered("old").topics, ElementsAre(TopicSince{"a", 0}, TopicSince{"b.*", 0}));
  EXPECT_EQ(Closed("old"), "0");
  EXPECT_EQ(Registered("old").version, 1);
}

TEST_F(RegistrationTest, TheSameFileRegistersNothing) {
  roster_.Register({Wanting("x", {"a"})}, "r");
  NewEvent();
  roster_.Register({Wanting("x", {"a"})}, "r");
  roster_.Register({Wanting("x", {"a"})}, "another");
  EXPECT_EQ(Registered("x").version, 1);
}

TEST_F(RegistrationTest, EachPatternHasItsOwnBeginning) {
  roster_.Register({Wanting("x", {"a"})}, "r");
  const EventId later = NewEvent()->id();
  roster_.Register({Wanting("x", {"new", "a"})}, "r");
  EXPECT_THAT(Registered("x").topics, ElementsAre(TopicSince{"new", later}, TopicSince{"a", 0}));
  EXPECT_EQ(Registered("x").version, 2);
}

TEST_F(RegistrationTest, ANewVersionTakesTheFencesAndTheLowestPlace) {
  roster_.Register({Wanting("x", {"a"}, 2)}, "r");
  const DestinationId id = Registered("x").destination;
  const auto lanes = roster_.TakeLanes(relay_, {{id, 0}, {id, 1}});
  ASSERT_THAT(lanes, SizeIs(2));
  Close("x", 0, 90);
  Close("x", 1, 70);
  roster_.Register({Wanting("x", {"a"}, 3)}, "r");
  EXPECT_EQ(Closed("x"), "70 70 70");
  EXPECT_EQ(Ask("SELECT count(*) FROM outbox.fence WHERE owner IS NULL AND epoch >= 0 AND "
                "destination_id = " +
                std::to_string(id)),
            "3");
  Settlement settlement = Dead(NewEvent());
  settlement.lane = {id, 1};
  settlement.epoch = lanes.at({id, 1});
  EXPECT_EQ(Record({settlement}).refused, 1) << "who owned a lane owns it no more";
}

TEST_F(RegistrationTest, WhatATopicThatIsTakenAwayLeftUnsentIsInTheBacklog) {
  roster_.Register({Wanting("x", {"order.*", "other"})}, "r");
  const auto insert = [&](const std::string& topic) {
    return Ask("INSERT INTO outbox.event (topic, key, payload) VALUES ('" + topic +
               "', 'k', '{}') RETURNING id");
  };
  const std::string settled = insert("order.paid");
  const std::string unsent = insert("order.paid");
  const std::string kept = insert("other");
  admin_.Execute(
      "test",
      "INSERT INTO outbox.outcome (event_id, destination_id, bucket, state, finished_at) "
      "SELECT e.id, d.id, e.bucket, 1, now() FROM outbox.event e, outbox.destination d "
      "WHERE d.name = 'x' AND e.id = " +
          settled);
  roster_.Register({Wanting("x", {"order.shipped", "other"})}, "r");
  EXPECT_EQ(Ask("SELECT string_agg(b.event_id::text, ' ') FROM outbox.backlog b JOIN "
                "outbox.destination d ON d.id = b.destination_id WHERE d.name = 'x'"),
            unsent)
      << "settled: " << settled << ", still taken from the log: " << kept;
}

TEST_F(RegistrationTest, AnOldProcessDoesNotTakeANewerVersionBack) {
  EXPECT_THAT(roster_.Register({Wanting("x", {"a"})}, "first"), IsEmpty());
  EXPECT_THAT(roster_.Register({Wanting("x", {"a", "b"})}, "second"), IsEmpty());
  EXPECT_THAT(roster_.Register({Wanting("x", {"a"})}, "first"), ElementsAre("x"));
  EXPECT_EQ(Registered("x").version, 2);
  EXPECT_THAT(Registered("x").topics, SizeIs(2));
  EXPECT_THAT(roster_.Register({Wanting("x", {"c"})}, "first"), IsEmpty())
      << "a file that changed again counts";
  EXPECT_EQ(Registered("x").version, 3);
}

TEST_F(RegistrationTest, WhatLeftTheFileIsRetiredAndComesBack) {
  const auto retired = [&](const std::string& name) {
    return Ask("SELECT retired_at IS NOT NULL FROM outbox.destination WHERE name = '" + name + "'");
  };
  roster_.Register({Wanting("x", {"a"}), Wanting("y", {"a"})}, "r");
  roster_.Register({Wanting("y", {"a"})}, "r");
  EXPECT_EQ(retired("x"), "t");
  EXPECT_EQ(retired("y"), "f");
  EXPECT_EQ(retired("d"), "f") << "another relay's";
  EXPECT_TRUE(roster_.ReadDestinations().at(1).retired);
  roster_.Register({Wanting("x", {"a"}), Wanting("y", {"a"})}, "r");
  EXPECT_EQ(retired("x"), "f");
  EXPECT_EQ(Registered("x").version, 1);
}

TEST_F(RegistrationTest, StrangePatternsAndNamesSurvive) {
  const std::vector<std::string> topics{"a,b", "q\"q", "back\\slash", "NULL", "it's", "{}"};
  roster_.Register({Wanting("x", topics)}, "relay's \"name\"");
  const Subscription subscription = Registered("x");
  ASSERT_EQ(subscription.topics.size(), topics.size());
  for (std::size_t i = 0; i < topics.size(); ++i) {
    EXPECT_EQ(subscription.topics[i].pattern, topics[i]);
  }
}

TEST_F(RegistrationTest, PausedUntilIsOverWhenTheTimeHasCome) {
  const auto pause = [&](const std::string& until) {
    admin_.Execute("test", "UPDATE outbox.destination SET paused_at = now(), paused_until = " +
                               until + " WHERE name = 'd'");
    return roster_.ReadDestinations().at(0).paused;
  };
  EXPECT_TRUE(pause("NULL"));
  EXPECT_TRUE(pause("now() + interval '1h'"));
  EXPECT_FALSE(pause("now() - interval '1s'"));
}

TEST_F(RegistrationTest, ReadsWhatARelayMustKnow) {
  const EventId id = NewEvent()->id();
  const InstallationRecord record = roster_.ReadInstallation();
  EXPECT_EQ(record.name.size(), 8u);
  EXPECT_GT(record.schema_version, 0);
  EXPECT_FALSE(record.moved);
  EXPECT_EQ(record.sequence_cache, 1);
  EXPECT_EQ(record.last_value, id);
  admin_.Execute("test", "ALTER SEQUENCE outbox.event_id_seq CACHE 20");
  admin_.Execute("test", "UPDATE outbox.installation SET system_identifier = 1");
  Close("d", 0, 4711);
  EXPECT_EQ(roster_.ReadInstallation().sequence_cache, 20);
  EXPECT_EQ(roster_.ReadInstallation().highest_known, 4711);
  EXPECT_TRUE(roster_.ReadInstallation().moved);
}

TEST_F(RegistrationTest, RegisteringTogetherMakesOneVersion) {
  const auto register_it = [&](const std::string& relay) {
    Connection session(database_.Conninfo());
    PostgresRoster(session, milliseconds(20'000)).Register({Wanting("x", {"a"}, 4)}, relay);
  };
  std::jthread other([&] { register_it("one"); });
  register_it("two");
  other.join();
  EXPECT_EQ(Registered("x").version, 1);
  EXPECT_EQ(Closed("x"), "0 0 0 0");
}

}  // namespace
}  // namespace postrider::test
