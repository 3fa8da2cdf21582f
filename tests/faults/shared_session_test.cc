#include <string>
#include <vector>

#include "faults/command_run.h"
#include "faults/faults_fixture.h"
#include "faults/partner.h"
#include "faults/pooler.h"

namespace postrider::test {
namespace {

/// What another application has left behind in the session that it shares with the relay.
struct Leftover {
  const char* name;
  std::string set;   ///< the statement
  std::string show;  ///< the setting
};

/// One server session behind PgBouncer for everybody: relay, commands, and an application that does
/// not clean up.
class SharedSessionTest : public FaultsTest, public ::testing::WithParamInterface<Leftover> {
 protected:
  SharedSessionTest() {
    shop_.Ask("DROP ROLE IF EXISTS tenant");
    shop_.Ask("CREATE ROLE tenant");
  }

  ShopConfig Through() const {
    ShopConfig config =
        Config({{.name = "free", .url = partner_.Url("/free")},
                {.name = "ordered", .url = partner_.Url("/ordered"), .settings = {"order: key"}}});
    config.database_url = pooler_.Conninfo(shop_.database());
    return config;
  }
  void LeaveBehind() {
    application_.Execute("test", GetParam().set);
    left_ = Left();
  }
  std::string Left() {
    return std::string(application_.Execute("test", "SHOW " + GetParam().show).Text(0, 0));
  }
  void ExpectCommandsToWork(EventId event) {
    const std::string id = std::to_string(event);
    const std::vector<std::vector<std::string>> commands = {{"status"},
                                                            {"event", "show", id},
                                                            {"event", "list", "--key", "order-42"},
                                                            {"pause", "free", "--for", "1h"},
                                                            {"resume", "free"},
                                                            {"destination", "list"},
                                                            {"operation", "list"},
                                                            {"migrate", "--check"},
                                                            {"migrate"},
                                                            {"reload"}};
    for (const auto& command : commands) {
      const CommandRun run = RunCommand(command, Through(), scratch_.path());
      EXPECT_EQ(run.exit_code, 0) << ::testing::PrintToString(command) << run.out << run.err;
    }
  }

  Partner partner_;
  Pooler pooler_{shop_.server(), {"default_pool_size = 1"}};
  Connection application_{pooler_.Conninfo(shop_.database())};
  std::string left_;
};

TEST_P(SharedSessionTest, NeitherRelayNorCommandsAreHurtNorHurtOthers) {
  LeaveBehind();
  RelayProcess& relay = StartReadyRelay(Through());
  LeaveBehind();
  // The first answer is a refusal for now, so the backlog is written and read, too.
  partner_.Answer([this](const RawRequest& request) {
    return partner_.Of(EventOf(request), PathOf(request)).size() > 1 ? 200 : 503;
  });
  const EventId event =
      shop_.Insert({.key = "order-42", .payload = R"({"path": "C:\\temp\\x", "quote": "'"})"});
  const EventId bytes = shop_.Insert({.payload = std::nullopt,
                                      .body = std::string("\x00\xff\x5c\x27", 4),
                                      .content_type = "application/x-parcel"});
  for (const EventId sent : {event, bytes}) {
    ASSERT_TRUE(Becomes(sent, "free", "delivered"));
    ASSERT_TRUE(Becomes(sent, "ordered", "delivered"));
  }
  EXPECT_EQ(partner_.Of(event).back().body, R"({"path": "C:\\temp\\x", "quote": "'"})");
  EXPECT_EQ(partner_.Of(bytes).back().body, std::string("\x00\xff\x5c\x27", 4));
  EXPECT_EQ(shop_.Count("outbox.backlog"), 0);
  EXPECT_FALSE(relay.Logged("database_error")) << relay.LogTail();
  EXPECT_EQ(Left(), left_) << "the application's own setting is gone";
  ExpectCommandsToWork(event);
  EXPECT_EQ(Left(), left_) << "a command took it";
  EXPECT_TRUE(StopsCleanly(relay));
}

TEST_P(SharedSessionTest, ASchemaIsInstalledAsByOneself) {
  EmptyDatabase empty(shop_.server());
  Connection application(pooler_.Conninfo(empty.name()));
  application.Execute("test", GetParam().set);
  ShopConfig config = Through();
  config.database_url = pooler_.Conninfo(empty.name());
  const CommandRun run = RunCommand({"migrate"}, config, scratch_.path());
  EXPECT_EQ(run.exit_code, 0) << run.err;
  Connection own(empty.Conninfo());
  EXPECT_EQ(own.Execute("test",
                        "SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class WHERE "
                        "relnamespace = 'outbox'::regnamespace")
                .Text(0, 0),
            "postgres");
}

INSTANTIATE_TEST_SUITE_P(
    EachLeftover, SharedSessionTest,
    ::testing::Values(
        Leftover{"StatementTimeout", "SET statement_timeout = 50", "statement_timeout"},
        Leftover{"LockTimeout", "SET lock_timeout = 1", "lock_timeout"},
        Leftover{"IdleTimeout", "SET idle_in_transaction_session_timeout = 1",
                 "idle_in_transaction_session_timeout"},
        Leftover{"SearchPath", "SET search_path = ''", "search_path"},
        Leftover{"DateStyle", "SET datestyle = 'German, DMY'", "datestyle"},
        Leftover{"TimeZone", "SET timezone = 'Asia/Seoul'", "timezone"},
        Leftover{"ReadOnly", "SET default_transaction_read_only = on",
                 "default_transaction_read_only"},
        Leftover{"Serializable", "SET default_transaction_isolation = 'serializable'",
                 "default_transaction_isolation"},
        Leftover{"RepeatableRead", "SET default_transaction_isolation = 'repeatable read'",
                 "default_transaction_isolation"},
        Leftover{"Role", "SET role = tenant", "role"},
        Leftover{"Backslashes", "SET standard_conforming_strings = off",
                 "standard_conforming_strings"},
        Leftover{"ByteaOutput", "SET bytea_output = 'escape'", "bytea_output"},
        Leftover{"CommitsLater", "SET synchronous_commit = off", "synchronous_commit"}),
    [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace postrider::test
