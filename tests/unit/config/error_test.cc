#include <gtest/gtest.h>

#include <ostream>
#include <string>

#include "loading.h"

namespace postrider {
namespace {

/// A whole file and its errors.
struct FileErrorCase {
  const char* yaml;
  const char* errors;
};

void PrintTo(const FileErrorCase& example, std::ostream* out) { *out << example.yaml; }

class FileErrorTest : public testing::TestWithParam<FileErrorCase> {};

TEST_P(FileErrorTest, IsReportedWithPositionPathAndWhatIsAllowed) {
  const std::string yaml = GetParam().yaml;
  EXPECT_EQ(Errors(yaml, Variables({{"WORD", "soon"}})), GetParam().errors);
}

INSTANTIATE_TEST_SUITE_P(
    Keys, FileErrorTest,
    testing::Values(
        FileErrorCase{
            "databse: {url: \"\"}",
            "p.yaml:1:1: databse: found the unknown key \"databse\", allowed: database, "
            "relay, metrics, retention, unrouted, ignore_topics, log, defaults, destinations; did "
            "you mean \"database\"?\n"},
        FileErrorCase{"relay: {nmae: x}",
                      "p.yaml:1:9: relay.nmae: found the unknown key \"nmae\", allowed: name, "
                      "threads, max_memory, poll, lease, drain; did you mean \"name\"?\n"},
        FileErrorCase{"relay: {timeout: 5s}",
                      "p.yaml:1:9: relay.timeout: found the unknown key \"timeout\", allowed: "
                      "name, threads, max_memory, poll, lease, drain\n"},
        FileErrorCase{
            "x y: 1",
            "p.yaml:1:1: \"x y\": found the unknown key \"x y\", allowed: database, "
            "relay, metrics, retention, unrouted, ignore_topics, log, defaults, destinations\n"},
        FileErrorCase{"destinations: {Shop: {topics: [a], http: {url: \"http://x.example/\"}}}",
                      "p.yaml:1:16: destinations.Shop: found the name \"Shop\", allowed: a-z "
                      "first, then a-z, 0-9, _ and -, at most 63 in all\n"},
        FileErrorCase{"destinations: {\"1a\": {topics: [a], http: {url: \"http://x.example/\"}}}",
                      "p.yaml:1:16: destinations.1a: found the name \"1a\", allowed: a-z first, "
                      "then a-z, 0-9, _ and -, at most 63 in all\n"},
        FileErrorCase{"destinations: {d: x}",
                      "p.yaml:1:19: destinations.d: found \"x\", allowed: a map of settings\n"},
        FileErrorCase{"destinations: [d]",
                      "p.yaml:1:15: destinations: found a list, allowed: a map\n"},
        FileErrorCase{"defaults: x", "p.yaml:1:11: defaults: found \"x\", allowed: a map\n"},
        FileErrorCase{"database: postgres",
                      "p.yaml:1:11: database: found \"postgres\", allowed: a map\n"},
        FileErrorCase{"relay: {poll: 5ms}",
                      "p.yaml:1:15: relay.poll: found \"5ms\", allowed: a map\n"}));

INSTANTIATE_TEST_SUITE_P(
    Types, FileErrorTest,
    testing::Values(
        FileErrorCase{"retention: {delivered: forever}",
                      "p.yaml:1:24: retention.delivered: found \"forever\", allowed: a duration "
                      "(250ms, 5s, 15m, 12h, 3d) from 1s to 186d, in whole seconds\n"},
        FileErrorCase{"relay: {lease: 15}",
                      "p.yaml:1:16: relay.lease: found \"15\", allowed: a duration (250ms, 5s, "
                      "15m, 12h, 3d) from 3s to 10m, in whole seconds\n"},
        FileErrorCase{"relay: {lease: 2s}",
                      "p.yaml:1:16: relay.lease: found \"2s\", allowed: a duration (250ms, 5s, "
                      "15m, 12h, 3d) from 3s to 10m, in whole seconds\n"},
        FileErrorCase{"relay: {lease: 3500ms}",
                      "p.yaml:1:16: relay.lease: found \"3500ms\", allowed: a duration (250ms, 5s, "
                      "15m, 12h, 3d) from 3s to 10m, in whole seconds\n"},
        FileErrorCase{"relay: {lease: 1.5m}",
                      "p.yaml:1:16: relay.lease: found \"1.5m\", allowed: a duration (250ms, 5s, "
                      "15m, 12h, 3d) from 3s to 10m, in whole seconds\n"},
        FileErrorCase{"relay: {lease: [15s]}",
                      "p.yaml:1:16: relay.lease: found a list, allowed: a duration (250ms, 5s, "
                      "15m, 12h, 3d) from 3s to 10m, in whole seconds\n"},
        FileErrorCase{"relay: {lease: {a: b}}",
                      "p.yaml:1:16: relay.lease: found a map, allowed: a duration (250ms, 5s, 15m, "
                      "12h, 3d) from 3s to 10m, in whole seconds\n"},
        FileErrorCase{"relay: {lease: }",
                      "p.yaml:1:9: relay.lease: found nothing, allowed: a duration (250ms, 5s, "
                      "15m, 12h, 3d) from 3s to 10m, in whole seconds\n"},
        FileErrorCase{"relay: {lease: \"${WORD}\"}",
                      "p.yaml:1:16: relay.lease: found \"${WORD}\" (which is \"soon\"), allowed: a "
                      "duration (250ms, 5s, 15m, 12h, 3d) from 3s to 10m, in whole seconds\n"},
        FileErrorCase{"relay: {lease: \"${NOPE}\"}",
                      "p.yaml:1:16: relay.lease: the environment variable NOPE is not set; set it, "
                      "or write ${NOPE:-default}\n"},
        FileErrorCase{"relay: {lease: \"${no pe}\"}",
                      "p.yaml:1:16: relay.lease: found \"${no pe}\", allowed: ${NAME} or "
                      "${NAME:-default}, and $${ for a literal ${\n"},
        FileErrorCase{"relay: {lease: \"${WORD\"}",
                      "p.yaml:1:16: relay.lease: found \"${\" without \"}\", allowed: ${NAME} or "
                      "${NAME:-default}, and $${ for a literal ${\n"},
        FileErrorCase{
            "relay: {threads: two}",
            "p.yaml:1:18: relay.threads: found \"two\", allowed: a whole number from 1 to 256\n"},
        FileErrorCase{
            "relay: {threads: 0}",
            "p.yaml:1:18: relay.threads: found \"0\", allowed: a whole number from 1 to 256\n"},
        FileErrorCase{
            "relay: {threads: 1e3}",
            "p.yaml:1:18: relay.threads: found \"1e3\", allowed: a whole number from 1 to 256\n"},
        FileErrorCase{"relay: {max_memory: 64kb}",
                      "p.yaml:1:21: relay.max_memory: found \"64kb\", allowed: a size (512B, 64KB, "
                      "256MB, 1GB) from 1MB to 1024GB\n"},
        FileErrorCase{"relay: {max_memory: 1KB}",
                      "p.yaml:1:21: relay.max_memory: found \"1KB\", allowed: a size (512B, 64KB, "
                      "256MB, 1GB) from 1MB to 1024GB\n"},
        FileErrorCase{"metrics: {listen: 9868}",
                      "p.yaml:1:19: metrics.listen: found \"9868\", allowed: HOST:PORT, such as "
                      "127.0.0.1:9868 or [::]:9868; port 0 takes a free one\n"},
        FileErrorCase{"metrics: {listen: \"127.0.0.1:99999\"}",
                      "p.yaml:1:19: metrics.listen: found \"127.0.0.1:99999\", allowed: HOST:PORT, "
                      "such as 127.0.0.1:9868 or [::]:9868; port 0 takes a free one\n"},
        FileErrorCase{"metrics: {listen: \"::1:9868\"}",
                      "p.yaml:1:19: metrics.listen: found \"::1:9868\", allowed: HOST:PORT, such "
                      "as 127.0.0.1:9868 or [::]:9868; port 0 takes a free one\n"},
        FileErrorCase{"unrouted: {then: drop}",
                      "p.yaml:1:18: unrouted.then: found \"drop\", allowed: dead, ignore\n"},
        FileErrorCase{"ignore_topics: audit",
                      "p.yaml:1:16: ignore_topics: found \"audit\", allowed: a list of topics, "
                      "such as [shipment.requested, \"order.*\"]\n"},
        FileErrorCase{"ignore_topics: [\"audit*\", a, a]",
                      "p.yaml:1:17: ignore_topics[0]: found \"audit*\", allowed: a topic, a prefix "
                      "such as \"shipment.*\", or \"*\"\np.yaml:1:30: ignore_topics[2]: found "
                      "\"a\" a second time, allowed: once\n"},
        FileErrorCase{"log: {level: warn}",
                      "p.yaml:1:14: log.level: found \"warn\", allowed: trace, debug, info, "
                      "warning, error; did you mean \"warning\"?\n"},
        FileErrorCase{"log: {format: JSON}",
                      "p.yaml:1:15: log.format: found \"JSON\", allowed: auto, json, text; did you "
                      "mean \"json\"?\n"},
        FileErrorCase{"database: {installation: abc}",
                      "p.yaml:1:26: database.installation: found \"abc\", allowed: eight of a-z "
                      "and 0-9, as printed by `postrider migrate`\n"},
        FileErrorCase{
            "database: {schema: events}",
            "p.yaml:1:20: database.schema: \"events\" is not supported yet, allowed: outbox\n"},
        FileErrorCase{"database: {url: \"mysql://u:pw@h/db\"}",
                      "p.yaml:1:17: database.url: found a text that is not repeated here, allowed: "
                      "a libpq URI (postgresql://host/database) or keywords (host=.. dbname=..); "
                      "empty: the PG* variables alone\n"},
        FileErrorCase{"database: {url: app}",
                      "p.yaml:1:17: database.url: found a text that is not repeated here, allowed: "
                      "a libpq URI (postgresql://host/database) or keywords (host=.. dbname=..); "
                      "empty: the PG* variables alone\n"},
        FileErrorCase{"database: {password: hunter2}",
                      "p.yaml:1:22: database.password: found a text that is not repeated here, "
                      "allowed: a secret: {env: NAME} or {file: PATH}\n"},
        FileErrorCase{"database: {password: {env: \"hun-ter2\"}}",
                      "p.yaml:1:28: database.password.env: found a text that is not repeated here, "
                      "allowed: the name of a variable: NAME\n"},
        FileErrorCase{"database: {password: {file: \"\"}}",
                      "p.yaml:1:29: database.password.file: found a text that is not repeated "
                      "here, allowed: the path of a file\n"},
        FileErrorCase{"database: {password: {file: a, env: B}}",
                      "p.yaml:1:22: database.password: found both env and file, allowed: a secret: "
                      "{env: NAME} or {file: PATH}\n"},
        FileErrorCase{"database: {password: {}}",
                      "p.yaml:1:22: database.password: found an empty map, allowed: a secret: "
                      "{env: NAME} or {file: PATH}\n"},
        FileErrorCase{"database: {password: {path: /x}}",
                      "p.yaml:1:23: database.password.path: found the unknown key \"path\", "
                      "allowed: env or file\n"},
        FileErrorCase{"database: {url: \"postgresql://u:pw@h/db\", password: {env: PW}}",
                      "p.yaml:1:53: database.password: found beside a password in database.url, "
                      "allowed: one of the two\n"},
        FileErrorCase{
            "relay: {name: \"\"}",
            "p.yaml:1:15: relay.name: found \"\", allowed: 1 to 100 bytes of text in one line\n"}));

INSTANTIATE_TEST_SUITE_P(
    Relay, FileErrorTest,
    testing::Values(
        FileErrorCase{
            "relay: {poll: {min: 60ms}}",
            "p.yaml:1:21: relay.poll.min: found 60ms, allowed: at most relay.poll.max (50ms)\n"},
        FileErrorCase{
            "relay: {poll: {max: 1ms}}",
            "p.yaml:1:21: relay.poll.max: found 1ms, allowed: at least relay.poll.min (5ms)\n"},
        FileErrorCase{
            "relay: {poll: {min: 2s, max: 1s}}",
            "p.yaml:1:21: relay.poll.min: found 2s, allowed: at most relay.poll.max (1s)\n"}));

INSTANTIATE_TEST_SUITE_P(
    NotYet, FileErrorTest,
    testing::Values(
        FileErrorCase{"admin: {listen: x}",
                      "p.yaml:1:1: admin: \"admin\" is not supported yet; leave it out\n"},
        FileErrorCase{
            "destinations: {d: {topics: [a], sql: {call: f}}}",
            "p.yaml:1:33: destinations.d.sql: \"sql\" is not supported yet; leave it out\n"}));

}  // namespace
}  // namespace postrider
