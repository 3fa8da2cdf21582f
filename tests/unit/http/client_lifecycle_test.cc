#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <future>
#include <latch>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "fake_resolver.h"
#include "loop_thread.h"
#include "support/hostile_server.h"

namespace postrider::testing {
namespace {

using enum FailureClass;

HostileServer::Script ReadAndSayNothing() {
  return [](Peer& peer) {
    if (peer.ReadRequest()) peer.WaitForClose();
  };
}

/// Both ends of every connection are in this process: more descriptors than users have at first.
void AllowManyDescriptors() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

TEST(ClientLifecycleTest, ManyRequestsAreInFlightAtOnce) {
  AllowManyDescriptors();
  constexpr std::size_t kRequests = 1000;
  std::latch all(kRequests);
  HostileServer server([&](Peer& peer) {
    while (auto request = peer.ReadRequest()) {
      all.arrive_and_wait();  // nobody is answered before all are here
      peer.Send(Answer(200, request->body));
    }
  });
  LoopThread loop;
  std::vector<std::future<HttpAnswer>> answers;
  for (std::size_t i = 0; i < kRequests; ++i) {
    answers.push_back(loop.Send(Post(server.Url(), std::to_string(i))));
  }
  for (std::size_t i = 0; i < kRequests; ++i) {
    ASSERT_EQ(answers[i].wait_for(kPatience), std::future_status::ready) << i;
    EXPECT_EQ(answers[i].get().body, std::to_string(i));
  }
  EXPECT_EQ(loop.On([&] { return loop.client().in_flight(); }), 0u);
}

TEST(ClientLifecycleTest, ConnectionsAreSharedByRequestsOneAfterTheOther) {
  HostileServer server(Always(Answer(200, "ok")));
  LoopThread loop;
  constexpr int kInFlight = 16;
  constexpr int kTotal = 2000;
  std::promise<void> finished;
  int started = 0;
  int ended = 0;
  std::function<void(HttpAnswer)> next = [&](const HttpAnswer& answer) {
    EXPECT_EQ(answer.status, 200) << answer.error;
    if (++ended == kTotal) return finished.set_value();
    if (started < kTotal) {
      ++started;
      loop.client().Start(Post(server.Url()), nullptr, next);
    }
  };
  loop.On([&] {
    for (; started < kInFlight; ++started) loop.client().Start(Post(server.Url()), nullptr, next);
  });
  ASSERT_EQ(finished.get_future().wait_for(kPatience), std::future_status::ready);
  EXPECT_LE(server.connections(), kInFlight);
}

/// How often a request was said to be written, and what came of it.
std::pair<int, HttpAnswer> StartAndCountWritten(LoopThread& loop, const std::string& url) {
  std::promise<HttpAnswer> done;
  int written = 0;
  loop.On([&] {
    loop.client().Start(
        Post(url), nullptr, [&](HttpAnswer answer) { done.set_value(std::move(answer)); },
        [&] { ++written; });
    EXPECT_EQ(written, 0) << "there is no connection yet";
  });
  HttpAnswer answer = done.get_future().get();
  return {written, std::move(answer)};
}

TEST(ClientLifecycleTest, SaysOnceThatARequestIsWritten) {
  HostileServer server(Always(Answer(200, "ok")));
  LoopThread loop;
  for (int i = 0; i < 2; ++i) {
    const auto [written, answer] = StartAndCountWritten(loop, server.Url());
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.connection_reused, i == 1);
    EXPECT_EQ(written, 1);
  }
}

TEST(ClientLifecycleTest, ARequestWithoutAConnectionIsNeverWritten) {
  LoopThread loop;
  const auto [written, answer] = StartAndCountWritten(loop, "http://127.0.0.1:1/");
  EXPECT_EQ(answer.failure, FailureClass::kConnect);
  EXPECT_EQ(written, 0);
}

TEST(ClientLifecycleTest, ARequestThatMayNotBeSentIsNeverWritten) {
  HostileServer server(Always(Answer(200, "ok")));
  HttpClientOptions options;
  options.may_send = [] { return false; };
  LoopThread loop(std::move(options));
  const auto [written, answer] = StartAndCountWritten(loop, server.Url());
  EXPECT_EQ(answer.failure, FailureClass::kRelayLost);
  EXPECT_EQ(written, 0);
}

TEST(ClientLifecycleTest, ACancelledRequestEndsOnceAndCutsItsConnection) {
  std::promise<bool> closed;
  HostileServer server([&](Peer& peer) {
    peer.ReadRequest();
    closed.set_value(peer.WaitForClose());
  });
  LoopThread loop;
  RequestId id{};
  auto answer = loop.Send(Post(server.Url()), nullptr, &id);
  ASSERT_TRUE(server.WaitForRequests(1));
  loop.On([&] {
    loop.client().Cancel(id);
    loop.client().Cancel(id);
  });
  ASSERT_EQ(answer.wait_for(kPatience), std::future_status::ready);
  const HttpAnswer got = answer.get();
  EXPECT_EQ(got.failure, kRelayLost);
  EXPECT_TRUE(got.maybe_sent);
  EXPECT_TRUE(closed.get_future().get());
}

TEST(ClientLifecycleTest, CancelOfAnEndedRequestDoesNotTouchItsSuccessor) {
  HostileServer server(Always(Answer(200, "ok")));
  LoopThread loop;
  RequestId first{};
  ASSERT_EQ(loop.Send(Post(server.Url()), nullptr, &first).get().status, 200);
  auto second = loop.Send(Post(server.Url()));
  loop.On([&] {
    loop.client().Cancel(first);
    loop.client().Cancel(RequestId{12345});
  });
  EXPECT_EQ(second.get().status, 200);
}

TEST(ClientLifecycleTest, AbandonAllAnswersEveryRequestBeforeItReturns) {
  HostileServer server(ReadAndSayNothing());
  LoopThread loop;
  std::vector<std::future<HttpAnswer>> answers;
  for (int i = 0; i < 20; ++i) answers.push_back(loop.Send(Post(server.Url())));
  ASSERT_TRUE(server.WaitForRequests(20));
  loop.On([&] {
    loop.client().Start(Post("no url"), nullptr,
                        [](const HttpAnswer& answer) { EXPECT_EQ(answer.failure, kLocal); });
    loop.client().AbandonAll();
    for (auto& answer : answers) {
      ASSERT_EQ(answer.wait_for(seconds(0)), std::future_status::ready);
      const HttpAnswer got = answer.get();
      EXPECT_EQ(got.failure, kRelayLost);
      EXPECT_TRUE(got.maybe_sent);
    }
    EXPECT_EQ(loop.client().in_flight(), 0u);
    loop.client().AbandonAll();
  });
}

TEST(ClientLifecycleTest, AClientMayDieWithRequestsInFlight) {
  HostileServer server(ReadAndSayNothing());
  std::vector<std::future<HttpAnswer>> answers;
  {
    LoopThread loop;
    for (int i = 0; i < 10; ++i) answers.push_back(loop.Send(Post(server.Url())));
    ASSERT_TRUE(server.WaitForRequests(10));
  }
  for (auto& answer : answers) EXPECT_THROW(answer.get(), std::future_error);
}

/// Does something different on every connection.
void Misbehave(Peer& peer) {
  std::minstd_rand random(static_cast<unsigned>(peer.number()));
  while (true) {
    if (random() % 8 == 0) return;
    if (!peer.ReadRequest()) return;
    switch (random() % 8) {
      case 0:
        return;
      case 1:
        return peer.Reset();
      case 2:
        peer.Send("garbage\r\n\r\n");
        return;
      case 3:
        peer.Send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
        return;
      case 4:
        static_cast<void>(peer.WaitForClose());
        return;
      case 5:
        peer.Send(Answer(200, std::string(5000, 'x')));
        break;
      default:
        peer.Send(Answer(200, "ok"));
        break;
    }
  }
}

TEST(ClientLifecycleTest, EveryRequestEndsExactlyOnceWhateverHappens) {
  constexpr int kRequests = 3000;
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  HostileServer server(Misbehave);
  LoopThread loop;
  std::vector<int> calls(kRequests, 0);  // touched by the loop only
  std::promise<void> finished;
  std::minstd_rand random(seed);
  std::vector<RequestId> ids;
  int ended = 0;
  std::function<void()> start = [&] {
    const std::size_t number = ids.size();
    if (number == kRequests) return;
    HttpRequest request = Post(random() % 50 == 0 ? "bad url" : server.Url(), "x");
    request.timeout = milliseconds(random() % 200 + 1);
    request.max_response = 4000;
    ids.push_back(loop.client().Start(std::move(request), nullptr, [&, number](const HttpAnswer&) {
      ++calls[number];
      if (random() % 10 == 0) loop.client().Cancel(ids[random() % ids.size()]);
      start();
      if (++ended == kRequests) finished.set_value();
    }));
  };
  loop.On([&] {
    for (int i = 0; i < 64; ++i) start();
  });
  ASSERT_EQ(finished.get_future().wait_for(kPatience), std::future_status::ready);
  loop.On([&] { EXPECT_EQ(loop.client().in_flight(), 0u); });
  EXPECT_THAT(calls, ::testing::Each(1));
}

/// Leaves the process without a free descriptor.
class NoDescriptors {
 public:
  NoDescriptors() {
    getrlimit(RLIMIT_NOFILE, &before_);
    const int next = dup(0);
    close(next);
    rlimit tight = before_;
    tight.rlim_cur = static_cast<rlim_t>(next);
    setrlimit(RLIMIT_NOFILE, &tight);
    for (int fd; (fd = dup(0)) >= 0;) taken_.push_back(fd);
  }
  ~NoDescriptors() {
    setrlimit(RLIMIT_NOFILE, &before_);
    for (const int fd : taken_) close(fd);
  }

 private:
  rlimit before_{};
  std::vector<int> taken_;
};

TEST(ClientLifecycleTest, NoDescriptorLeftIsOurFaultAndPasses) {
  for (const std::string host : {"127.0.0.1", "localhost"}) {
    // Of their own, so that nothing of the other round is closed while descriptors are short.
    HostileServer server(Always(Answer(200, "ok")));
    LoopThread loop;
    HttpRequest request = Post("http://" + host + ":" + std::to_string(server.port()) + "/");
    request.timeout = milliseconds(5000);
    request.idle = seconds(0);
    {
      const NoDescriptors none;
      const HttpAnswer answer = loop.Fetch(request);
      EXPECT_EQ(answer.failure, kLocal) << host << ": " << answer.error;
      EXPECT_FALSE(answer.maybe_sent);
      EXPECT_LT(answer.latency, milliseconds(4000));
    }
    EXPECT_EQ(loop.Fetch(request).status, 200) << host;
  }
}

}  // namespace
}  // namespace postrider::testing
