#include <gtest/gtest.h>

#include <ostream>
#include <string>

#include "loading.h"

namespace postrider {
namespace {

/// A whole file with a destination whose topics or URL are wrong.
struct TargetErrorCase {
  const char* yaml;
  const char* errors;
};

void PrintTo(const TargetErrorCase& example, std::ostream* out) { *out << example.yaml; }

class TargetErrorTest : public testing::TestWithParam<TargetErrorCase> {};

TEST_P(TargetErrorTest, IsReportedWithPositionPathAndWhatIsAllowed) {
  const std::string yaml = GetParam().yaml;
  EXPECT_EQ(Errors(yaml, Variables({{"WORD", "soon"}})), GetParam().errors);
}

INSTANTIATE_TEST_SUITE_P(
    Destinations, TargetErrorTest,
    testing::Values(
        TargetErrorCase{
            "destinations: {d: }",
            "p.yaml:1:16: destinations.d: found no topics, allowed: topics: [..], at least "
            "one\np.yaml:1:16: destinations.d: found no URL, allowed: http: {url: ..}\n"},
        TargetErrorCase{
            "destinations: {d: {topics: [\"a.*\"], http: {url: \"http://h\"}, on_delivered: {emit: "
            "a.b}}}",
            "p.yaml:1:83: destinations.d.on_delivered.emit: found \"a.b\", which this destination "
            "takes itself (\"a.*\"): a loop; allowed: a topic for others\n"},
        TargetErrorCase{"destinations: {d: {topics: [], http: {url: \"http://h\"}}}",
                        "p.yaml:1:28: destinations.d.topics: found an empty list, allowed: a list "
                        "of topics, such as [shipment.requested, \"order.*\"], at least one\n"},
        TargetErrorCase{
            "destinations: {d: {topics: [a, a, -b, [c]], http: {url: \"http://h\"}}}",
            "p.yaml:1:32: destinations.d.topics[1]: found \"a\" a second time, allowed: "
            "once\np.yaml:1:35: destinations.d.topics[2]: found \"-b\", allowed: a topic, a prefix "
            "such as \"shipment.*\", or \"*\"\np.yaml:1:39: destinations.d.topics[3]: found a "
            "list, allowed: a topic, a prefix such as \"shipment.*\", or \"*\"\n"}));

INSTANTIATE_TEST_SUITE_P(
    Http, TargetErrorTest,
    testing::Values(
        TargetErrorCase{"destinations:\n  d:\n    topics: [a]\n    http: {url: \"ftp://h/\"}\n",
                        "p.yaml:4:17: destinations.d.http.url: found the scheme \"ftp\", allowed: "
                        "http://HOST or https://HOST\n"},
        TargetErrorCase{"destinations:\n  d:\n    topics: [a]\n    http: {url: \"h/path\"}\n",
                        "p.yaml:4:17: destinations.d.http.url: found no scheme, allowed: "
                        "http://HOST or https://HOST\n"},
        TargetErrorCase{"destinations:\n  d:\n    topics: [a]\n    http: {url: \"http:///x\"}\n",
                        "p.yaml:4:17: destinations.d.http.url: found no host in the URL, allowed: "
                        "http://HOST or https://HOST\n"},
        TargetErrorCase{
            "destinations:\n  d:\n    topics: [a]\n    http: {url: \"https://user:pw@h/\"}\n",
            "p.yaml:4:17: destinations.d.http.url: found credentials in the URL, allowed: none; "
            "send them in a header from {env: NAME} or {file: PATH}\n"},
        TargetErrorCase{"destinations:\n  d:\n    topics: [a]\n    http: {url: \"http://h/#x\"}\n",
                        "p.yaml:4:17: destinations.d.http.url: found a fragment (#) in the URL, "
                        "allowed: none\n"},
        TargetErrorCase{
            "destinations:\n  d:\n    topics: [a]\n    http: {url: \"http://h:0/\"}\n",
            "p.yaml:4:17: destinations.d.http.url: found the port \"0\", allowed: 1 to 65535\n"},
        TargetErrorCase{"destinations:\n  d:\n    topics: [a]\n    http: {url: \"http://h h/\"}\n",
                        "p.yaml:4:17: destinations.d.http.url: found the host \"h h\", allowed: a "
                        "name, an IPv4 address or an IPv6 address in brackets; no template\n"},
        TargetErrorCase{"destinations:\n  d:\n    topics: [a]\n    http: {url: \"http://h/a b\"}\n",
                        "p.yaml:4:17: destinations.d.http.url: found \" \" in the URL, allowed: "
                        "percent-encoded, as in %20\n"},
        TargetErrorCase{
            "destinations:\n  d:\n    topics: [a]\n    http: {url: \"http://{{key}}/\"}\n",
            "p.yaml:4:17: destinations.d.http.url: found a template in the host, allowed: "
            "templates after the host\n"},
        TargetErrorCase{
            "destinations:\n  d:\n    topics: [a]\n    http: {url: \"http://h/{{key\"}\n",
            "p.yaml:4:17: destinations.d.http.url: found \"{{\" without \"}}\" after it\n"},
        TargetErrorCase{
            "destinations:\n  d:\n    topics: [a]\n    http: {url: \"http://h/key}}\"}\n",
            "p.yaml:4:17: destinations.d.http.url: found \"}}\" without \"{{\" before it\n"},
        TargetErrorCase{
            "destinations:\n  d:\n    topics: [a]\n    http: {url: \"http://h/{{{key}}\"}\n",
            "p.yaml:4:17: destinations.d.http.url: found \"{{{\" without \"}}}\" after it\n"},
        TargetErrorCase{
            "destinations:\n  d:\n    topics: [a]\n    http: {url: \"http://h/{{kye}}\"}\n",
            "p.yaml:4:17: destinations.d.http.url: found the variable \"kye\" in the template, "
            "allowed: id, topic, key, attempt, idempotency_key, payload.<path>, headers.<name>; "
            "did you mean \"key\"?\n"},
        TargetErrorCase{
            "destinations:\n  d:\n    topics: [a]\n    http: {url: \"http://h/{{payload.}}\"}\n",
            "p.yaml:4:17: destinations.d.http.url: found the variable \"payload.\" in the "
            "template, allowed: id, topic, key, attempt, idempotency_key, payload.<path>, "
            "headers.<name>\n"},
        TargetErrorCase{
            "destinations:\n  d:\n    topics: [a]\n    http: {url: "
            "\"http://h/{{#key}}x{{/key}}\"}\n",
            "p.yaml:4:17: destinations.d.http.url: found the tag \"{{#key}}\", sections, partials "
            "and comments are not supported yet; allowed: variables\n"},
        TargetErrorCase{"destinations: {d: {topics: [a], http: {}}}",
                        "p.yaml:1:19: destinations.d: found no URL, allowed: http: {url: ..}\n"},
        TargetErrorCase{"destinations: {d: {topics: [a], http: {endpoints: []}}}",
                        "p.yaml:1:51: destinations.d.http.endpoints: found an empty list, allowed: "
                        "a list of 1 to 8 URLs or {url: .., headers: .., auth: ..}\n"},
        TargetErrorCase{
            "destinations: {d: {topics: [a], http: {endpoints: [\"http://a/\", \"b\"]}}}",
            "p.yaml:1:65: destinations.d.http.endpoints[1]: found no scheme, allowed: http://HOST "
            "or https://HOST\n"},
        TargetErrorCase{
            "destinations: {d: {topics: [a], http: {endpoints: [{headers: {}, ulr: x}]}}}",
            "p.yaml:1:52: destinations.d.http.endpoints[0]: found no url, allowed: {url: .., "
            "headers: .., auth: ..}\np.yaml:1:66: destinations.d.http.endpoints[0].ulr: found the "
            "unknown "
            "key \"ulr\", allowed: url, headers, auth\n"}));

}  // namespace
}  // namespace postrider
