#include "receiver/receiver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>
#include <vector>

namespace postrider::receiver {
namespace {

using nlohmann::json;
using testing::MatchesRegex;
using testing::SizeIs;

/// A receiver that runs in its own thread and records into a scratch file.
class ReceiverTest : public testing::Test {
 protected:
  ~ReceiverTest() override {
    receiver_.Stop();
    thread_.join();
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }

  httplib::Result Post(httplib::Client& client, int event, const std::string& body = "{}") {
    return client.Post("/in",
                       {{"Postrider-Event", std::to_string(event)},
                        {"Idempotency-Key", "key-" + std::to_string(event)},
                        {"Postrider-Attempt", "1"}},
                       body, "application/json");
  }

  int Control(const json& command) {
    return httplib::Client(receiver_.url())
        .Post("/_control", command.dump(), "application/json")
        ->status;
  }

  json Count() { return json::parse(httplib::Client(receiver_.url()).Get("/_count")->body); }

  std::vector<std::string> Lines() const {
    std::vector<std::string> lines;
    std::ifstream in(path_);
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
  }

  std::string path_ = testing::TempDir() + "receiver." + std::to_string(getpid());
  Receiver receiver_{0, path_, Behaviour{}};
  std::thread thread_{[this] { receiver_.Run(); }};
  httplib::Client client_{receiver_.url()};
};

TEST_F(ReceiverTest, RecordsBeforeItAnswers) {
  EXPECT_EQ(Post(client_, 17)->status, 200);
  const auto lines = Lines();
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_THAT(lines[0], MatchesRegex("[0-9]{16}\t17\tkey-17\t1\t200\t/in"));
}

TEST_F(ReceiverTest, KeepsConnectionsOpen) {
  client_.set_keep_alive(true);
  client_.set_tcp_nodelay(true);
  for (int i = 0; i < 100; ++i) ASSERT_EQ(Post(client_, i)->status, 200);
  EXPECT_THAT(Lines(), SizeIs(100));
  EXPECT_EQ(Count()["count"], 100);
}

TEST_F(ReceiverTest, TakesLargeBodies) {
  EXPECT_EQ(Post(client_, 1, std::string(10'000'000, 'x'))->status, 200);
}

TEST_F(ReceiverTest, SendsLargeBodies) {
  Control({{"body", 10'000'000}});
  EXPECT_THAT(Post(client_, 1)->body, SizeIs(10'000'000));
}

TEST_F(ReceiverTest, AnswersAsTold) {
  EXPECT_EQ(Control({{"status", 429}, {"headers", {{"Retry-After", "7"}}}, {"body", "slow"}}), 200);
  const auto answer = Post(client_, 1);
  EXPECT_EQ(answer->status, 429);
  EXPECT_EQ(answer->get_header_value("Retry-After"), "7");
  EXPECT_EQ(answer->body, "slow");
  Control({{"status", 204}});
  EXPECT_EQ(Post(client_, 2)->status, 204);
}

TEST_F(ReceiverTest, FailsEachNthRequest) {
  Control({{"fail_every", 3}});
  std::vector<int> statuses;
  for (int i = 0; i < 6; ++i) statuses.push_back(Post(client_, i)->status);
  EXPECT_THAT(statuses, testing::ElementsAre(200, 200, 503, 200, 200, 503));
}

TEST_F(ReceiverTest, DelaysItsAnswersSideBySide) {
  Control({{"delay_ms", 200}});
  const auto start = std::chrono::steady_clock::now();
  std::vector<std::thread> clients;
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([this, i] {
      httplib::Client client(receiver_.url());
      EXPECT_EQ(Post(client, i)->status, 200);
    });
  }
  for (std::thread& client : clients) client.join();
  const auto elapsed = std::chrono::steady_clock::now() - start;
  EXPECT_GE(elapsed, std::chrono::milliseconds(200));
  EXPECT_LT(elapsed, std::chrono::milliseconds(1500));
}

TEST_F(ReceiverTest, RecordsAResetAsNotAnswered) {
  Control({{"reset", true}});
  EXPECT_FALSE(Post(client_, 1));
  Control({{"reset", false}});
  EXPECT_EQ(Post(client_, 2)->status, 200);
  EXPECT_THAT(Lines()[0], MatchesRegex(".*\t1\tkey-1\t1\t0\t/in"));
}

TEST_F(ReceiverTest, HangsUntilItIsSwitchedOff) {
  Control({{"hang", true}});
  std::thread client([this] {
    httplib::Client hanging(receiver_.url());
    EXPECT_FALSE(Post(hanging, 1));
  });
  while (Count()["count"] == 0) std::this_thread::yield();
  EXPECT_THAT(Lines(), SizeIs(1));
  Control({{"hang", false}});
  client.join();
  EXPECT_EQ(Post(client_, 2)->status, 200);
}

TEST_F(ReceiverTest, BreaksOffInTheMiddleOfTheBody) {
  Control({{"truncate", true}, {"body", 100}});
  EXPECT_FALSE(Post(client_, 1));
}

TEST_F(ReceiverTest, RefusesANonsensicalCommand) {
  EXPECT_EQ(Control({{"statsu", 500}}), 400);
  EXPECT_EQ(Control({{"status", "x"}}), 400);
  EXPECT_EQ(Control({{"status", 99}}), 400);
  EXPECT_EQ(Post(client_, 1)->status, 200);
}

TEST_F(ReceiverTest, DoesNotTakeAControlRequestForAnEvent) {
  Control({{"status", 200}});
  EXPECT_EQ(client_.Get("/nothing")->status, 404);
  EXPECT_EQ(Count()["count"], 0);
}

TEST_F(ReceiverTest, AppendsToAnEarlierRecord) {
  Post(client_, 1);
  Receiver second(0, path_, Behaviour{});
  std::thread thread([&second] { second.Run(); });
  httplib::Client client(second.url());
  EXPECT_EQ(Post(client, 2)->status, 200);
  second.Stop();
  thread.join();
  EXPECT_THAT(Lines(), SizeIs(2));
}

TEST(ReceiverStopTest, StopsBeforeItRuns) {
  Receiver receiver(0, "", Behaviour{});
  receiver.Stop();
  receiver.Run();
}

TEST(ReceiverStartTest, ThrowsWhenThePortIsTaken) {
  const Receiver first(0, "", Behaviour{});
  EXPECT_THROW(Receiver(first.port(), "", Behaviour{}), std::system_error);
}

}  // namespace
}  // namespace postrider::receiver
