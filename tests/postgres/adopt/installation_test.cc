#include "postgres/adopt/adopt_fixture.h"

namespace postrider::test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr char kOther[] = "zzzzzzz9";

/// A relay whose file names another installation than the database's.
class InstallationTest : public AdoptTest {
 protected:
  std::string KeyOf(EventId event) const {
    return partner_.Of(event).at(0).Header("Idempotency-Key").value_or("");
  }
  std::string Name() { return shop_.Ask("SELECT name FROM outbox.installation"); }
};

TEST_F(InstallationTest, ResumeSendsWhatIsPendingUnderTheConfiguredName) {
  LeavePending(ConfigOf());
  const ShopConfig config = ConfigOf(shop_.Conninfo(), kOther);
  RelayProcess& relay = StartUnreadyRelay(config);
  const Adoption adoption = Adopt("resume", config);
  EXPECT_EQ(adoption.exit_code, 0) << adoption.err;
  EXPECT_THAT(adoption.out, HasSubstr("2 deliveries"));
  ASSERT_TRUE(BecomesReady(relay));
  EXPECT_TRUE(Arrive({scheduled_, unseen_}));
  EXPECT_THAT(KeyOf(unseen_), StartsWith(kOther));
  EXPECT_EQ(shop_.Ask("SELECT concat_ws(' ', kind, filter ->> 'mode', note, matched) FROM "
                      "outbox.operations"),
            "adopt resume test 2");
}

TEST_F(InstallationTest, DeadMakesDeadLettersOfWhatIsPending) {
  LeavePending(ConfigOf());
  const ShopConfig config = ConfigOf(shop_.Conninfo(), kOther);
  RelayProcess& relay = StartUnreadyRelay(config);
  EXPECT_EQ(Adopt("dead", config).exit_code, 0);
  ASSERT_TRUE(BecomesReady(relay));
  EXPECT_TRUE(Becomes(scheduled_, "cj", "dead"));
  EXPECT_TRUE(Becomes(unseen_, "cj", "dead"));
  EXPECT_EQ(shop_.State(delivered_, "cj"), "delivered");
  EXPECT_EQ(shop_.Ask("SELECT string_agg(reason || payload, ' ' ORDER BY event_id) FROM "
                      "outbox.dead_letters"),
            R"(restored{"n": 2} restored{"n": 3})");
  const EventId next = shop_.Insert({});
  EXPECT_TRUE(Arrive({next}));
  shop_.Ask("SELECT * FROM outbox.replay_dead(reason => 'restored')");
  EXPECT_TRUE(Arrive({next, scheduled_, unseen_}));
}

TEST_F(InstallationTest, NewDiscardsWhatIsPendingAndBeginsNewKeys) {
  LeavePending(ConfigOf());
  const std::string former = Name();
  const ShopConfig config = ConfigOf(shop_.Conninfo(), kOther);
  RelayProcess& relay = StartUnreadyRelay(config);
  EXPECT_EQ(Adopt("new", config).exit_code, 0);
  ASSERT_TRUE(BecomesReady(relay));
  EXPECT_EQ(Name(), kOther);
  EXPECT_TRUE(Becomes(scheduled_, "cj", "discarded"));
  EXPECT_TRUE(Becomes(unseen_, "cj", "discarded"));
  const EventId next = shop_.Insert({});
  EXPECT_TRUE(Arrive({next}));
  EXPECT_THAT(KeyOf(next), StartsWith(kOther));
  EXPECT_THAT(KeyOf(delivered_), StartsWith(former));
}

TEST_F(InstallationTest, NewIsForClonesThatCannotBeRecognisedToo) {
  LeavePending(ConfigOf());
  const std::string former = Name();
  const Adoption adoption = Adopt("new", ConfigOf());
  EXPECT_EQ(adoption.exit_code, 0) << adoption.err;
  EXPECT_NE(Name(), former);
  EXPECT_THAT(adoption.out, HasSubstr("installation " + Name()));
  StartReadyRelay(ConfigOf());
  const EventId next = shop_.Insert({});
  EXPECT_TRUE(Arrive({next}));
}

TEST_F(InstallationTest, ARelayThatServesLosesItsLanesAndStartsAnew) {
  RelayProcess& relay = StartReadyRelay(ConfigOf());
  const EventId before = shop_.Insert({});
  ASSERT_TRUE(Arrive({before}));
  EXPECT_EQ(Adopt("new", ConfigOf()).exit_code, 0);
  const EventId after = shop_.Insert({});
  ASSERT_TRUE(Arrive({before, after}));
  ASSERT_TRUE(Eventually([&] { return relay.Log("lane_taken").size() == 4; }));
  const EventId last = shop_.Insert({});
  ASSERT_TRUE(Arrive({before, after, last}));
  EXPECT_THAT(KeyOf(last), StartsWith(Name()));
}

TEST_F(InstallationTest, NothingIsChangedWithoutConsent) {
  LeavePending(ConfigOf());
  const Adoption looked = Adopt("dead", ConfigOf(), "--dry-run");
  EXPECT_EQ(looked.exit_code, 0);
  EXPECT_THAT(looked.out, HasSubstr("2 deliveries"));
  EXPECT_THAT(shop_.Ask("SELECT kind FROM outbox.operations"), IsEmpty());
  EXPECT_EQ(shop_.Count("outbox.backlog"), 1);
}

}  // namespace
}  // namespace postrider::test
