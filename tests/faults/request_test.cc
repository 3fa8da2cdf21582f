#include <algorithm>
#include <string>

#include "faults/faults_fixture.h"
#include "faults/partner.h"

namespace postrider::test {
namespace {

using ::testing::MatchesRegex;
using ::testing::Optional;
using ::testing::StartsWith;

/// One relay with one partner that takes everything.
class RequestTest : public FaultsTest {
 protected:
  void Serve(const std::string& http = "") {
    StartReadyRelay(Config({{.name = "cj", .url = partner_.Url("/cj"), .http = http}}));
  }

  /// The only request for a new event.
  RawRequest Sent(const Draft& draft) {
    const EventId event = shop_.Insert(draft);
    EXPECT_TRUE(Becomes(event, "cj", "delivered"));
    const auto requests = partner_.Of(event);
    EXPECT_EQ(requests.size(), 1);
    return requests.empty() ? RawRequest{} : requests.front();
  }

  Partner partner_;
};

TEST_F(RequestTest, HasTheHeadersOfTheContractAndNoOthers) {
  Serve();
  const RawRequest request = Sent({.topic = "shipment.requested"});
  EXPECT_THAT(request.head, StartsWith("POST /cj HTTP/1.1\r\n"));
  EXPECT_EQ(request.Header("Host"), partner_.Url("").substr(7));
  EXPECT_EQ(request.Header("Content-Type"), "application/json");
  EXPECT_THAT(request.Header("User-Agent"), Optional(MatchesRegex("postrider/[0-9.]+")));
  EXPECT_THAT(request.Header("Postrider-Event"), Optional(MatchesRegex("[0-9]+")));
  EXPECT_EQ(request.Header("Postrider-Topic"), "shipment.requested");
  EXPECT_EQ(request.Header("Postrider-Attempt"), "1");
  EXPECT_EQ(request.Header("Content-Length"), std::to_string(request.body.size()));
  EXPECT_TRUE(request.Header("Accept-Encoding"));
  EXPECT_EQ(std::count(request.head.begin(), request.head.end(), '\n'), 10) << request.head;
}

TEST_F(RequestTest, TheIdempotencyKeyNamesInstallationEventTimeAndDestination) {
  Serve();
  const RawRequest request = Sent({});
  const std::string event = request.Header("Postrider-Event").value_or("");
  const std::string key = request.Header("Idempotency-Key").value_or("");
  EXPECT_THAT(key, MatchesRegex("[a-z0-9]{8}-" + event + "-[0-9a-z]+-[0-9]+"));
  EXPECT_LE(key.size(), 48);
  EXPECT_THAT(key, StartsWith(shop_.Ask("SELECT name FROM outbox.installation")));
  const std::string time = key.substr(8 + 1 + event.size() + 1);
  EXPECT_EQ(
      std::to_string(std::stoll(time.substr(0, time.find('-')), nullptr, 36)),
      shop_.Ask("SELECT (extract(epoch FROM recorded_at) * 1000000)::bigint FROM outbox.event"));
}

TEST_F(RequestTest, TheRowsHeadersAreSentAndTheDestinationsWin) {
  Serve("headers: {X-Channel: config, Postrider-Topic: null, X-Secret: \"s3\"}");
  const RawRequest request =
      Sent({.headers = R"({"traceparent": "00-abc-def-01", "x-channel": "row"})"});
  EXPECT_EQ(request.Header("traceparent"), "00-abc-def-01");
  EXPECT_EQ(request.CountHeader("X-Channel"), 1);
  EXPECT_EQ(request.Header("X-Channel"), "config");
  EXPECT_EQ(request.Header("X-Secret"), "s3");
  EXPECT_FALSE(request.Header("Postrider-Topic"));
}

TEST_F(RequestTest, TheBodyIsThePayloadByteForByte) {
  Serve();
  for (const std::string& payload :
       {std::string("{ \"b\" :1,\n\t\"a\": [ 1.50, 1e3 ],\"b\":2 }"),
        std::string("\"\\u00e9 \xc3\xa9 \xe2\x82\xac \xf0\x9f\x9a\x9a\""), std::string(" 42 "),
        '"' + std::string(1024 * 1024, 'x') + '"', std::string("null")}) {
    EXPECT_TRUE(Sent({.payload = payload}).body == payload) << payload.substr(0, 80);
  }
}

TEST_F(RequestTest, ABodyThatIsNotJsonIsSentAsItIs) {
  Serve();
  const std::string bytes("\0\xff\r\n\0end", 8);
  const RawRequest typed = Sent({.body = bytes, .content_type = "application/x-shipment"});
  EXPECT_EQ(typed.body, bytes);
  EXPECT_EQ(typed.Header("Content-Type"), "application/x-shipment");
  EXPECT_EQ(Sent({.body = bytes}).Header("Content-Type"), "application/octet-stream");
}

TEST_F(RequestTest, WithoutPayloadTheBodyIsEmpty) {
  Serve();
  const RawRequest request = Sent({.payload = std::nullopt});
  EXPECT_EQ(request.body, "");
  EXPECT_EQ(request.Header("Content-Length"), "0");
  EXPECT_FALSE(request.Header("Content-Type"));
}

TEST_F(RequestTest, APayloadOfTwentyMegabytesIsSent) {
  Serve();
  std::string payload = '"' + std::string(20 * 1024 * 1024, 'x') + '"';
  payload[payload.size() / 2] = 'y';
  EXPECT_TRUE(Sent({.payload = payload}).body == payload);
}

TEST_F(RequestTest, TheUrlIsMadeOfTheEvent) {
  StartReadyRelay(Config(
      {{.name = "cj", .url = partner_.Url("/v1/{{topic}}/{{key}}?o={{payload.order_id}}")}}));
  const RawRequest request = Sent({.key = "a/b c"});
  EXPECT_EQ(PathOf(request), "/v1/shipment.requested/a%2Fb%20c?o=42");
}

TEST_F(RequestTest, EveryDestinationGetsItsOwn) {
  StartReadyRelay(Config({{.name = "cj", .url = partner_.Url("/cj")},
                          {.name = "kakao", .url = partner_.Url("/kakao")}}));
  const EventId event = shop_.Insert({});
  ASSERT_TRUE(Becomes(event, "cj", "delivered"));
  ASSERT_TRUE(Becomes(event, "kakao", "delivered"));
  const auto cj = partner_.Of(event, "/cj");
  const auto kakao = partner_.Of(event, "/kakao");
  ASSERT_EQ(cj.size(), 1);
  ASSERT_EQ(kakao.size(), 1);
  EXPECT_NE(cj[0].Header("Idempotency-Key"), kakao[0].Header("Idempotency-Key"));
}

}  // namespace
}  // namespace postrider::test
