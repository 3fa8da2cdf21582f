#include <gtest/gtest.h>

#include <ostream>
#include <string>

#include "loading.h"

namespace postrider {
namespace {

/// Settings of a destination that is complete without them, from line 5 on.
struct PolicyErrorCase {
  const char* yaml;
  const char* errors;  ///< without the path of the destination
};

void PrintTo(const PolicyErrorCase& example, std::ostream* out) { *out << example.yaml; }

class PolicyErrorTest : public testing::TestWithParam<PolicyErrorCase> {};

TEST_P(PolicyErrorTest, IsReportedWithPositionPathAndWhatIsAllowed) {
  const std::string yaml =
      "destinations:\n  d:\n    topics: [a]\n    http: {url: \"http://h/\"}\n    " +
      std::string(GetParam().yaml);
  EXPECT_EQ(Errors(yaml, Variables()), GetParam().errors);
}

INSTANTIATE_TEST_SUITE_P(
    Rates, PolicyErrorTest,
    testing::Values(
        PolicyErrorCase{
            "rate: [0/s]",
            "p.yaml:5:12: destinations.d.rate[0]: found \"0/s\", allowed: a rate (10/s, "
            "100/min, 5/h, 1000/d, 3/90s) of 1 to 1000000 in at most 30d\n"},
        PolicyErrorCase{"rate: 10",
                        "p.yaml:5:11: destinations.d.rate: found \"10\", allowed: a rate (10/s, "
                        "100/min, 5/h, 1000/d, 3/90s) of 1 to 1000000 in at most 30d\n"},
        PolicyErrorCase{"rate: {s: 10}",
                        "p.yaml:5:11: destinations.d.rate: found a map, allowed: a list of rates "
                        "such as [10/s, 100/min], each of 1 to 1000000 in at most 30d, or false\n"},
        PolicyErrorCase{"rate: [10/s, 5/1s]",
                        "p.yaml:5:18: destinations.d.rate[1]: found 5/s beside 10/s, allowed: one "
                        "rate for each length\n"},
        PolicyErrorCase{"rate: [3/s]\n    shards: 4",
                        "p.yaml:5:11: destinations.d.rate: found 3/s with 4 shards, allowed: at "
                        "least one request for each shard\n"},
        PolicyErrorCase{"rate: [1000/5d]",
                        "p.yaml:5:11: destinations.d.rate: found 1000/5d, allowed: no longer than "
                        "retention.delivered (3d), which is how long it is known what was sent\n"},
        PolicyErrorCase{"dead_limit: 0/s",
                        "p.yaml:5:17: destinations.d.dead_limit: found \"0/s\", allowed: a rate "
                        "(10/s, 100/min, 5/h, 1000/d, 3/90s) of 1 to 1000000 in at most 30d\n"},
        PolicyErrorCase{"dead_limit: 3/h\n    shards: 4",
                        "p.yaml:5:17: destinations.d.dead_limit: found 3/h with 4 shards, allowed: "
                        "at least one for each shard\n"},
        PolicyErrorCase{"retries: {budget: 0.2}",
                        "p.yaml:5:23: destinations.d.retries.budget: found \"0.2\", allowed: a "
                        "percentage from 0% to 100%\n"}));

INSTANTIATE_TEST_SUITE_P(
    Breaker, PolicyErrorTest,
    testing::Values(
        PolicyErrorCase{
            "breaker: true",
            "p.yaml:5:14: destinations.d.breaker: found \"true\", allowed: a map, or false\n"},
        PolicyErrorCase{"breaker: {failures: 0%}",
                        "p.yaml:5:25: destinations.d.breaker.failures: found \"0%\", allowed: a "
                        "percentage from 1% to 100%\n"},
        PolicyErrorCase{"breaker: {minimum: 21}",
                        "p.yaml:5:24: destinations.d.breaker.minimum: found a minimum of 21 calls "
                        "and a window of 20, allowed: a minimum of at most the window\n"},
        PolicyErrorCase{"breaker: {open: 11m}",
                        "p.yaml:5:21: destinations.d.breaker.open: found 11m, allowed: at most "
                        "breaker.open_max (10m)\n"},
        PolicyErrorCase{"breaker: {open_max: 10s}",
                        "p.yaml:5:25: destinations.d.breaker.open_max: found 10s, allowed: at "
                        "least breaker.open (30s)\n"},
        PolicyErrorCase{"breaker: {slow: {after: 15s}}",
                        "p.yaml:5:29: destinations.d.breaker.slow.after: found 15s, allowed: less "
                        "than http.timeout (15s), at which a call has failed\n"},
        PolicyErrorCase{"breaker: {slow: yes}",
                        "p.yaml:5:21: destinations.d.breaker.slow: found \"yes\", allowed: a map, "
                        "or false\n"},
        PolicyErrorCase{"breaker: {window: 90s, open_for: 1s}",
                        "p.yaml:5:28: destinations.d.breaker.open_for: found the unknown key "
                        "\"open_for\", allowed: failures, slow, window, minimum, open, open_max, "
                        "probes; did you mean \"open_max\"?\n"},
        PolicyErrorCase{"breaker: {window: 1500ms}",
                        "p.yaml:5:23: destinations.d.breaker.window: found \"1500ms\", allowed: a "
                        "number of calls from 1 to 100000, or a duration from 1s to 1h in whole "
                        "seconds\n"}));

INSTANTIATE_TEST_SUITE_P(
    Answers, PolicyErrorTest,
    testing::Values(
        PolicyErrorCase{"verdict: {answer: dead}",
                        "p.yaml:5:23: destinations.d.verdict.answer: found \"dead\", allowed: a "
                        "list of rules: {json, header or text: .., in: [..] or exists: .., is: ..} "
                        "or {otherwise: ..}\n"},
        PolicyErrorCase{"verdict: {answer: [{json: code, in: [A], is: dead}]}",
                        "p.yaml:5:31: destinations.d.verdict.answer[0].json: found \"code\", "
                        "allowed: a JSON pointer such as /result/code; \"\" is the whole body\n"},
        PolicyErrorCase{"verdict: {answer: [{json: /a, is: dead}]}",
                        "p.yaml:5:24: destinations.d.verdict.answer[0]: found neither in nor "
                        "exists, allowed: one of the two\n"},
        PolicyErrorCase{"verdict: {answer: [{json: /a, in: [], is: dead}]}",
                        "p.yaml:5:39: destinations.d.verdict.answer[0].in: found a list, allowed: "
                        "a list of values\n"},
        PolicyErrorCase{"verdict: {answer: [{json: /a, in: [b]}]}",
                        "p.yaml:5:24: destinations.d.verdict.answer[0]: found no verdict, allowed: "
                        "is: delivered, retry, hold, dead, unknown\n"},
        PolicyErrorCase{"verdict: {answer: [{json: /a, in: [b], is: daed}]}",
                        "p.yaml:5:48: destinations.d.verdict.answer[0].is: found \"daed\", "
                        "allowed: delivered, retry, hold, dead, unknown; did you mean \"dead\"?\n"},
        PolicyErrorCase{"verdict: {answer: [{json: /a, header: X, in: [b], is: dead}]}",
                        "p.yaml:5:24: destinations.d.verdict.answer[0]: found 2 of json, header, "
                        "text and otherwise, allowed: one, as in {json, header or text: .., in: "
                        "[..] or exists: .., is: ..} or {otherwise: ..}\n"},
        PolicyErrorCase{"verdict: {answer: [{text: ERR, in: [b], is: dead}]}",
                        "p.yaml:5:24: destinations.d.verdict.answer[0]: found in beside text, "
                        "allowed: {text: .., is: ..}, or with exists: false\n"},
        PolicyErrorCase{"verdict: {answer: [{status: 4x4, otherwise: dead}]}",
                        "p.yaml:5:33: destinations.d.verdict.answer[0].status: found \"4x4\", "
                        "allowed: a status such as 404, 40x or 4xx\n"},
        PolicyErrorCase{"verdict: {answer: [{jsn: /a, is: dead}]}",
                        "p.yaml:5:24: destinations.d.verdict.answer[0]: found 0 of json, header, "
                        "text and otherwise, allowed: one, as in {json, header or text: .., in: "
                        "[..] or exists: .., is: ..} or {otherwise: ..}\np.yaml:5:25: "
                        "destinations.d.verdict.answer[0].jsn: found the unknown key \"jsn\", "
                        "allowed: status, json, header, text, in, exists, is, otherwise\n"},
        PolicyErrorCase{"verdict: {answer: [{otherwise: dead}, {text: OK, is: delivered}]}",
                        "p.yaml:5:43: destinations.d.verdict.answer[1]: is never reached: an "
                        "otherwise before it decides; put that one last\n"},
        PolicyErrorCase{"verdict: {gone: 410}",
                        "p.yaml:5:21: destinations.d.verdict.gone: found \"410\", allowed: a list "
                        "of statuses such as [404, 410], which may be empty\n"},
        PolicyErrorCase{"verdict: {retry: [404], gone: [404, 410]}",
                        "p.yaml:5:35: destinations.d.verdict.gone: found 404, but the verdict on "
                        "404 is not dead; allowed: statuses that are dead\n"},
        PolicyErrorCase{"verdict: {gone: [4xx]}",
                        "p.yaml:5:21: destinations.d.verdict.gone: found 4xx, but the verdict on "
                        "401 is not dead; allowed: statuses that are dead\n"},
        PolicyErrorCase{"verdict: {delivery_control: disable}",
                        "p.yaml:5:33: destinations.d.verdict.delivery_control: found "
                        "\"disable\", allowed: true or false (or yes, no, on, off)\n"},
        PolicyErrorCase{"verdict: {unreadable: maybe}",
                        "p.yaml:5:27: destinations.d.verdict.unreadable: found \"maybe\", allowed: "
                        "delivered, retry, hold, dead, unknown\n"}));

}  // namespace
}  // namespace postrider
