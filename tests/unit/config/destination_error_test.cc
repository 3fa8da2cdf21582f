#include <gtest/gtest.h>

#include <ostream>
#include <string>

#include "loading.h"

namespace postrider {
namespace {

/// Settings of a destination that is complete without them, from line 5 on.
struct DestinationErrorCase {
  const char* yaml;
  const char* errors;
};

void PrintTo(const DestinationErrorCase& example, std::ostream* out) { *out << example.yaml; }

class DestinationErrorTest : public testing::TestWithParam<DestinationErrorCase> {};

TEST_P(DestinationErrorTest, IsReportedWithPositionPathAndWhatIsAllowed) {
  const std::string yaml =
      "destinations:\n  d:\n    topics: [a]\n    http: {url: \"http://h/\"}\n    " +
      std::string(GetParam().yaml);
  EXPECT_EQ(Errors(yaml, Variables({{"WORD", "soon"}})), GetParam().errors);
}

INSTANTIATE_TEST_SUITE_P(
    Keys, DestinationErrorTest,
    testing::Values(
        DestinationErrorCase{
            "timeout: 5s",
            "p.yaml:5:5: destinations.d.timeout: found the unknown key \"timeout\", allowed: "
            "topics, start, http, concurrency, max_unsettled, rate, breaker, retries, order, "
            "shards, verdict, dead_limit, after_unknown, verify, on_delivered, on_dead, "
            "keep_response; did "
            "you mean \"http.timeout\"?\n"},
        DestinationErrorCase{
            "emit: x",
            "p.yaml:5:5: destinations.d.emit: found the unknown key \"emit\", allowed: topics, "
            "start, http, concurrency, max_unsettled, rate, breaker, retries, order, shards, "
            "verdict, dead_limit, after_unknown, verify, on_delivered, on_dead, keep_response; did "
            "you "
            "mean \"on_delivered.emit\"?\n"},
        DestinationErrorCase{
            "brekaer: false",
            "p.yaml:5:5: destinations.d.brekaer: found the unknown key \"brekaer\", allowed: "
            "topics, start, http, concurrency, max_unsettled, rate, breaker, retries, order, "
            "shards, verdict, dead_limit, after_unknown, verify, on_delivered, on_dead, "
            "keep_response; did "
            "you mean \"breaker\"?\n"}));

INSTANTIATE_TEST_SUITE_P(
    Destinations, DestinationErrorTest,
    testing::Values(
        DestinationErrorCase{
            "start: soon",
            "p.yaml:5:12: destinations.d.start: found \"soon\", allowed: now, beginning\n"},
        DestinationErrorCase{"concurrency: 0",
                             "p.yaml:5:18: destinations.d.concurrency: found \"0\", allowed: a "
                             "whole number from 1 to 10000\n"},
        DestinationErrorCase{"max_unsettled: 0",
                             "p.yaml:5:20: destinations.d.max_unsettled: found \"0\", allowed: a "
                             "whole number from 1 to 100000\n"},
        DestinationErrorCase{"shards: 17",
                             "p.yaml:5:13: destinations.d.shards: found 17 shards with a "
                             "concurrency of 16, allowed: at most one shard for each\n"},
        DestinationErrorCase{"concurrency: 2\n    shards: 3",
                             "p.yaml:6:13: destinations.d.shards: found 3 shards with a "
                             "concurrency of 2, allowed: at most one shard for each\n"},
        DestinationErrorCase{"keep_response: 2MB",
                             "p.yaml:5:20: destinations.d.keep_response: found \"2MB\", allowed: a "
                             "size (512B, 64KB, 256MB, 1GB) from 0 to 1MB\n"},
        DestinationErrorCase{
            "on_dead: {emit: \"a b\"}",
            "p.yaml:5:21: destinations.d.on_dead.emit: found \"a b\", allowed: a topic: 1 to 200 "
            "letters, digits and . _ : / -, a letter or digit first\n"},
        DestinationErrorCase{
            "on_dead: {emit: a}",
            "p.yaml:5:21: destinations.d.on_dead.emit: found \"a\", which this destination takes "
            "itself (\"a\"): a loop; allowed: a topic for others\n"},
        DestinationErrorCase{
            "order: fifo",
            "p.yaml:5:12: destinations.d.order: found \"fifo\", allowed: none, key\n"},
        DestinationErrorCase{"order: {by: key, after_dead: stop}",
                             "p.yaml:5:34: destinations.d.order.after_dead: found \"stop\", "
                             "allowed: continue, block\n"},
        DestinationErrorCase{"order: {after_dead: block}",
                             "p.yaml:5:25: destinations.d.order.after_dead: found block without "
                             "by: key, allowed: block with by: key\n"},
        DestinationErrorCase{"retries: {attempts: 0}",
                             "p.yaml:5:25: destinations.d.retries.attempts: found \"0\", allowed: "
                             "a whole number from 1 to 1000\n"},
        DestinationErrorCase{"retries: {first: 1d}",
                             "p.yaml:5:22: destinations.d.retries.first: found 1d, allowed: at "
                             "most retries.max (12h)\n"},
        DestinationErrorCase{"retries: {factor: 0.5}",
                             "p.yaml:5:23: destinations.d.retries.factor: found \"0.5\", allowed: "
                             "a number from 1 to 100\n"},
        DestinationErrorCase{"retries: {jitter: 0.25}",
                             "p.yaml:5:23: destinations.d.retries.jitter: found \"0.25\", allowed: "
                             "a percentage from 0% to 100%\n"},
        DestinationErrorCase{"retries: {jitter: 101%}",
                             "p.yaml:5:23: destinations.d.retries.jitter: found \"101%\", allowed: "
                             "a percentage from 0% to 100%\n"},
        DestinationErrorCase{"retries: {schedule: [5s, 1x]}",
                             "p.yaml:5:30: destinations.d.retries.schedule[1]: found \"1x\", "
                             "allowed: a duration (250ms, 5s, 15m, 12h, 3d) from 1ms to 30d\n"},
        DestinationErrorCase{
            "retries: {schedule: []}",
            "p.yaml:5:25: destinations.d.retries.schedule: found 0 waits, allowed: 1 to 1000\n"},
        DestinationErrorCase{"retries: {schedule: [5s], first: 5s}",
                             "p.yaml:5:38: destinations.d.retries.first: found beside "
                             "retries.schedule, allowed: one of the two\n"},
        DestinationErrorCase{"retries: {schedule: [5s], attempts: 3}",
                             "p.yaml:5:41: destinations.d.retries.attempts: found 3 attempts, "
                             "allowed: at most 2, one more than the schedule has waits\n"},
        DestinationErrorCase{
            "retries: off", "p.yaml:5:14: destinations.d.retries: found \"off\", allowed: a map\n"},
        DestinationErrorCase{"verdict: {dead: [404, 409], retry: [409]}",
                             "p.yaml:5:41: destinations.d.verdict.retry[0]: found \"409\" a second "
                             "time, first in verdict.dead; allowed: once\n"},
        DestinationErrorCase{
            "verdict: {dead: [4x4, 40, 404]}",
            "p.yaml:5:22: destinations.d.verdict.dead[0]: found \"4x4\", allowed: a status such as "
            "404, 40x or 4xx\np.yaml:5:27: destinations.d.verdict.dead[1]: found \"40\", allowed: "
            "a status such as 404, 40x or 4xx\n"},
        DestinationErrorCase{"verdict: {dead: 404}",
                             "p.yaml:5:21: destinations.d.verdict.dead: found \"404\", allowed: a "
                             "list of statuses such as [404, 40x, 4xx]\n"}));

}  // namespace
}  // namespace postrider
