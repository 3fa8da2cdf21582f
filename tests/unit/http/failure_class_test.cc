#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "loop_thread.h"
#include "support/hostile_server.h"

namespace postrider::testing {
namespace {

using namespace std::string_literals;
using enum FailureClass;

/// The answer to one POST, after 300 ms at the latest when `stalls`.
HttpAnswer AnswerOf(HostileServer::Script script, bool stalls = false, std::string body = "{}") {
  HostileServer server(std::move(script));
  LoopThread loop;
  HttpRequest request = Post(server.Url(), std::move(body));
  if (stalls) request.timeout = milliseconds(300);
  return loop.Fetch(std::move(request));
}

/// Reads the request, sends `bytes`, and closes.
HttpAnswer AfterBytes(std::string bytes) {
  return AnswerOf([bytes = std::move(bytes)](Peer& peer) {
    if (peer.ReadRequest()) peer.Send(bytes);
  });
}

/// Reads the request, sends `bytes`, and says no more.
HttpAnswer StallAfter(std::string bytes) {
  return AnswerOf(
      [bytes = std::move(bytes)](Peer& peer) {
        if (peer.ReadRequest() && peer.Send(bytes)) peer.WaitForClose();
      },
      true);
}

TEST(FailureClassTest, NobodyListens) {
  LoopThread loop;
  const HttpAnswer answer = loop.Fetch(Post("http://127.0.0.1:1/"));
  EXPECT_EQ(answer.failure, kConnect);
  EXPECT_FALSE(answer.maybe_sent);
  EXPECT_THAT(answer.error, ::testing::HasSubstr("Connection refused"));
}

TEST(FailureClassTest, AnUnknownNameIsDns) {
  LoopThread loop;
  const HttpAnswer answer = loop.Fetch(Post("http://name.invalid/"));
  EXPECT_EQ(answer.failure, kDns) << answer.error;
  EXPECT_FALSE(answer.maybe_sent);
  EXPECT_THAT(answer.error, ::testing::HasSubstr("name.invalid"));
}

TEST(FailureClassTest, AConnectThatHangsIsConnectTimeout) {
  // A full backlog: further connections get no answer at all.
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* const plain = reinterpret_cast<sockaddr*>(&address);
  ASSERT_EQ(bind(listener, plain, length), 0);
  ASSERT_EQ(listen(listener, 0), 0);
  ASSERT_EQ(getsockname(listener, plain, &length), 0);
  const int filler = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(connect(filler, plain, length), 0);
  LoopThread loop;
  HttpRequest request = Post("http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/");
  request.connect_timeout = milliseconds(200);
  const HttpAnswer answer = loop.Fetch(std::move(request));
  EXPECT_EQ(answer.failure, kConnectTimeout) << answer.error;
  EXPECT_FALSE(answer.maybe_sent);
  close(filler);
  close(listener);
}

TEST(FailureClassTest, ClosedBeforeTheRequestWasRead) {
  const HttpAnswer answer = AnswerOf([](Peer&) {});
  EXPECT_EQ(answer.failure, kReset) << answer.error;
}

TEST(FailureClassTest, ResetBeforeTheWholeRequestWasRead) {
  const HttpAnswer answer = AnswerOf(
      [](Peer& peer) {
        peer.ReadHead();
        peer.Reset();
      },
      false, std::string(20 << 20, 'x'));
  EXPECT_EQ(answer.failure, kReset) << answer.error;
  EXPECT_TRUE(answer.maybe_sent);
}

TEST(FailureClassTest, ResetAfterTheWholeRequest) {
  const HttpAnswer answer = AnswerOf([](Peer& peer) {
    peer.ReadRequest();
    peer.Reset();
  });
  EXPECT_EQ(answer.failure, kReset) << answer.error;
  EXPECT_TRUE(answer.maybe_sent);
  EXPECT_EQ(answer.status, 0);
}

TEST(FailureClassTest, ClosedWithoutAnAnswer) { EXPECT_EQ(AfterBytes("").failure, kReset); }

TEST(FailureClassTest, CutOffAnswers) {
  for (const char* bytes : {
           "HTTP/1.1 200 OK\r\nContent-Le",
           "HTTP/1.1 200 OK\r\n",
           "HTTP/1.1 204 No Content\r\n",
           "HTTP/1.1 100 Continue\r\n\r\n",
           "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n",
           "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345",
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n",
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12",
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
       }) {
    const HttpAnswer answer = AfterBytes(bytes);
    EXPECT_EQ(answer.failure, kReset) << bytes << "\n" << answer.error;
    EXPECT_TRUE(answer.maybe_sent);
  }
}

TEST(FailureClassTest, GarbageIsProtocol) {
  for (const std::string& bytes : {
           "garbage instead of HTTP, and enough of it to be sure\r\n\r\n"s,
           "SSH-2.0-OpenSSH_9.2\r\n"s,
           "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 and so on"s,
           "HTTP/1.1 abc def\r\n\r\n"s,
           "HTTP/9.9 200 OK\r\n\r\n"s,
           "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 9\r\n\r\nnot gzip!"s,
           "HTTP/1.1 200 OK\r\nContent-Encoding: odd\r\nContent-Length: 2\r\n\r\nab"s,
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab\r\n0\r\n\r\n"s,
       }) {
    const HttpAnswer answer = AfterBytes(bytes);
    EXPECT_EQ(answer.failure, kProtocol) << bytes << "\n" << answer.error;
    EXPECT_TRUE(answer.maybe_sent);
  }
}

TEST(FailureClassTest, AStallAnywhereInTheAnswerIsTimeout) {
  for (const char* bytes : {
           "",
           "HTTP/1.1 2",
           "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n",
           "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345",
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n",
           "HTTP/1.1 100 Continue\r\n\r\n",
       }) {
    const HttpAnswer answer = StallAfter(bytes);
    EXPECT_EQ(answer.failure, kTimeout) << bytes << "\n" << answer.error;
    EXPECT_TRUE(answer.maybe_sent);
    EXPECT_GE(answer.latency, milliseconds(290));
    EXPECT_LT(answer.latency, milliseconds(10000));
  }
}

TEST(FailureClassTest, AServerThatDoesNotReadIsTimeout) {
  const HttpAnswer answer = AnswerOf(
      [](Peer& peer) {
        peer.ReadHead();
        peer.WaitWithoutReading();
      },
      true, std::string(20 << 20, 'x'));
  EXPECT_EQ(answer.failure, kTimeout) << answer.error;
  EXPECT_TRUE(answer.maybe_sent);
}

TEST(FailureClassTest, ASlowDripIsCutAtTheDeadline) {
  const HttpAnswer answer = AnswerOf(
      [](Peer& peer) {
        peer.ReadRequest();
        peer.Send("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
        while (peer.Send("x")) std::this_thread::sleep_for(milliseconds(5));
      },
      true);
  EXPECT_EQ(answer.failure, kTimeout) << answer.error;
  EXPECT_EQ(answer.status, 200);
}

TEST(FailureClassTest, ATrickleOfInterimAnswersIsCutAtTheDeadline) {
  const HttpAnswer answer = AnswerOf(
      [](Peer& peer) {
        peer.ReadRequest();
        while (peer.Send("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n")) {
          std::this_thread::sleep_for(milliseconds(5));
        }
      },
      true);
  EXPECT_EQ(answer.failure, kTimeout) << answer.error;
}

TEST(FailureClassTest, RedirectsAreNotFollowed) {
  for (const int status : {301, 302, 303, 307, 308}) {
    HostileServer target(Always(Answer(200, "followed")));
    HostileServer server(Always(Answer(status, "", "Location: " + target.Url() + "\r\n")));
    LoopThread loop;
    const HttpAnswer answer = loop.Fetch(Post(server.Url()));
    EXPECT_FALSE(answer.failure);
    EXPECT_EQ(answer.status, status);
    EXPECT_THAT(answer.headers, ::testing::Contains(::testing::Pair("location", target.Url())));
    EXPECT_EQ(target.connections(), 0);
  }
}

TEST(FailureClassTest, EveryStatusIsAnAnswer) {
  for (const int status : {200, 202, 400, 401, 403, 407, 409, 417, 429, 500, 503, 599, 999}) {
    const HttpAnswer answer = AfterBytes(Answer(status, "why"));
    EXPECT_FALSE(answer.failure) << answer.error;
    EXPECT_EQ(answer.status, status);
    EXPECT_EQ(answer.body, "why");
    EXPECT_TRUE(answer.maybe_sent);
  }
}

TEST(FailureClassTest, NoContentHasNoBody) {
  const HttpAnswer answer = AfterBytes("HTTP/1.1 204 No Content\r\n\r\n");
  EXPECT_FALSE(answer.failure) << answer.error;
  EXPECT_EQ(answer.status, 204);
}

TEST(FailureClassTest, OfSeveralAnswersTheLastCounts) {
  const HttpAnswer answer = AfterBytes(
      "HTTP/1.1 100 Continue\r\nX-No: 1\r\n\r\n"
      "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
      "HTTP/1.1 201 Created\r\nX-Yes: 1\r\nContent-Length: 2\r\n\r\nok");
  EXPECT_FALSE(answer.failure) << answer.error;
  EXPECT_EQ(answer.status, 201);
  EXPECT_EQ(answer.body, "ok");
  EXPECT_THAT(answer.headers, ::testing::ElementsAre(::testing::Pair("x-yes", "1"),
                                                     ::testing::Pair("content-length", "2")));
}

TEST(FailureClassTest, Http10WithoutALengthEndsWithTheConnection) {
  const HttpAnswer answer = AfterBytes("HTTP/1.0 200 OK\r\nX:  spaced \t\r\n\r\nall of it");
  EXPECT_FALSE(answer.failure) << answer.error;
  EXPECT_EQ(answer.body, "all of it");
  EXPECT_THAT(answer.headers, ::testing::ElementsAre(::testing::Pair("x", "spaced")));
}

TEST(FailureClassTest, TrailersAreDropped) {
  const HttpAnswer answer = AfterBytes(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n"
      "2\r\nok\r\n0\r\nX-T: 1\r\n\r\n");
  EXPECT_FALSE(answer.failure) << answer.error;
  EXPECT_EQ(answer.body, "ok");
  for (const auto& [name, value] : answer.headers) EXPECT_NE(name, "x-t");
}

TEST(FailureClassTest, AnAnswerBeforeTheWholeRequestIsTaken) {
  const HttpAnswer answer = AnswerOf(
      [](Peer& peer) {
        peer.ReadHead();
        peer.Send(Answer(413, "too much", "Connection: close\r\n"));
        peer.WaitForClose();
      },
      false, std::string(20 << 20, 'x'));
  EXPECT_FALSE(answer.failure) << answer.error;
  EXPECT_EQ(answer.status, 413);
  EXPECT_EQ(answer.body, "too much");
}

}  // namespace
}  // namespace postrider::testing
