#include "url_template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "sample_event.h"

namespace postrider {
namespace {

using testing::HasSubstr;

std::variant<std::string, BuildFailure> RenderAny(const std::string& text, const Event& event,
                                                  const HttpHeaders& headers = {}) {
  return UrlTemplate(text).Render({event, headers, 3, "k7f3q2ab-4711-abc-1"});
}

std::string Render(const std::string& text, const Event& event = SampleEvent(),
                   const HttpHeaders& headers = {}) {
  const auto result = RenderAny(text, event, headers);
  const auto* url = std::get_if<std::string>(&result);
  return url != nullptr ? *url : "failure: " + std::get<BuildFailure>(result).message;
}

Event WithPayload(const std::string& payload) {
  Event event = SampleEvent();
  event.body = payload;
  return event;
}

Event WithKey(const std::string& key) {
  Event event = SampleEvent();
  event.key = key;
  return event;
}

TEST(UrlTemplateTest, LeavesAPlainUrlAlone) {
  EXPECT_EQ(Render("https://host/a%20b?x=1&y=.."), "https://host/a%20b?x=1&y=..");
}

TEST(UrlTemplateTest, FillsInEveryVariable) {
  EXPECT_EQ(Render("https://h/{{id}}/{{topic}}/{{key}}?n={{attempt}}&k={{idempotency_key}}"),
            "https://h/4711/shipment.requested/order-42?n=3&k=k7f3q2ab-4711-abc-1");
  EXPECT_EQ(Render("https://h/{{payload.order_id}}"), "https://h/42");
  EXPECT_EQ(Render("https://h/{{headers.X-Shop}}", SampleEvent(), {{"x-shop", "seoul"}}),
            "https://h/seoul");
}

TEST(UrlTemplateTest, AllowsSpacesInTagsAndComments) {
  EXPECT_EQ(Render("https://h/{{ key }}{{! which order }}/x"), "https://h/order-42/x");
}

TEST(UrlTemplateTest, PercentEncodesAllButUnreservedCharacters) {
  EXPECT_EQ(Render("https://h/{{key}}", WithKey("a/b?c=d&e#f g%~-._\n")),
            "https://h/a%2Fb%3Fc%3Dd%26e%23f%20g%25~-._%0A");
  EXPECT_EQ(Render("https://h/{{key}}", WithKey("\uC11C\uC6B8")), "https://h/%EC%84%9C%EC%9A%B8");
}

TEST(UrlTemplateTest, InsertsTripleBracesAsTheyAre) {
  EXPECT_EQ(Render("https://h/{{{key}}}", WithKey("a/b?c=d")), "https://h/a/b?c=d");
  EXPECT_EQ(Render("https://h/{{&key}}", WithKey("a/b")), "https://h/a/b");
}

TEST(UrlTemplateTest, RefusesWhatWouldBreakTheRequestLine) {
  for (const char* key : {"a\r\nHost: evil", "a b", "a\tb", "a\x7f"}) {
    EXPECT_THAT(Render("https://h/{{{key}}}", WithKey(key)), HasSubstr("failure: variable 'key'"));
  }
}

TEST(UrlTemplateTest, RefusesToStepOutOfItsDirectory) {
  for (const char* key : {"..", ".", "%2e%2E", ".%2e"}) {
    EXPECT_THAT(Render("https://h/v1/{{{key}}}", WithKey(key)), HasSubstr("failure:")) << key;
    EXPECT_THAT(Render("https://h/v1/{{{key}}}/x?y", WithKey(key)), HasSubstr("failure:")) << key;
  }
  EXPECT_THAT(Render("https://h/v1/{{key}}", WithKey("..")), HasSubstr("failure:"));
  EXPECT_THAT(Render("https://h/{{{key}}}", WithKey("a/../b")), HasSubstr("failure:"));
  EXPECT_EQ(Render("https://h/v1/{{key}}", WithKey("...")), "https://h/v1/...");
  EXPECT_EQ(Render("https://h/v1?at={{key}}", WithKey("..")), "https://h/v1?at=..");
}

TEST(UrlTemplateTest, NamesTheMissingVariable) {
  Event event = WithPayload(R"({"order": null})");
  event.key.reset();
  EXPECT_THAT(Render("https://h/{{key}}", event),
              HasSubstr("variable 'key' of the URL is missing"));
  EXPECT_THAT(Render("https://h/{{payload.order}}", event), HasSubstr("'payload.order'"));
  EXPECT_THAT(Render("https://h/{{payload.order.id}}", event), HasSubstr("'payload.order.id'"));
  EXPECT_THAT(Render("https://h/{{headers.X-Shop}}", event), HasSubstr("'headers.X-Shop'"));
}

TEST(UrlTemplateTest, FailsWithTheClassTemplate) {
  Event event = SampleEvent();
  event.key.reset();
  const auto result = RenderAny("https://h/{{key}}", event);
  ASSERT_TRUE(std::holds_alternative<BuildFailure>(result));
  EXPECT_EQ(std::get<BuildFailure>(result).failure, FailureClass::kTemplate);
}

TEST(UrlTemplateTest, RefusesAnObjectWhereAValueIsNeeded) {
  EXPECT_THAT(Render("https://h/{{payload.a}}", WithPayload(R"({"a": {"b": 1}})")),
              HasSubstr("is an object or an array"));
}

TEST(UrlTemplateTest, FindsNothingInABodyThatIsNoPayload) {
  Event event = SampleEvent();
  event.body_is_payload = false;
  EXPECT_THAT(Render("https://h/{{payload.order_id}}", event), HasSubstr("missing"));
}

TEST(UrlTemplateTest, ChecksTemplates) {
  EXPECT_EQ(UrlTemplate::Check("https://h/{{key}}"), std::nullopt);
  EXPECT_EQ(UrlTemplate::Check("https://h?k={{key}}"), std::nullopt);
  for (const char* text :
       {"https://h/{{key", "https://h/{{kee}}", "https://h/{{}}", "https://h/{{payload}}",
        "https://h/{{payload.}}", "https://h/{{payload.a..b}}", "https://h/{{headers.}}",
        "https://h/{{#key}}x{{/key}}", "https://h/{{^key}}x{{/key}}", "https://h/{{> part}}",
        "https://h/{{=<% %>=}}<%key%>", "https://{{key}}/x", "https://h{{{key}}}",
        "https://h:{{key}}/", "{{key}}", "https://h/a b", "https://h/\n{{key}}",
        "https://h/\x01"}) {
    EXPECT_TRUE(UrlTemplate::Check(text).has_value()) << text;
    EXPECT_THROW(UrlTemplate{text}, std::invalid_argument) << text;
  }
}

}  // namespace
}  // namespace postrider
