#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "commands_fixture.h"

namespace postrider::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

/// A port of this machine that takes connections.
class Listener {
 public:
  Listener() : descriptor_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    bind(descriptor_, reinterpret_cast<sockaddr*>(&address), size);
    listen(descriptor_, 4);
    getsockname(descriptor_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  ~Listener() { close(descriptor_); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  int port() const { return port_; }

 private:
  int descriptor_;
  int port_ = 0;
};

class DoctorTest : public CommandsTest {
 protected:
  DoctorTest() {
    UseConfiguration("http://127.0.0.1:" + std::to_string(partner_.port()));
    // What a healthy outbox has.
    admin_.Execute("test",
                   "INSERT INTO outbox.relay (id, name, version, host, pid, pid_start, lease) "
                   "VALUES (gen_random_uuid(), 'shop-1', '1', 'h', 1, 1, '1h')");
    admin_.Execute("test", "ALTER DATABASE " + database_.name() +
                               " SET idle_in_transaction_session_timeout = '5min'");
    Set("fsync", "off");  // of the server that the tests have: not to be changed in a session
  }

  void UseConfiguration(const std::string& url, const std::string& more = "") {
    configuration_ =
        Write("doctor.yaml", "database: {url: \"" + database_.Conninfo() + "\"}\n" + more +
                                 "destinations:\n  cj:\n    topics: [t]\n"
                                 "    http: {url: \"" +
                                 url + "/v1/{{key}}\"}\n");
  }
  void Set(const std::string& setting, const std::string& value) {
    if (setting == "fsync") return;
    admin_.Execute("test",
                   "ALTER DATABASE " + database_.name() + " SET " + setting + " = '" + value + "'");
  }
  /// The findings of a check, with their advice.
  std::string Of(const std::string& check, std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"doctor", "--json"});
    std::string text;
    const auto items = Run(more).Json()["items"];
    for (const auto& item : items) {
      if (item["check"] != check) continue;
      text += item["severity"].get<std::string>() + ": " + item["what"].get<std::string>() +
              " -> " + item["advice"].get<std::string>() + "\n";
    }
    return text;
  }

  Listener partner_;
};

TEST_F(DoctorTest, AHealthySetUpHasNoFindingsButThatTheTestServerDoesNotSync) {
  AddDestination("cj", "{t}");
  AddEvent("t");
  const auto items = Run({"doctor", "--json"}).Json()["items"];
  for (const auto& item : items) EXPECT_THAT(item["what"], HasSubstr("fsync")) << item;
}

TEST_F(DoctorTest, FindingsAreExitCode1AndSayWhatToDo) {
  UseConfiguration("http://127.0.0.1:1");
  const auto outcome = Run({"doctor"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("error (reachability): cj: 127.0.0.1 takes no "
                                           "connection at port 1: Connection refused"),
                                 HasSubstr("Check firewalls"), HasSubstr("finding")));
}

TEST_F(DoctorTest, AHostThatIsNotFound) {
  UseConfiguration("https://partner.invalid");
  EXPECT_THAT(Of("reachability"), HasSubstr("partner.invalid is not found by DNS"));
}

TEST_F(DoctorTest, ADatabaseWithoutTheSchema) {
  const EmptyDatabase empty;
  const auto path = WriteConfiguration("empty.yaml", empty.Conninfo());
  const auto outcome = RunBare({"doctor", "-c", path});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("no schema outbox"), HasSubstr("postrider migrate")));
}

TEST_F(DoctorTest, ASequenceWithACacheAndACanaryThatIsLogged) {
  admin_.Execute("test",
                 "ALTER SEQUENCE outbox.event_id_seq CACHE 20; ALTER TABLE outbox.canary "
                 "SET LOGGED");
  EXPECT_THAT(Of("schema"),
              AllOf(HasSubstr("blocks of 20"), HasSubstr("CACHE 1;"), HasSubstr("SET UNLOGGED;")));
}

TEST_F(DoctorTest, ARoleThatMayNotRelay) {
  const auto role = Login(database_.server(), "outbox_operator");
  configuration_ = WriteConfiguration("operator.yaml", database_.Conninfo(role));
  EXPECT_THAT(Of("privileges"), AllOf(HasSubstr("INSERT on outbox.outcome"),
                                      HasSubstr("GRANT outbox_relay TO " + role),
                                      HasSubstr("GRANT pg_read_all_stats TO " + role)));
  configuration_ = WriteConfiguration(
      "relay.yaml", database_.Conninfo(Login(database_.server(), "outbox_relay")));
  EXPECT_EQ(Of("privileges"), "");
}

TEST_F(DoctorTest, SettingsThatHurt) {
  Set("synchronous_commit", "off");
  Set("default_transaction_isolation", "serializable");
  Set("idle_in_transaction_session_timeout", "0");
  EXPECT_THAT(Of("settings"), AllOf(HasSubstr("synchronous_commit is off"),
                                    HasSubstr("default_transaction_isolation is serializable"),
                                    HasSubstr("idle_in_transaction_session_timeout is 0")));
}

TEST_F(DoctorTest, WhoHoldsBackTheOldestSnapshot) {
  Connection report(database_.Conninfo() + " application_name=report");
  report.Execute("test", "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1 FROM outbox.event");
  EXPECT_EQ(Of("snapshots"), "");
  EXPECT_THAT(
      Of("snapshots", {"--long", "1ms"}),
      AllOf(HasSubstr("user postgres, application report"), HasSubstr("pg_terminate_backend(")));
  report.Execute("test", "ROLLBACK");
}

TEST_F(DoctorTest, TopicsThatNobodyTakesUnlessTheyAreIgnored) {
  AddDestination("cj", "{t}");
  AddEvent("audit.login");
  const auto event = AddEvent("shipment.lost");
  UseConfiguration("http://127.0.0.1:" + std::to_string(partner_.port()),
                   "ignore_topics: [\"audit.*\"]\n");
  EXPECT_THAT(Of("topics"), AllOf(HasSubstr("no destination takes topic shipment.lost"),
                                  HasSubstr("such as " + event), Not(HasSubstr("audit"))));
}

TEST_F(DoctorTest, NoRelayAndRetiredDestinationsWithWaitingEvents) {
  admin_.Execute("test", "UPDATE outbox.relay SET heartbeat = now() - interval '2h'");
  const auto kakao = AddDestination("kakao", "{t}");
  Wait(AddEvent("t"), kakao, 2);
  admin_.Execute("test", "UPDATE outbox.destination SET retired_at = now()");
  EXPECT_THAT(Of("relays"), HasSubstr("no relay is alive"));
  EXPECT_THAT(Of("destinations"),
              AllOf(HasSubstr("kakao is in no relay's file"), HasSubstr("1 in the backlog"),
                    HasSubstr("postrider destination park kakao")));
}

TEST_F(DoctorTest, ABucketThatShouldHaveBeenEmptied) {
  const auto cj = AddDestination("cj", "{t}");
  admin_.Execute("test", "INSERT INTO outbox.lane (destination_id, shard, closed_up_to) VALUES (" +
                             cj +
                             ", 0, 0); UPDATE outbox.lane SET closed_up_to = 10 WHERE "
                             "destination_id = 0; INSERT INTO outbox.event (topic, recorded_at) "
                             "VALUES ('t', now() - interval '30 days')");
  EXPECT_THAT(Of("retention"),
              AllOf(HasSubstr("is still there"), HasSubstr("not closed yet for cj")));
}

}  // namespace
}  // namespace postrider::test
