#include <memory>

#include "commands_fixture.h"
#include "postrider/admin/metrics_server.h"

namespace postrider::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class HealthcheckTest : public CommandsTest {
 protected:
  /// Serves `report` at /readyz and points the configuration there.
  void Serve(const HealthReport& report) {
    const auto page = [report] { return report; };
    server_ = std::make_unique<MetricsServer>(ListenAddress{"127.0.0.1", 0},
                                              MetricsServer::Pages{page, page, [] { return ""; }});
    server_->Start();
    Listen("127.0.0.1:" + std::to_string(server_->port()));
  }
  void Listen(const std::string& address) {
    configuration_ = Write("health.yaml", "metrics: {listen: \"" + address + "\"}\n");
  }

  std::unique_ptr<MetricsServer> server_;
};

TEST_F(HealthcheckTest, AReadyRelayIsExitCode0) {
  Serve({.ok = true, .checks = {}});
  const auto outcome = Run({"healthcheck"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.out, "ready\n");
}

TEST_F(HealthcheckTest, ARelayThatIsNotReadySaysWhy) {
  Serve({.ok = false, .checks = {{"schema", true, ""}, {"database", false, "no connection"}}});
  const auto outcome = Run({"healthcheck"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(outcome.out, "not ready: database: no connection\n");
  const auto json = Run({"healthcheck", "--json"}).Json();
  EXPECT_EQ(json["ready"], false);
  EXPECT_EQ(json["http_status"], 503);
  EXPECT_EQ(json["report"]["checks"].size(), 2U);
}

TEST_F(HealthcheckTest, NoRelayIsExitCode1) {
  Listen("127.0.0.1:1");
  const auto outcome = Run({"healthcheck"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("127.0.0.1:1"), HasSubstr("refused")));
}

TEST_F(HealthcheckTest, APortThatIsNotKnownCannotBeAsked) {
  Listen("127.0.0.1:0");
  EXPECT_EQ(Run({"healthcheck"}).exit_code, 2);
}

}  // namespace
}  // namespace postrider::test
