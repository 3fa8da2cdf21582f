#include "postrider/admin/metrics_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>

#include <atomic>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace postrider {
namespace {

using testing::HasSubstr;

class MetricsServerTest : public testing::Test {
 protected:
  void SetUp() override { server_.Start(); }

  httplib::Client Client() const { return httplib::Client("127.0.0.1", server_.port()); }

  HealthReport ready_{true, {}};
  std::string metrics_ = "postrider_lanes{state=\"owned\"} 1\n";
  MetricsServer server_{{"127.0.0.1", 0},
                        {[] { return HealthReport{}; }, [this] { return ready_; },
                         [this] { return metrics_; }}};
};

TEST_F(MetricsServerTest, SaysWhichPortItGot) {
  EXPECT_GT(server_.port(), 0);
  EXPECT_EQ(server_.AddressText(), "127.0.0.1:" + std::to_string(server_.port()));
  EXPECT_TRUE(server_.Serving());
}

TEST_F(MetricsServerTest, ServesMetricsAsPrometheusText) {
  const auto answer = Client().Get("/metrics");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, metrics_);
  EXPECT_EQ(answer->get_header_value("Content-Type"),
            "text/plain; version=0.0.4; charset=utf-8");
}

TEST_F(MetricsServerTest, AnswersHealthAsJson) {
  ready_ = {true, {{"database", true, "last answer 12 ms ago"}}};
  const auto answer = Client().Get("/readyz");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->get_header_value("Content-Type"), "application/json");
  EXPECT_EQ(nlohmann::json::parse(answer->body),
            nlohmann::json::parse(R"({"ok": true, "checks": [
              {"name": "database", "ok": true, "detail": "last answer 12 ms ago"}]})"));
}

TEST_F(MetricsServerTest, AnswersUnreadyWith503) {
  ready_ = {false, {{"adopted", false, "run \"postrider adopt\" \xFF"}}};
  const auto answer = Client().Get("/readyz");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 503);
  EXPECT_FALSE(nlohmann::json::parse(answer->body)["ok"]);
  EXPECT_EQ(Client().Get("/healthz")->status, 200);
}

TEST_F(MetricsServerTest, AnswersHeadWithoutBody) {
  const auto answer = Client().Head("/metrics");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "");
}

TEST_F(MetricsServerTest, KnowsNothingElse) {
  for (const char* path : {"/", "/metrics/x", "/healthzz", "/api/v1/status"}) {
    const auto answer = Client().Get(path);
    ASSERT_TRUE(answer) << path;
    EXPECT_EQ(answer->status, 404) << path;
  }
}

TEST_F(MetricsServerTest, RefusesOtherMethods) {
  auto client = Client();
  for (const auto& answer : {client.Post("/metrics", "x", "text/plain"), client.Put("/readyz"),
                             client.Patch("/readyz"), client.Delete("/healthz"),
                             client.Options("/metrics")}) {
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 405);
    EXPECT_EQ(answer->get_header_value("Allow"), "GET, HEAD");
  }
}

TEST_F(MetricsServerTest, RefusesLargeBodies) {
  const auto answer = Client().Post("/metrics", std::string(10000, 'x'), "text/plain");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 413);
}

TEST_F(MetricsServerTest, AnswersManyAtOnce) {
  std::atomic<int> good = 0;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 12; ++i) {
    threads.emplace_back([&] {
      const auto answer = Client().Get("/metrics");
      if (answer && answer->status == 200) ++good;
    });
  }
  threads.clear();
  EXPECT_EQ(good, 12);
}

TEST_F(MetricsServerTest, StopsTwice) {
  server_.Stop();
  server_.Stop();
  EXPECT_FALSE(server_.Serving());
  EXPECT_FALSE(Client().Get("/healthz"));
}

TEST_F(MetricsServerTest, RefusesAnAddressThatIsInUse) {
  MetricsServer second({"127.0.0.1", server_.port()}, {});
  try {
    second.Start();
    FAIL() << "a second server listens on " << second.AddressText();
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("cannot listen on " + server_.AddressText() +
                                        " (metrics.listen): Address already in use. Another"));
  }
}

TEST(MetricsServerAddressTest, RefusesAnAddressThatTheMachineDoesNotHave) {
  MetricsServer server({"192.0.2.1", 0}, {});
  try {
    server.Start();
    FAIL() << "listens on " << server.AddressText();
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("This machine does not have the address"));
  }
}

TEST(MetricsServerAddressTest, RefusesANameThatIsNone) {
  MetricsServer server({"no such host", 0}, {});
  EXPECT_THROW(server.Start(), std::runtime_error);
}

TEST(MetricsServerAddressTest, WritesIpv6InBrackets) {
  EXPECT_EQ(MetricsServer({"::1", 9868}, {}).AddressText(), "[::1]:9868");
}

TEST(MetricsServerAddressTest, DoesNotStartAfterStop) {
  MetricsServer server({"127.0.0.1", 0}, {});
  server.Stop();
  server.Start();
  EXPECT_FALSE(server.Serving());
}

TEST(MetricsServerPageTest, AnswersAnExceptionWith500) {
  MetricsServer server({"127.0.0.1", 0},
                       {[]() -> HealthReport { throw std::runtime_error("stuck"); }, {}, {}});
  server.Start();
  for (const char* path : {"/healthz", "/readyz"}) {
    const auto answer = httplib::Client("127.0.0.1", server.port()).Get(path);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 500);
  }
}

}  // namespace
}  // namespace postrider
