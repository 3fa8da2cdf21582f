#include <atomic>
#include <fstream>

#include "faults/faults_fixture.h"
#include "faults/partner.h"

namespace postrider::test {
namespace {

/// Gives tokens `token-1`, `token-2`, ..., each after a call.
class TokenIssuer {
 public:
  explicit TokenIssuer(std::string life = "3600")
      : server_([this, life = std::move(life)](postrider::testing::Peer& peer) {
          while (const auto request = peer.ReadRequest()) {
            const std::string token = "token-" + std::to_string(++calls);
            const std::string body = status == 200 ? R"({"access_token": ")" + token +
                                                         R"(", "expires_in": )" + life + "}"
                                                   : "{}";
            if (!peer.Send(postrider::testing::Answer(status, body))) return;
          }
        }) {}

  std::string Url() const { return server_.Url("/token"); }

  std::atomic<int> calls{0};
  std::atomic<int> status{200};

 private:
  postrider::testing::HostileServer server_;
};

std::string BearerOf(const RawRequest& request) {
  return request.Header("Authorization").value_or("");
}

class CredentialsTest : public FaultsTest {
 protected:
  void WriteKey(const std::string& key) {
    std::ofstream(scratch_.path() / "key.new") << key;
    std::filesystem::rename(scratch_.path() / "key.new", scratch_.path() / "key");
  }
  ShopConfig WithAuth(const std::string& url, const std::string& auth) {
    return Config({{.name = "cj", .url = url, .http = "auth: " + auth}});
  }
  ShopConfig WithTokens(const std::string& url, const TokenIssuer& issuer) {
    setenv("CLIENT_SECRET", "hidden", 1);
    return WithAuth(url, "{oauth2: {token_url: '" + issuer.Url() +
                             "', client_id: shop, client_secret: {env: CLIENT_SECRET}}}");
  }
};

TEST_F(CredentialsTest, ARenewedKeyEndsTheHoldAtOnceAndNoAttemptIsLost) {
  std::string good = "Bearer old";
  Partner partner([&](const RawRequest& request) { return BearerOf(request) == good ? 200 : 401; });
  WriteKey("old");
  RelayProcess& relay = StartReadyRelay(
      WithAuth(partner.Url(), "{bearer: {file: '" + (scratch_.path() / "key").string() + "'}}"));
  const EventId first = shop_.Insert({});
  ASSERT_TRUE(Becomes(first, "cj", "delivered"));
  partner.Answer(
      [](const RawRequest& request) { return BearerOf(request) == "Bearer new" ? 200 : 401; });
  const EventId second = shop_.Insert({});
  ASSERT_TRUE(Eventually([&] { return relay.Logged("credentials_refused"); }));
  shop_.InsertMany(20);
  WriteKey("new");
  // Far sooner than the next probe, which would come after 30 s.
  EXPECT_TRUE(DeliveredReaches(22, seconds(15)));
  EXPECT_EQ(shop_.Delivery("attempts", second, "cj"), "1");
  EXPECT_LE(partner.Of(second).size(), 4U);
}

TEST_F(CredentialsTest, ATokenIsFetchedOnceForAllRequests) {
  TokenIssuer issuer;
  Partner partner(
      [](const RawRequest& request) { return BearerOf(request) == "Bearer token-1" ? 200 : 401; });
  ShopConfig config = WithTokens(partner.Url(), issuer);
  config.destinations[0].settings = {"shards: 4"};
  StartReadyRelay(config);
  shop_.InsertMany(200, "shipment.requested", 50);
  EXPECT_TRUE(DeliveredReaches(200));
  EXPECT_EQ(issuer.calls, 1);
}

TEST_F(CredentialsTest, ARejectedTokenIsFetchedAnewAndNoAttemptIsLost) {
  TokenIssuer issuer;
  Partner partner;
  StartReadyRelay(WithTokens(partner.Url(), issuer));
  ASSERT_TRUE(Becomes(shop_.Insert({}), "cj", "delivered"));
  // A token that came less than 30 s ago is not fetched again at once, but it is.
  partner.Answer(
      [](const RawRequest& request) { return BearerOf(request) == "Bearer token-2" ? 200 : 401; });
  const EventId event = shop_.Insert({});
  EXPECT_TRUE(Becomes(event, "cj", "delivered", seconds(60)));
  EXPECT_EQ(shop_.Delivery("attempts", event, "cj"), "1");
  EXPECT_EQ(issuer.calls, 2);
}

TEST_F(CredentialsTest, ATokenIsRenewedBeforeItEnds) {
  TokenIssuer issuer("5");
  Partner partner;
  StartReadyRelay(WithTokens(partner.Url(), issuer));
  EXPECT_TRUE(Eventually([&] { return issuer.calls >= 3; }));
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(Becomes(shop_.Insert({}), "cj", "delivered"));
}

TEST_F(CredentialsTest, WithoutATokenNothingIsSentAndNoAttemptIsCharged) {
  TokenIssuer issuer;
  issuer.status = 503;
  Partner partner;
  RelayProcess& relay = StartRelay(WithTokens(partner.Url(), issuer));
  const EventId event = shop_.Insert({});
  ASSERT_TRUE(Eventually([&] { return relay.Log("token_refused").size() >= 2; }));
  EXPECT_TRUE(partner.Requests().empty());
  EXPECT_NE(shop_.State(event, "cj"), "dead");
  issuer.status = 200;
  EXPECT_TRUE(Becomes(event, "cj", "delivered"));
  EXPECT_EQ(shop_.Delivery("attempts", event, "cj"), "1");
  EXPECT_EQ(relay.LogTail().find("hidden"), std::string::npos);
}

}  // namespace
}  // namespace postrider::test
