#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <string>

#include "loop_thread.h"
#include "support/hostile_server.h"

namespace postrider::testing {
namespace {

std::string Gzip(const std::string& text) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY);
  std::string packed(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

HttpAnswer AnswerWithin(std::size_t max_response, HostileServer::Script script) {
  HostileServer server(std::move(script));
  LoopThread loop;
  HttpRequest request = Post(server.Url());
  request.max_response = max_response;
  return loop.Fetch(std::move(request));
}

void ExpectTooLarge(const HttpAnswer& answer) {
  EXPECT_EQ(answer.failure, FailureClass::kTooLarge) << answer.error;
  EXPECT_TRUE(answer.maybe_sent);
  EXPECT_THAT(answer.error, ::testing::HasSubstr("too large"));
}

TEST(AnswerLimitsTest, ABodyOfTheLimitIsTaken) {
  const HttpAnswer answer = AnswerWithin(1000, Always(Answer(200, std::string(1000, 'x'))));
  EXPECT_FALSE(answer.failure) << answer.error;
  EXPECT_EQ(answer.body.size(), 1000u);
}

TEST(AnswerLimitsTest, ABodyOfOneMoreIsNot) {
  const HttpAnswer answer = AnswerWithin(1000, Always(Answer(200, std::string(1001, 'x'))));
  ExpectTooLarge(answer);
  EXPECT_EQ(answer.status, 200);
  EXPECT_LE(answer.body.size(), 1000u);
}

TEST(AnswerLimitsTest, ALimitOfZeroTakesAnEmptyBody) {
  EXPECT_FALSE(AnswerWithin(0, Always(Answer(200))).failure);
  ExpectTooLarge(AnswerWithin(0, Always(Answer(200, "x"))));
}

TEST(AnswerLimitsTest, AnEndlessBodyIsCut) {
  ExpectTooLarge(AnswerWithin(100'000, [](Peer& peer) {
    peer.ReadRequest();
    peer.Send("HTTP/1.1 200 OK\r\n\r\n");
    while (peer.Send(std::string(4096, 'x'))) {
    }
  }));
}

TEST(AnswerLimitsTest, AnEndlessChunkedBodyIsCut) {
  ExpectTooLarge(AnswerWithin(100'000, [](Peer& peer) {
    peer.ReadRequest();
    peer.Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    while (peer.Send("3e8\r\n" + std::string(1000, 'x') + "\r\n")) {
    }
  }));
}

TEST(AnswerLimitsTest, GzipAndDeflateAreUnpacked) {
  const std::string text(50'000, 'z');
  const HttpAnswer answer =
      AnswerWithin(50'000, Always(Answer(200, Gzip(text), "Content-Encoding: gzip\r\n")));
  EXPECT_FALSE(answer.failure) << answer.error;
  EXPECT_EQ(answer.body, text);
}

TEST(AnswerLimitsTest, AGzipBombIsCutAtTheLimit) {
  const std::string bomb = Gzip(std::string(64 << 20, '\0'));
  ASSERT_LT(bomb.size(), 200'000u);
  const HttpAnswer answer =
      AnswerWithin(1'000'000, Always(Answer(200, bomb, "Content-Encoding: gzip\r\n")));
  ExpectTooLarge(answer);
  EXPECT_LE(answer.body.capacity(), 2'000'000u);
}

TEST(AnswerLimitsTest, ABombInABombIsCutAtTheLimit) {
  const std::string bomb = Gzip(Gzip(std::string(64 << 20, '\0')));
  ASSERT_LT(bomb.size(), 10'000u);
  ExpectTooLarge(
      AnswerWithin(1'000'000, Always(Answer(200, bomb, "Content-Encoding: gzip, gzip\r\n"))));
}

TEST(AnswerLimitsTest, ManyHeadersAreCut) {
  std::string headers;
  for (int i = 0; i < 198; ++i) headers += "X-" + std::to_string(i) + ": 1\r\n";
  EXPECT_FALSE(AnswerWithin(10, Always(Answer(200, "", headers))).failure);
  for (int i = 0; i < 10; ++i) headers += "Y: 1\r\n";
  ExpectTooLarge(AnswerWithin(10, Always(Answer(200, "", headers))));
}

TEST(AnswerLimitsTest, LargeHeadersAreCut) {
  std::string headers;
  for (int i = 0; i < 20; ++i) headers += "X: " + std::string(20'000, 'x') + "\r\n";
  ExpectTooLarge(AnswerWithin(10, Always(Answer(200, "", headers))));
}

TEST(AnswerLimitsTest, AnEndlessHeaderLineIsCut) {
  const HttpAnswer answer = AnswerWithin(10, [](Peer& peer) {
    peer.ReadRequest();
    peer.Send("HTTP/1.1 200 OK\r\nX: ");
    while (peer.Send(std::string(4096, 'x'))) {
    }
  });
  EXPECT_EQ(answer.failure, FailureClass::kTooLarge) << answer.error;
}

TEST(AnswerLimitsTest, EndlessInterimAnswersAreCut) {
  ExpectTooLarge(AnswerWithin(10, [](Peer& peer) {
    peer.ReadRequest();
    while (peer.Send("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")) {
    }
  }));
}

TEST(AnswerLimitsTest, EndlessTrailersAreCut) {
  ExpectTooLarge(AnswerWithin(10, [](Peer& peer) {
    peer.ReadRequest();
    peer.Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n");
    while (peer.Send("X-Trailer: 1234567890\r\n")) {
    }
  }));
}

}  // namespace
}  // namespace postrider::testing
