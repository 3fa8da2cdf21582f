#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <atomic>
#include <future>
#include <string>

#include "loop_thread.h"
#include "support/hostile_server.h"

namespace postrider::testing {
namespace {

TEST(ConnectionReuseTest, KeepsAConnection) {
  HostileServer server(Always(Answer(200, "ok")));
  LoopThread loop;
  for (int i = 0; i < 5; ++i) {
    const HttpAnswer answer = loop.Fetch(Post(server.Url()));
    ASSERT_EQ(answer.status, 200) << answer.error;
    EXPECT_EQ(answer.connection_reused, i > 0);
  }
  EXPECT_EQ(server.connections(), 1);
}

TEST(ConnectionReuseTest, ARequestIsNeverSentAgainWhenTheKeptConnectionDies) {
  HostileServer server([](Peer& peer) {
    if (!peer.ReadRequest()) return;
    peer.Send(Answer(200, "first"));
    peer.ReadRequest();  // and closes without a word
  });
  LoopThread loop;
  ASSERT_EQ(loop.Fetch(Post(server.Url())).status, 200);
  const HttpAnswer answer = loop.Fetch(Post(server.Url(), "order"));
  EXPECT_EQ(answer.failure, FailureClass::kReset) << answer.error;
  EXPECT_TRUE(answer.maybe_sent);
  EXPECT_TRUE(answer.connection_reused);
  // A third request proves that no copy of the second one is under way.
  ASSERT_EQ(loop.Fetch(Post(server.Url(), "third")).status, 200);
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 3u);
  EXPECT_EQ(requests[1].body, "order");
  EXPECT_EQ(requests[2].body, "third");
}

TEST(ConnectionReuseTest, ARequestIsNeverSentAgainWhenTheKeptConnectionIsReset) {
  HostileServer server([](Peer& peer) {
    if (!peer.ReadRequest()) return;
    peer.Send(Answer(200, "first"));
    if (peer.ReadRequest()) peer.Reset();
  });
  LoopThread loop;
  ASSERT_EQ(loop.Fetch(Post(server.Url())).status, 200);
  const HttpAnswer answer = loop.Fetch(Post(server.Url(), "order"));
  EXPECT_EQ(answer.failure, FailureClass::kReset) << answer.error;
  EXPECT_TRUE(answer.maybe_sent);
  ASSERT_EQ(loop.Fetch(Post(server.Url(), "third")).status, 200);
  EXPECT_EQ(server.requests().size(), 3u);
}

/// Closes (or resets) the first connection once it is idle, and says when that is done.
HostileServer::Script CloseWhenIdle(std::promise<void>& closed, bool reset) {
  return [&closed, reset](Peer& peer) {
    if (peer.number() > 1) return Always(Answer(200, "new"))(peer);
    if (!peer.ReadRequest()) return;
    peer.Send(Answer(200, "old"));
    if (reset) peer.Reset();
    shutdown(peer.fd(), SHUT_RDWR);
    closed.set_value();
  };
}

TEST(ConnectionReuseTest, NoticesThatAnIdleConnectionWasClosed) {
  for (int round = 0; round < 20; ++round) {
    std::promise<void> closed;
    HostileServer server(CloseWhenIdle(closed, round % 2 == 1));
    LoopThread loop;
    ASSERT_EQ(loop.Fetch(Post(server.Url())).body, "old");
    closed.get_future().wait();
    const HttpAnswer answer = loop.Fetch(Post(server.Url()));
    ASSERT_EQ(answer.body, "new") << "round " << round << ": " << answer.error;
    EXPECT_FALSE(answer.connection_reused);
    EXPECT_EQ(server.requests().size(), 2u);
  }
}

TEST(ConnectionReuseTest, DoesNotReadAnAnswerThatCameBeforeTheRequest) {
  std::promise<void> sent;
  HostileServer server([&](Peer& peer) {
    if (peer.number() > 1) return Always(Answer(200, "mine"))(peer);
    if (!peer.ReadRequest()) return;
    peer.Send(Answer(200, "one") + Answer(200, "somebody else's"));
    sent.set_value();
    peer.WaitForClose();
  });
  LoopThread loop;
  ASSERT_EQ(loop.Fetch(Post(server.Url())).body, "one");
  sent.get_future().wait();
  EXPECT_EQ(loop.Fetch(Post(server.Url())).body, "mine");
}

TEST(ConnectionReuseTest, ConnectionCloseIsHonoured) {
  HostileServer server(Always(Answer(200, "ok", "Connection: close\r\n")));
  LoopThread loop;
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(loop.Fetch(Post(server.Url())).connection_reused);
  EXPECT_EQ(server.connections(), 3);
}

TEST(ConnectionReuseTest, IdleOfZeroMeansNoReuse) {
  HostileServer server(Always(Answer(200, "ok")));
  LoopThread loop;
  for (int i = 0; i < 3; ++i) {
    HttpRequest request = Post(server.Url());
    request.idle = seconds(0);
    EXPECT_FALSE(loop.Fetch(std::move(request)).connection_reused);
  }
  EXPECT_EQ(server.connections(), 3);
}

TEST(ConnectionReuseTest, AConnectionIdleForItsLimitIsNotUsedAgain) {
  HostileServer server(Always(Answer(200, "ok")));
  LoopThread loop;
  HttpRequest request = Post(server.Url());
  request.idle = seconds(1);
  ASSERT_EQ(loop.Fetch(request).status, 200);
  std::promise<void> later;
  loop.On([&] {
    loop.loop().RunAt(EventLoop::Clock::now() + milliseconds(1050), [&] { later.set_value(); });
  });
  later.get_future().wait();
  EXPECT_FALSE(loop.Fetch(request).connection_reused);
}

TEST(ConnectionReuseTest, ADestinationMayNotUseAnothersPrivateConnection) {
  HostileServer server(Always(Answer(200, "ok")));
  LoopThread loop;
  const EgressGuard open({.all = true, .networks = {}});
  const EgressGuard closed({});
  ASSERT_EQ(loop.Fetch(Post(server.Url()), &open).status, 200);
  const HttpAnswer answer = loop.Fetch(Post(server.Url()), &closed);
  EXPECT_EQ(answer.failure, FailureClass::kBlockedAddress) << answer.error;
  EXPECT_FALSE(answer.maybe_sent);
  EXPECT_THAT(answer.error, ::testing::HasSubstr("127.0.0.1 is a loopback address"));
  EXPECT_EQ(server.requests().size(), 1u);
}

TEST(ConnectionReuseTest, NothingIsWrittenWhenTheRelayMayNotSend) {
  HostileServer server(Always(Answer(200, "ok")));
  std::atomic<bool> may_send{true};
  LoopThread loop({.may_send = [&] { return may_send.load(); }, .ca_file = {}});
  ASSERT_EQ(loop.Fetch(Post(server.Url())).status, 200);
  may_send = false;
  const HttpAnswer answer = loop.Fetch(Post(server.Url()));
  EXPECT_EQ(answer.failure, FailureClass::kRelayLost) << answer.error;
  EXPECT_FALSE(answer.maybe_sent);
  may_send = true;
  ASSERT_EQ(loop.Fetch(Post(server.Url())).status, 200);
  EXPECT_EQ(server.requests().size(), 2u);
}

}  // namespace
}  // namespace postrider::testing
