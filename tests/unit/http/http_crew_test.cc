#include "postrider/http/http_crew.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <latch>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "loop_thread.h"
#include "support/hostile_server.h"

namespace postrider::testing {
namespace {

/// A crew of two loops, used from the first.
class HttpCrewTest : public ::testing::Test {
 protected:
  struct Answered {
    HttpAnswer answer;
    std::thread::id thread;
  };

  void Gather(int most) {
    home_.On([&] {
      crew_.emplace(std::vector<HttpCrew::Member>{{&home_.loop(), &home_.client()},
                                                  {&other_.loop(), &other_.client()}},
                    most);
    });
  }
  void Dismiss() {
    home_.On([&] { crew_.reset(); });
  }
  std::future<Answered> Send(const std::string& body, HttpClient::Written written = {}) {
    auto promise = std::make_shared<std::promise<Answered>>();
    home_.On([&] {
      crew_->Start(
          Post(url_, body), nullptr,
          [promise, this](HttpAnswer answer) {
            ++answered_;
            promise->set_value({std::move(answer), std::this_thread::get_id()});
          },
          std::move(written));
    });
    return promise->get_future();
  }
  std::size_t UnderWay(LoopThread& loop) {
    return loop.On([&] { return loop.client().in_flight(); });
  }
  std::thread::id HomeThread() {
    return home_.On([] { return std::this_thread::get_id(); });
  }

  std::string url_;
  std::atomic<int> answered_{0};
  LoopThread home_;
  LoopThread other_;
  std::optional<HttpCrew> crew_;
};

TEST_F(HttpCrewTest, ManyRequestsAreSharedAndAnsweredAtHome) {
  constexpr std::size_t kRequests = 48;
  std::latch all(kRequests + 1);
  HostileServer server([&](Peer& peer) {
    while (auto request = peer.ReadRequest()) {
      all.arrive_and_wait();
      peer.Send(Answer(200, request->body));
    }
  });
  url_ = server.Url();
  Gather(kRequests);
  std::vector<std::future<Answered>> answers;
  for (std::size_t i = 0; i < kRequests; ++i) answers.push_back(Send(std::to_string(i)));
  EXPECT_EQ(UnderWay(home_), kRequests / 2);
  EXPECT_EQ(UnderWay(other_), kRequests / 2);
  all.arrive_and_wait();
  const auto home = HomeThread();
  for (std::size_t i = 0; i < kRequests; ++i) {
    ASSERT_EQ(answers[i].wait_for(kPatience), std::future_status::ready) << i;
    const Answered answered = answers[i].get();
    EXPECT_EQ(answered.answer.body, std::to_string(i));
    EXPECT_EQ(answered.thread, home);
  }
  EXPECT_EQ(UnderWay(home_) + UnderWay(other_), 0u);
  Dismiss();
}

TEST_F(HttpCrewTest, FewRequestsStayAtHomeOnTheSameConnection) {
  HostileServer server(Always(Answer(200, "ok")));
  url_ = server.Url();
  Gather(64);
  for (int i = 0; i < 100; ++i) {
    auto answer = Send("{}");
    ASSERT_EQ(answer.wait_for(kPatience), std::future_status::ready);
    EXPECT_EQ(answer.get().answer.connection_reused, i > 0);
  }
  EXPECT_EQ(server.connections(), 1);
  Dismiss();
}

TEST_F(HttpCrewTest, ARequestWhoseMomentIsWantedStaysAtHome) {
  std::latch let_go(1);
  HostileServer server([&](Peer& peer) {
    while (peer.ReadRequest()) {
      let_go.wait();
      peer.Send(Answer(200, "ok"));
    }
  });
  url_ = server.Url();
  Gather(32);
  std::atomic<int> written{0};
  std::vector<std::future<Answered>> answers;
  for (int i = 0; i < 32; ++i) answers.push_back(Send("{}", [&] { ++written; }));
  EXPECT_EQ(UnderWay(home_), 32u);
  EXPECT_EQ(UnderWay(other_), 0u);
  let_go.count_down();
  for (auto& answer : answers) {
    ASSERT_EQ(answer.wait_for(kPatience), std::future_status::ready);
    EXPECT_EQ(answer.get().answer.status, 200);
  }
  EXPECT_EQ(written, 32);
  Dismiss();
}

TEST_F(HttpCrewTest, AnswersThatComeAfterTheCrewHasGoneAreDropped) {
  constexpr std::size_t kRequests = 40;
  std::latch arrived(kRequests);
  std::latch let_go(1);
  HostileServer server([&](Peer& peer) {
    if (!peer.ReadRequest()) return;
    arrived.count_down();
    let_go.wait();
    peer.Send(Answer(200, "late"));
    peer.WaitForClose();
  });
  url_ = server.Url();
  Gather(kRequests);
  for (std::size_t i = 0; i < kRequests; ++i) (void)Send("{}");
  arrived.wait();
  Dismiss();
  let_go.count_down();
  for (LoopThread* loop : {&home_, &other_}) {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (UnderWay(*loop) > 0 && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::yield();
    }
    EXPECT_EQ(UnderWay(*loop), 0u);
  }
  home_.On([] {});  // what was posted before has run
  EXPECT_EQ(answered_, 0);
}

}  // namespace
}  // namespace postrider::testing
