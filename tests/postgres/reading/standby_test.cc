#include "postrider/postgres/conninfo.h"
#include "reading_fixture.h"
#include "support/standby_pair.h"

namespace postrider::test {
namespace {

class StandbyTest : private StandbyPair, public ReadingTest {
 protected:
  StandbyTest() : ReadingTest(StandbyPair::primary()) {}

  std::string StandbyConninfo() { return standby().Conninfo(database_.name()); }

  using StandbyPair::CatchUp;
  using StandbyPair::standby;
};

TEST_F(StandbyTest, AStandbyIsRefusedAndHasNoCanaryWhenItIsPromoted) {
  Producer producer(database_.Conninfo());
  const EventId id = producer.Insert();
  ASSERT_FALSE(log_.Start().head.canary.empty());
  CatchUp();
  {
    Connection session(StandbyConninfo());
    try {
      PostgresEventLog(session).Start();
      FAIL() << "its snapshots prove nothing";
    } catch (const DatabaseFault& fault) {
      EXPECT_TRUE(fault.connection_lost()) << "the connection is thrown away with the poll";
      EXPECT_THAT(fault.what(), testing::HasSubstr("standby"));
    }
    EXPECT_THROW(PostgresEventLog(session).Poll({}), DatabaseFault);
  }
  DatabaseSettings settings;
  settings.url = StandbyConninfo();
  EXPECT_THROW(Connection(MakeConninfo(settings, {}, "test")), DatabaseFault)
      << "only a writable server is used";

  Connection(StandbyConninfo()).Execute("test", "SELECT pg_promote()");
  Connection session(StandbyConninfo());
  PostgresEventLog log(session);
  EXPECT_EQ(log.Start().head.canary, "");
  EXPECT_EQ(log.Start().max_visible_id, id);
  log.EnsureCanary();
  EXPECT_EQ(log.Start().head.canary.size(), 36u);
}

}  // namespace
}  // namespace postrider::test
