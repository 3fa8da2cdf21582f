#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "postrider/message/request_builder.h"
#include "sample_event.h"

namespace postrider {
namespace {

using testing::_;
using testing::Contains;
using testing::Not;
using testing::Pair;

std::string SecretOf(const Secret& secret) {
  if (secret.name == "gone") throw std::runtime_error("cannot read secret 'gone'");
  return "value-of-" + secret.name;
}

HttpSettings With(AuthSettings auth) {
  HttpSettings settings;
  settings.url = "https://partner.example/v1/shipments";
  settings.auth = std::move(auth);
  return settings;
}

BuildResult Build(const HttpSettings& settings, std::optional<TokenHeader> token = std::nullopt) {
  return RequestBuilder(7, settings, SecretOf, "k7f3q2ab", "0.1.0", {.token = std::move(token)})
      .Build(SampleEvent(), 1, std::nullopt);
}

HttpHeaders HeadersOf(const BuildResult& result) { return std::get<HttpRequest>(result).headers; }

TEST(CredentialsTest, SendsABearerToken) {
  EXPECT_THAT(HeadersOf(Build(With(BearerAuth{{Secret::Source::kFile, "T"}}))),
              Contains(Pair("Authorization", "Bearer value-of-T")));
}

TEST(CredentialsTest, SendsUserAndPassword) {
  // base64 of "shop:value-of-P"
  EXPECT_THAT(HeadersOf(Build(With(BasicAuth{"shop", {Secret::Source::kFile, "P"}}))),
              Contains(Pair("Authorization", "Basic c2hvcDp2YWx1ZS1vZi1Q")));
}

TEST(CredentialsTest, ASecretThatCannotBeReadIsOurOwnFault) {
  const BuildResult result = Build(With(BearerAuth{{Secret::Source::kFile, "gone"}}));
  EXPECT_EQ(std::get<BuildFailure>(result).failure, FailureClass::kLocal);
}

TEST(CredentialsTest, SendsTheTokenOfTheMoment) {
  std::optional<std::string> now = "Bearer one";
  const TokenHeader token{"Authorization", [&now] { return now; }};
  EXPECT_THAT(HeadersOf(Build(With(OAuth2Auth{}), token)),
              Contains(Pair("Authorization", "Bearer one")));
  now = "Bearer two";
  EXPECT_THAT(HeadersOf(Build(With(OAuth2Auth{}), token)),
              Contains(Pair("Authorization", "Bearer two")));
}

TEST(CredentialsTest, WithoutATokenNothingIsBuilt) {
  const TokenHeader token{"Authorization", [] { return std::optional<std::string>(); }};
  const BuildResult result = Build(With(OAuth2Auth{}), token);
  EXPECT_EQ(std::get<BuildFailure>(result).failure, FailureClass::kToken);
}

TEST(CredentialsTest, AnEventCannotReplaceTheToken) {
  HttpSettings settings = With(TokenAuth{});
  Event event = SampleEvent();
  event.headers = R"({"cj-access-token": "stolen"})";
  const TokenHeader token{"CJ-Access-Token", [] { return std::optional<std::string>("mine"); }};
  const BuildResult result =
      RequestBuilder(7, settings, SecretOf, "k7f3q2ab", "0.1.0", {.token = token})
          .Build(event, 1, std::nullopt);
  EXPECT_THAT(HeadersOf(result), Contains(Pair("CJ-Access-Token", "mine")));
  EXPECT_THAT(HeadersOf(result), Not(Contains(Pair(_, "stolen"))));
}

TEST(CredentialsTest, AQuestionHasNoBody) {
  HttpSettings settings;
  settings.url = "https://partner.example/v1/shipments/{{key}}";
  settings.method = "GET";
  const BuildResult result =
      RequestBuilder(7, settings, SecretOf, "k7f3q2ab", "0.1.0", {.body = false})
          .Build(SampleEvent(), 1, std::nullopt);
  EXPECT_EQ(std::get<HttpRequest>(result).body, "");
  EXPECT_THAT(HeadersOf(result), Not(Contains(Pair("Content-Type", _))));
}

}  // namespace
}  // namespace postrider
