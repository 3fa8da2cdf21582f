#include <gtest/gtest.h>

#include <string>
#include <variant>

#include "loading.h"
#include "postrider/config/effective.h"

namespace postrider {
namespace {

const std::string kHead = "destinations:\n  d:\n    topics: [a]\n";

/// The destination of a file without errors; a second reading of what is shown of it is the same.
DestinationSettings LoadOne(const std::string& yaml) {
  const LoadedConfig config = LoadConfigText(kHead + yaml, "p.yaml", Variables());
  EXPECT_EQ(FormatErrors(config.errors), "");
  const std::string shown = RenderEffective(config.settings);
  const LoadedConfig again = LoadConfigText(shown, "again.yaml", Variables());
  EXPECT_EQ(FormatErrors(again.errors), "") << shown;
  EXPECT_EQ(RenderEffective(again.settings), shown);
  return config.settings.destinations.at(0);
}

TEST(PartnerLoadTest, EndpointsHaveHeadersAndAuthOfTheirOwn) {
  const HttpSettings http = LoadOne(R"(
    http:
      headers: {X-Api-Key: {env: A}}
      endpoints:
        - {url: "https://a.example/{{key}}", headers: {X-Only: first}}
        - "https://b.example/{{key}}"
        - {url: "https://c.example/{{key}}", auth: {bearer: {env: B}}}
)")
                                .http;
  EXPECT_EQ(http.url, "https://a.example/{{key}}");
  EXPECT_EQ(http.primary.headers.count("X-Only"), 1U);
  EXPECT_EQ(http.headers.count("X-Only"), 0U);
  ASSERT_EQ(http.fallbacks.size(), 2U);
  EXPECT_EQ(http.fallbacks[0].url, "https://b.example/{{key}}");
  EXPECT_TRUE(std::holds_alternative<BearerAuth>(http.fallbacks[1].auth));
}

TEST(PartnerLoadTest, ClientCredentials) {
  const HttpSettings http = LoadOne(R"(
    http:
      url: "https://a.example/"
      auth:
        oauth2: {token_url: "https://login.example/token", client_id: shop, client_secret: {env: A},
                 scope: "ship read", credentials: body}
)")
                                .http;
  const auto& auth = std::get<OAuth2Auth>(http.auth);
  EXPECT_EQ(auth.client_id, "shop");
  EXPECT_EQ(auth.scope, "ship read");
  EXPECT_TRUE(auth.in_body);
}

TEST(PartnerLoadTest, APartnersOwnToken) {
  const HttpSettings http = LoadOne(R"(
    http:
      url: "https://a.example/"
      auth:
        token: {url: "https://a.example/token", json: {email: a@b.example, key: {env: A}},
                token: /data/accessToken, expires: /data/accessTokenExpiryDate, lifetime: 15d,
                header: CJ-Access-Token, prefix: ""}
)")
                                .http;
  const auto& auth = std::get<TokenAuth>(http.auth);
  EXPECT_EQ(auth.fields.size(), 2U);
  EXPECT_FALSE(auth.form);
  EXPECT_EQ(auth.lifetime, std::chrono::hours(15 * 24));
  EXPECT_EQ(auth.header, "CJ-Access-Token");
  EXPECT_EQ(auth.prefix, "");
}

TEST(PartnerLoadTest, AVerificationThatIsNotUsedIsAWarning) {
  const LoadedConfig config = LoadConfigText(kHead + R"(
    http: {url: "https://a.example/"}
    after_unknown: resend
    verify: {url: "https://a.example/{{key}}"}
)",
                                             "p.yaml", Variables());
  EXPECT_EQ(FormatErrors(config.errors), "");
  EXPECT_EQ(FormatErrors(config.warnings),
            "p.yaml:7:13: destinations.d.verify: is not used: only after_unknown: verify asks the "
            "partner\n");
}

TEST(PartnerLoadTest, Verification) {
  const DestinationSettings settings = LoadOne(R"(
    http: {url: "https://a.example/"}
    after_unknown: verify
    verify: {url: "https://a.example/{{key}}", after: 20s, missing: [404, 410]}
)");
  EXPECT_EQ(settings.after_unknown, AfterUnknown::kVerify);
  ASSERT_TRUE(settings.verify);
  EXPECT_EQ(settings.verify->url, "https://a.example/{{key}}");
  EXPECT_EQ(settings.verify->after, seconds(20));
  EXPECT_EQ(settings.verify->missing, (std::vector<std::string>{"404", "410"}));
}

}  // namespace
}  // namespace postrider
