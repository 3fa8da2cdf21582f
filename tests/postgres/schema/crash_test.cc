#include "schema_fixture.h"

namespace postrider::test {
namespace {

/// What a relay's recovery relies on: a crash leaves committed events and takes the canary.
class CrashTest : public testing::Test {
 protected:
  CrashTest() : database_(server_) {
    Connection session(database_.Conninfo());
    session.Execute("test",
                    "INSERT INTO outbox.canary (id) VALUES (gen_random_uuid()); "
                    "INSERT INTO outbox.event (topic) VALUES ('t')");
  }

  std::string EventsAndCanaries() {
    Connection session(database_.Conninfo());
    return All(session,
               "SELECT (SELECT count(*) FROM outbox.event) AS events, "
               "(SELECT count(*) FROM outbox.canary) AS canaries");
  }

  PostgresServer server_;
  TestDatabase database_;
};

TEST_F(CrashTest, ACrashTakesTheCanaryAndNoEvent) {
  server_.Kill();
  EXPECT_FALSE(server_.running());
  EXPECT_THROW(Connection(database_.Conninfo()), DatabaseFault);
  server_.Start();
  EXPECT_EQ(EventsAndCanaries(), "1|0");
}

TEST_F(CrashTest, ARestartInGoodOrderKeepsBoth) {
  server_.Restart();
  EXPECT_EQ(EventsAndCanaries(), "1|1");
}

}  // namespace
}  // namespace postrider::test
