#include <gtest/gtest.h>

#include <ostream>
#include <string>

#include "loading.h"

namespace postrider {
namespace {

/// Settings of a destination on line 4, and what is said of them.
struct PartnerErrorCase {
  const char* yaml;
  const char* errors;
};

void PrintTo(const PartnerErrorCase& example, std::ostream* out) { *out << example.yaml; }

class PartnerErrorTest : public testing::TestWithParam<PartnerErrorCase> {};

TEST_P(PartnerErrorTest, IsReportedWithPositionPathAndWhatIsAllowed) {
  const std::string yaml =
      "destinations:\n  d:\n    topics: [a]\n    " + std::string(GetParam().yaml);
  EXPECT_EQ(Errors(yaml, Variables()), GetParam().errors);
}

constexpr const char* kForms =
    "{bearer: SECRET}, {basic: {user, password}}, {oauth2: {token_url, client_id, client_secret, "
    "..}} or {token: {url, ..}}";

TEST(AuthErrorTest, AuthIsOneOfItsForms) {
  const std::string head = "destinations: {d: {topics: [a], http: {url: 'http://h/', auth: ";
  EXPECT_EQ(
      Errors(head + "x}}}", Variables()),
      "p.yaml:1:64: destinations.d.http.auth: found a text that is not repeated here, allowed: " +
          std::string(kForms) + "\n");
  EXPECT_EQ(Errors(head + "{}}}}", Variables()),
            "p.yaml:1:64: destinations.d.http.auth: found 0 ways to prove who we are, allowed: "
            "one; " +
                std::string(kForms) + "\n");
}

INSTANTIATE_TEST_SUITE_P(
    Auth, PartnerErrorTest,
    testing::Values(
        PartnerErrorCase{"http: {url: 'http://h/', auth: {digest: x}}",
                         "p.yaml:4:37: destinations.d.http.auth.digest: found the unknown key "
                         "\"digest\", allowed: bearer, basic, oauth2, token\n"},
        PartnerErrorCase{"http: {url: 'http://h/', auth: {basic: {user: shop}}}",
                         "p.yaml:4:44: destinations.d.http.auth.basic: found no password, "
                         "allowed: {user, password}\n"},
        PartnerErrorCase{
            "http: {url: 'http://h/', auth: {oauth2: {token_url: 'http://h/{{key}}', client_id: a, "
            "client_secret: {env: A}}}}",
            "p.yaml:4:57: destinations.d.http.auth.oauth2.token_url: found a template, allowed: an "
            "http or https URL without templates\n"},
        PartnerErrorCase{
            "http: {url: 'http://h/', auth: {token: {url: 'http://h/', token: data}}}",
            "p.yaml:4:70: destinations.d.http.auth.token.token: found \"data\", allowed: a JSON "
            "pointer such as /result/code; \"\" is the whole body\n"},
        PartnerErrorCase{
            "http: {url: 'http://h/', auth: {token: {url: 'http://h/', json: {a: b}, form: {a: "
            "b}}}}",
            "p.yaml:4:44: destinations.d.http.auth.token: found json beside form, allowed: one of "
            "the two\n"},
        PartnerErrorCase{
            "http: {url: 'http://h/', auth: {bearer: {env: A}}, headers: {authorization: x}}",
            "p.yaml:4:36: destinations.d.http.auth: found beside the header \"authorization\" in "
            "http.headers, allowed: one of the two\n"}));

INSTANTIATE_TEST_SUITE_P(
    Unknown, PartnerErrorTest,
    testing::Values(
        PartnerErrorCase{"http: {url: 'http://h/'}\n    after_unknown: verify",
                         "p.yaml:5:20: destinations.d.after_unknown: found verify without a way to "
                         "ask, allowed: verify: {url: ..} beside it\n"},
        PartnerErrorCase{
            "http: {url: 'http://h/'}\n    after_unknown: verify\n    verify: {after: 5s}",
            "p.yaml:6:13: destinations.d.verify: found no url, allowed: verify: {url: ..}\n"},
        PartnerErrorCase{
            "http: {url: 'http://h/'}\n    after_unknown: verify\n    verify: {url: 'http://h/', "
            "missing: [200]}",
            "p.yaml:6:41: destinations.d.verify.missing: found 200 in delivered as well, allowed: "
            "in one of the two\n"}));

}  // namespace
}  // namespace postrider
