#include "postrider/message/request_builder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "sample_event.h"

namespace postrider {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;

std::string NoSecret(const Secret& secret) {
  throw std::runtime_error("cannot read secret '" + secret.name + "'");
}

HttpSettings PlainSettings() {
  HttpSettings settings;
  settings.url = "https://partner.example/v1/shipments";
  return settings;
}

BuildResult BuildAny(const HttpSettings& settings, const Event& event,
                     const SecretResolver& resolver = NoSecret) {
  return RequestBuilder(7, settings, resolver, "k7f3q2ab", "0.1.0").Build(event, 2, std::nullopt);
}

HttpRequest Build(const HttpSettings& settings, const Event& event,
                  const SecretResolver& resolver = NoSecret) {
  BuildResult result = BuildAny(settings, event, resolver);
  if (const auto* failure = std::get_if<BuildFailure>(&result)) {
    ADD_FAILURE() << failure->message;
    return {};
  }
  return std::get<HttpRequest>(std::move(result));
}

std::optional<std::string> HeaderOf(const HttpRequest& request, const std::string& name) {
  std::optional<std::string> found;
  for (const auto& [header, value] : request.headers) {
    if (header != name) continue;
    EXPECT_FALSE(found) << name << " is sent twice";
    found = value;
  }
  return found;
}

TEST(RequestBuilderTest, SendsTheBodyWithPostridersHeaders) {
  const HttpRequest request = Build(PlainSettings(), SampleEvent());
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url, "https://partner.example/v1/shipments");
  EXPECT_EQ(request.body, R"({"order_id": 42})");
  EXPECT_THAT(
      request.headers,
      ElementsAre(Pair("Content-Type", "application/json"), Pair("User-Agent", "postrider/0.1.0"),
                  Pair("Idempotency-Key", "k7f3q2ab-4711-gqll7vatq8-7"),
                  Pair("Postrider-Event", "4711"), Pair("Postrider-Topic", "shipment.requested"),
                  Pair("Postrider-Attempt", "2")));
}

TEST(RequestBuilderTest, PassesTheLimitsOfTheDestinationOn) {
  HttpSettings settings = PlainSettings();
  settings.method = "PUT";
  settings.connect_timeout = milliseconds(11);
  settings.timeout = milliseconds(22);
  settings.max_response = 33;
  settings.pool.idle = seconds(44);
  const HttpRequest request = Build(settings, SampleEvent());
  EXPECT_EQ(request.method, "PUT");
  EXPECT_EQ(request.connect_timeout, milliseconds(11));
  EXPECT_EQ(request.timeout, milliseconds(22));
  EXPECT_EQ(request.max_response, 33U);
  EXPECT_EQ(request.idle, seconds(44));
}

TEST(RequestBuilderTest, AppendsTheRunToANewKey) {
  const RequestBuilder builder(7, PlainSettings(), NoSecret, "k7f3q2ab", "0.1.0");
  const BuildResult result = builder.Build(SampleEvent(), 1, 3);
  ASSERT_TRUE(std::holds_alternative<HttpRequest>(result));
  EXPECT_EQ(HeaderOf(std::get<HttpRequest>(result), "Idempotency-Key"),
            "k7f3q2ab-4711-gqll7vatq8-7-3");
}

TEST(RequestBuilderTest, TellsTheContentTypeOfABody) {
  Event event = SampleEvent();
  event.body_is_payload = false;
  EXPECT_EQ(HeaderOf(Build(PlainSettings(), event), "Content-Type"), "application/octet-stream");
  event.content_type = "text/xml; charset=euc-kr";
  EXPECT_EQ(HeaderOf(Build(PlainSettings(), event), "Content-Type"), "text/xml; charset=euc-kr");
}

TEST(RequestBuilderTest, SendsNoContentTypeWithAnEmptyBody) {
  Event event = SampleEvent();
  event.body.clear();
  EXPECT_EQ(HeaderOf(Build(PlainSettings(), event), "Content-Type"), std::nullopt);
}

TEST(RequestBuilderTest, LetsTheEventReplaceAndAddHeaders) {
  Event event = SampleEvent();
  event.headers = R"({"content-type": "application/cloudevents+json", "traceparent": "00-a"})";
  const HttpRequest request = Build(PlainSettings(), event);
  EXPECT_EQ(HeaderOf(request, "Content-Type"), std::nullopt);
  EXPECT_EQ(HeaderOf(request, "content-type"), "application/cloudevents+json");
  EXPECT_EQ(HeaderOf(request, "traceparent"), "00-a");
}

TEST(RequestBuilderTest, LetsTheDestinationWin) {
  HttpSettings settings = PlainSettings();
  settings.headers["USER-AGENT"] = HeaderValue("shop/1");
  settings.headers["X-Shop"] = HeaderValue("seoul");
  Event event = SampleEvent();
  event.headers = R"({"x-shop": "busan", "user-agent": "me"})";
  const HttpRequest request = Build(settings, event);
  EXPECT_EQ(HeaderOf(request, "USER-AGENT"), "shop/1");
  EXPECT_EQ(HeaderOf(request, "User-Agent"), std::nullopt);
  EXPECT_EQ(HeaderOf(request, "user-agent"), std::nullopt);
  EXPECT_EQ(HeaderOf(request, "X-Shop"), "seoul");
  EXPECT_EQ(HeaderOf(request, "x-shop"), std::nullopt);
}

TEST(RequestBuilderTest, LeavesOutWhatTheDestinationDoesNotWant) {
  HttpSettings settings = PlainSettings();
  settings.headers["postrider-topic"] = std::nullopt;
  settings.headers["Idempotency-Key"] = std::nullopt;
  settings.headers["X-Internal"] = std::nullopt;
  Event event = SampleEvent();
  event.headers = R"({"x-internal": "1"})";
  const HttpRequest request = Build(settings, event);
  EXPECT_EQ(HeaderOf(request, "Postrider-Topic"), std::nullopt);
  EXPECT_EQ(HeaderOf(request, "Idempotency-Key"), std::nullopt);
  EXPECT_EQ(HeaderOf(request, "x-internal"), std::nullopt);
}

TEST(RequestBuilderTest, KeepsQuietWhenNotToAnnounce) {
  HttpSettings settings = PlainSettings();
  settings.announce = false;
  settings.idempotency.header.clear();
  EXPECT_THAT(
      Build(settings, SampleEvent()).headers,
      ElementsAre(Pair("Content-Type", "application/json"), Pair("User-Agent", "postrider/0.1.0")));
}

TEST(RequestBuilderTest, DoesNotLetAnEventChangeTheKey) {
  HttpSettings settings = PlainSettings();
  settings.idempotency.header = "X-Request-Id";
  Event event = SampleEvent();
  event.headers = R"({"x-request-id": "mine"})";
  const HttpRequest request = Build(settings, event);
  EXPECT_EQ(HeaderOf(request, "X-Request-Id"), "k7f3q2ab-4711-gqll7vatq8-7");
  EXPECT_EQ(HeaderOf(request, "x-request-id"), std::nullopt);
}

TEST(RequestBuilderTest, LetsTheLastOfEqualHeadersOfTheEventHold) {
  Event event = SampleEvent();
  event.headers = R"({"x-a": "1", "X-A": "2"})";
  const HttpRequest request = Build(PlainSettings(), event);
  EXPECT_EQ(HeaderOf(request, "x-a"), std::nullopt);
  EXPECT_EQ(HeaderOf(request, "X-A"), "2");
}

TEST(RequestBuilderTest, RefusesHeadersThatWouldBreakTheRequest) {
  for (const char* headers : {"[]", "{", R"({"a": 1})", R"({"a": "x\r\nHost: evil"})",
                              R"({"a b": "x"})", R"({"": "x"})", R"({"a": "x\u0000"})"}) {
    Event event = SampleEvent();
    event.headers = headers;
    const BuildResult result = BuildAny(PlainSettings(), event);
    ASSERT_TRUE(std::holds_alternative<BuildFailure>(result)) << headers;
    EXPECT_EQ(std::get<BuildFailure>(result).failure, FailureClass::kTemplate);
  }
}

TEST(RequestBuilderTest, ReadsSecretsForEveryRequest) {
  HttpSettings settings = PlainSettings();
  settings.headers["X-Api-Key"] = HeaderValue(Secret{Secret::Source::kFile, "/run/secrets/cj"});
  int reads = 0;
  const RequestBuilder builder(
      7, settings,
      [&reads](const Secret& secret) {
        EXPECT_EQ(secret.name, "/run/secrets/cj");
        return "key" + std::to_string(++reads);
      },
      "k7f3q2ab", "0.1.0");
  for (const char* expected : {"key1", "key2"}) {
    const BuildResult result = builder.Build(SampleEvent(), 1, std::nullopt);
    ASSERT_TRUE(std::holds_alternative<HttpRequest>(result));
    EXPECT_EQ(HeaderOf(std::get<HttpRequest>(result), "X-Api-Key"), expected);
  }
}

TEST(RequestBuilderTest, TakesAnUnreadableSecretAsOurOwnFault) {
  HttpSettings settings = PlainSettings();
  settings.headers["X-Api-Key"] = HeaderValue(Secret{Secret::Source::kEnvironment, "CJ_KEY"});
  const BuildResult result = BuildAny(settings, SampleEvent());
  ASSERT_TRUE(std::holds_alternative<BuildFailure>(result));
  EXPECT_EQ(std::get<BuildFailure>(result).failure, FailureClass::kLocal);
  EXPECT_THAT(std::get<BuildFailure>(result).message, HasSubstr("CJ_KEY"));
}

TEST(RequestBuilderTest, RefusesASecretOfSeveralLinesWithoutShowingIt) {
  HttpSettings settings = PlainSettings();
  settings.headers["X-Api-Key"] = HeaderValue(Secret{Secret::Source::kEnvironment, "CJ_KEY"});
  const BuildResult result =
      BuildAny(settings, SampleEvent(), [](const Secret&) { return "hush\r\nX-Evil: 1"; });
  ASSERT_TRUE(std::holds_alternative<BuildFailure>(result));
  EXPECT_EQ(std::get<BuildFailure>(result).failure, FailureClass::kLocal);
  EXPECT_THAT(std::get<BuildFailure>(result).message, Not(HasSubstr("hush")));
}

TEST(RequestBuilderTest, FailsWithTheClassTemplateWhenAVariableIsMissing) {
  HttpSettings settings = PlainSettings();
  settings.url = "https://partner.example/v1/{{payload.shipment.id}}";
  const BuildResult result = BuildAny(settings, SampleEvent());
  ASSERT_TRUE(std::holds_alternative<BuildFailure>(result));
  EXPECT_EQ(std::get<BuildFailure>(result).failure, FailureClass::kTemplate);
  EXPECT_THAT(std::get<BuildFailure>(result).message, HasSubstr("payload.shipment.id"));
}

TEST(RequestBuilderTest, SendsNothingInsteadOfABodyThatIsNotLoaded) {
  Event event = SampleEvent();
  event.body.clear();
  event.body_deferred = true;
  const BuildResult result = BuildAny(PlainSettings(), event);
  ASSERT_TRUE(std::holds_alternative<BuildFailure>(result));
  EXPECT_EQ(std::get<BuildFailure>(result).failure, FailureClass::kLocal);
}

TEST(RequestBuilderTest, RefusesSettingsThatCannotBeSent) {
  HttpSettings settings = PlainSettings();
  settings.headers["Bad Name"] = HeaderValue("x");
  EXPECT_THROW(BuildAny(settings, SampleEvent()), std::invalid_argument);
  settings = PlainSettings();
  settings.headers["X-A"] = HeaderValue("x\ny");
  EXPECT_THROW(BuildAny(settings, SampleEvent()), std::invalid_argument);
  settings = PlainSettings();
  settings.url = "https://{{key}}/";
  EXPECT_THROW(BuildAny(settings, SampleEvent()), std::invalid_argument);
}

}  // namespace
}  // namespace postrider
