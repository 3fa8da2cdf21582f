#include "postrider/message/token_call.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <stdexcept>

namespace postrider {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;

constexpr Timestamp kNow{seconds(1700000000)};

std::string SecretOf(const Secret& secret) {
  if (secret.name == "gone") throw std::runtime_error("cannot read secret 'gone'");
  return "value of " + secret.name;
}

Secret Named(const std::string& name) { return {Secret::Source::kEnvironment, name}; }

OAuth2Auth OAuth2() {
  OAuth2Auth auth;
  auth.token_url = "https://login.example/token";
  auth.client_id = "shop";
  auth.client_secret = Named("S");
  return auth;
}

TokenAuth Token() {
  TokenAuth auth;
  auth.url = "https://partner.example/authentication/getAccessToken";
  auth.fields = {{"email", "shop@example.org"}, {"apiKey", Named("KEY")}};
  auth.token = "/data/accessToken";
  auth.expires = "/data/accessTokenExpiryDate";
  auth.header = "CJ-Access-Token";
  auth.prefix = "";
  return auth;
}

TokenCall Call(const AuthSettings& auth) { return TokenCall(auth, {}, SecretOf, "0.1.0"); }

HttpRequest Build(const AuthSettings& auth) { return std::get<HttpRequest>(Call(auth).Build()); }

HttpAnswer Answer(const std::string& body, int status = 200) {
  HttpAnswer answer;
  answer.status = status;
  answer.body = body;
  return answer;
}

std::string WhyNot(const AuthSettings& auth, const HttpAnswer& answer) {
  const auto result = Call(auth).Read(answer, kNow);
  const auto* reason = std::get_if<std::string>(&result);
  return reason == nullptr ? "it is one" : *reason;
}

IssuedToken Read(const AuthSettings& auth, const std::string& body) {
  return std::get<IssuedToken>(Call(auth).Read(Answer(body), kNow));
}

TEST(TokenCallTest, AsksForClientCredentialsWithBasicAuthorization) {
  OAuth2Auth auth = OAuth2();
  auth.scope = "ship read";
  const HttpRequest request = Build(auth);
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url, "https://login.example/token");
  EXPECT_EQ(request.body, "grant_type=client_credentials&scope=ship%20read");
  EXPECT_THAT(request.headers, Contains(Pair("Content-Type", "application/x-www-form-urlencoded")));
  // base64 of "shop:value%20of%20S": id and secret are encoded as in a form first.
  EXPECT_THAT(request.headers,
              Contains(Pair("Authorization", "Basic c2hvcDp2YWx1ZSUyMG9mJTIwUw==")));
}

TEST(TokenCallTest, SendsClientCredentialsInTheBodyWhenToldTo) {
  OAuth2Auth auth = OAuth2();
  auth.in_body = true;
  const HttpRequest request = Build(auth);
  EXPECT_THAT(request.body, HasSubstr("client_id=shop"));
  EXPECT_THAT(request.body, HasSubstr("client_secret=value%20of%20S"));
  EXPECT_THAT(request.headers, Not(Contains(Pair("Authorization", testing::_))));
}

TEST(TokenCallTest, SendsAPartnersOwnFieldsAsJson) {
  const HttpRequest request = Build(Token());
  EXPECT_EQ(nlohmann::json::parse(request.body),
            nlohmann::json({{"email", "shop@example.org"}, {"apiKey", "value of KEY"}}));
  EXPECT_THAT(request.headers, Contains(Pair("Content-Type", "application/json")));
}

TEST(TokenCallTest, ACallWithoutFieldsHasNoBody) {
  TokenAuth auth = Token();
  auth.method = "GET";
  auth.fields.clear();
  const HttpRequest request = Build(auth);
  EXPECT_EQ(request.body, "");
  EXPECT_THAT(request.headers, Not(Contains(Pair("Content-Type", testing::_))));
}

TEST(TokenCallTest, ASecretThatCannotBeReadIsOurOwnFault) {
  TokenAuth auth = Token();
  auth.fields["apiKey"] = Named("gone");
  const BuildResult result = Call(auth).Build();
  const auto& failure = std::get<BuildFailure>(result);
  EXPECT_EQ(failure.failure, FailureClass::kLocal);
  EXPECT_THAT(failure.message, HasSubstr("gone"));
}

TEST(TokenCallTest, CountsTheLifeFromTheBeginOfTheCall) {
  const IssuedToken token = Read(OAuth2(), R"({"access_token": "abc", "expires_in": 3600})");
  EXPECT_EQ(token.header, "Bearer abc");
  EXPECT_EQ(token.ends_at, kNow + seconds(3600));
}

TEST(TokenCallTest, TakesSecondsInQuotes) {
  EXPECT_EQ(Read(OAuth2(), R"({"access_token": "abc", "expires_in": "60"})").ends_at,
            kNow + seconds(60));
}

TEST(TokenCallTest, TakesATimeWithAZone) {
  const IssuedToken token = Read(Token(), R"({"data": {"accessToken": "abc",
      "accessTokenExpiryDate": "2023-11-15T06:13:20+08:00"}})");
  EXPECT_EQ(token.header, "abc");
  EXPECT_EQ(token.ends_at, kNow);
}

TEST(TokenCallTest, ATokenWhoseLifeIsNotSaidLivesAsLongAsConfigured) {
  TokenAuth auth = Token();
  auth.lifetime = seconds(900);
  EXPECT_EQ(Read(auth, R"({"data": {"accessToken": "abc"}})").ends_at, kNow + seconds(900));
}

TEST(TokenCallTest, AnAbsurdLifeIsBounded) {
  EXPECT_EQ(Read(OAuth2(), R"({"access_token": "abc", "expires_in": 1e300})").ends_at,
            kNow + seconds(10LL * 365 * 86400));
}

TEST(TokenCallTest, SaysWhyThereIsNoToken) {
  EXPECT_EQ(WhyNot(OAuth2(), Answer("no", 401)), "status 401");
  EXPECT_EQ(WhyNot(OAuth2(), Answer("no")), "the answer is not JSON");
  EXPECT_EQ(WhyNot(OAuth2(), Answer("{}")), "the answer has no text at /access_token");
  EXPECT_EQ(WhyNot(OAuth2(), Answer(R"({"access_token": ""})")),
            "the answer has no text at /access_token");
  EXPECT_EQ(WhyNot(OAuth2(), Answer(R"({"access_token": "a\r\nb"})")),
            "the token holds a line end or control character");
  EXPECT_EQ(WhyNot(OAuth2(), Answer(R"({"access_token": "a", "expires_in": "soon"})")),
            "the answer has no seconds and no time with a zone at /expires_in");
}

TEST(TokenCallTest, ACallThatFailedSaysHow) {
  HttpAnswer answer;
  answer.failure = FailureClass::kConnect;
  answer.error = "connection refused";
  EXPECT_EQ(WhyNot(OAuth2(), answer), "connection refused");
}

TEST(TokenCallTest, RefusesAPointerThatIsNone) {
  TokenAuth auth = Token();
  auth.token = "accessToken";
  EXPECT_THROW(Call(auth), std::invalid_argument);
}

}  // namespace
}  // namespace postrider
