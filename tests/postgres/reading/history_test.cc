#include "postrider/engine/tail_reader.h"
#include "reading_fixture.h"

namespace postrider::test {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

/// A server that may crash.
struct OwnServer {
  PostgresServer server;
};

class HistoryTest : private OwnServer, public ReadingTest {
 protected:
  HistoryTest() : ReadingTest(OwnServer::server) {}

  PostgresServer& server() { return OwnServer::server; }
  std::string Canary(Connection& connection) {
    const Rows rows = connection.Execute("test", "SELECT id FROM outbox.canary");
    return rows.empty() ? "" : std::string(rows.Text(0, 0));
  }
  /// A reader with one lane at the head.
  void Join(TailReader& reader, RecordingPort& port) {
    reader.Turn({});
    Feed feed(Filter(), port);
    feed.FallOff(reader.place()->position, std::nullopt);
    reader.Join(std::move(feed));
    reader.Turn({});
  }
};

TEST_F(HistoryTest, ACanaryIsPutWhereThereIsNoneAndNeverReplaced) {
  const std::string first = Canary(admin_);
  ASSERT_THAT(first, SizeIs(36));
  log_.EnsureCanary();
  EXPECT_EQ(Canary(admin_), first);
  PostgresEventLog(admin_).EnsureCanary();
  EXPECT_EQ(Canary(admin_), first);
}

TEST_F(HistoryTest, AnotherCanaryIsAnotherHistory) {
  TailReader reader(log_, 100);
  RecordingPort port;
  Join(reader, port);
  EXPECT_FALSE(reader.Turn({}).history_changed);
  admin_.Execute("test", "UPDATE outbox.canary SET id = gen_random_uuid()");
  Producer(database_.Conninfo()).Insert();
  const TailTurn turn = reader.Turn({});
  EXPECT_TRUE(turn.history_changed);
  EXPECT_THAT(turn.off_tail, SizeIs(1)) << "every lane recovers";
  EXPECT_THAT(port.taken, IsEmpty()) << "nothing of that poll is handed out";
}

TEST_F(HistoryTest, ACrashBehindAPoolerIsNoticedByTheReader) {
  // The reader's session is replaced without its knowledge, as a pooler does.
  auto session = std::make_unique<Connection>(database_.Conninfo());
  struct Pooled : EventLog {
    explicit Pooled(std::unique_ptr<Connection>& connection) : to(connection) {}
    TailStart Start() override { return PostgresEventLog(*to).Start(); }
    TailPage Poll(const TailRequest& r) override { return PostgresEventLog(*to).Poll(r); }
    StepPage ReadStep(const StepRequest& r) override { return PostgresEventLog(*to).ReadStep(r); }
    std::optional<EventId> NextId(EventId id) override { return PostgresEventLog(*to).NextId(id); }
    SavedLane ReadLane(LaneId lane) override { return PostgresEventLog(*to).ReadLane(lane); }
    std::unique_ptr<Connection>& to;
  } pooled(session);
  TailReader reader(pooled, 100);
  RecordingPort port;
  Join(reader, port);

  server().Kill();
  EXPECT_THROW(reader.Turn({}), DatabaseFault);
  server().Start();
  session = std::make_unique<Connection>(database_.Conninfo());
  EXPECT_EQ(Canary(*session), "");
  TailTurn turn = reader.Turn({});
  EXPECT_TRUE(turn.history_changed);
  EXPECT_THAT(turn.off_tail, SizeIs(1));
  PostgresEventLog(*session).EnsureCanary();
  EXPECT_TRUE(reader.Turn({}).history_changed) << "from none to a new one is a change, too";
  EXPECT_FALSE(reader.Turn({}).history_changed);
}

TEST_F(HistoryTest, ARestartInGoodOrderIsTakenForAChangeAsWell) {
  const std::string before = log_.Start().head.started_at;
  const std::string canary = Canary(admin_);
  server().Restart();
  Connection session(database_.Conninfo());
  EXPECT_NE(PostgresEventLog(session).Start().head.started_at, before);
  EXPECT_EQ(Canary(session), canary);
}

TEST_F(HistoryTest, TheFaultSaysThatTheConnectionIsLost) {
  server().Kill();
  try {
    log_.Start();
    FAIL() << "the server is dead";
  } catch (const DatabaseFault& fault) {
    EXPECT_TRUE(fault.connection_lost());
    EXPECT_EQ(fault.query_name(), "poll");
  }
  server().Start();
}

}  // namespace
}  // namespace postrider::test
