#include "postrider/config/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <string>
#include <variant>

#include "loading.h"

namespace postrider {
namespace {

using std::chrono::hours;
using testing::ElementsAre;
using testing::HasSubstr;

// The documented example without what is not supported yet.
constexpr const char* kExample = R"(
database:
  url: "${DATABASE_URL:-postgresql:///app}"
  password: {file: /run/secrets/db}
  schema: outbox
  installation: k7f3q2ab
relay:
  name: shop-relay-1
  threads: 2
  max_memory: 256MB
  poll: {min: 5ms, max: 50ms}
  lease: 15s
  drain: 20s
metrics: {listen: "127.0.0.1:9868"}
unrouted: {after: 1h, then: dead}
ignore_topics: ["audit.*"]
log: {level: info, format: json}
defaults: {}
destinations:
  cj:
    topics: [shipment.requested]
    start: now
    http:
      endpoints:
        - {url: "https://dr.partner.example/v1/shipments/{{key}}", headers: {X-Api-Key: {file: /run/secrets/cj-dr}}}
      method: POST
      headers: {X-Api-Key: {file: /run/secrets/cj}, Postrider-Topic: null}
      body: event
      idempotency: {header: Idempotency-Key, keep: 24h}
      announce: true
      connect_timeout: 3s
      timeout: 15s
      pool: {size: 16, wait: 2s, idle: 30s}
      max_response: 1MB
      allow_private: false
    concurrency: 16
    max_unsettled: 64
    rate: [10/s, 100/min]
    breaker: {failures: 50%, slow: {after: 8s, share: 100%}, window: 20, minimum: 10, open: 30s, open_max: 10m, probes: 3}
    retries: {attempts: 12, for: 3d, first: 5s, factor: 4, max: 12h, jitter: 25%, budget: 20%}
    order: none
    shards: 1
    verdict:
      delivered: [2xx]
      retry: [3xx, 408, 409, 423, 425, 429, 5xx]
      hold: [401, 403]
      dead: [4xx]
      answer:
        - {json: /resultCode, in: ["0000"], is: delivered}
        - {json: /resultCode, in: ["E500"], is: retry}
        - {status: 400, json: /code, in: [BUSY], is: retry}
        - {otherwise: dead}
      unreadable: unknown
    dead_limit: 100/10m
    after_unknown: resend
    on_delivered: {emit: shipment.accepted}
    on_dead: {emit: shipment.failed}
    keep_response: 4KB
)";

TEST(LoadTest, ReadsTheDocumentedExample) {
  const auto config = Load(kExample);
  ASSERT_EQ(FormatErrors(config.errors), "");
  EXPECT_EQ(FormatErrors(config.warnings), "");
  const Settings& settings = config.settings;
  EXPECT_EQ(settings.database.url, "postgresql:///app");
  EXPECT_EQ(settings.database.password, (Secret{Secret::Source::kFile, "/run/secrets/db"}));
  EXPECT_EQ(settings.relay.threads, 2);
  EXPECT_EQ(settings.relay.max_memory, 256U << 20);
  EXPECT_EQ(settings.unrouted.after, hours(1));
  EXPECT_THAT(settings.ignore_topics, ElementsAre("audit.*"));
  EXPECT_EQ(settings.log.format, LogFormat::kJson);
  ASSERT_EQ(settings.destinations.size(), 1U);
  const auto& cj = settings.destinations[0];
  EXPECT_EQ(cj.name, "cj");
  EXPECT_EQ(cj.http.url, "https://dr.partner.example/v1/shipments/{{key}}");
  EXPECT_EQ(cj.http.pool.size, 16);
  EXPECT_EQ(cj.retries.lasting, hours(72));
  EXPECT_EQ(cj.emit_on_dead, "shipment.failed");
}

TEST(LoadTest, KeepsTheHeadersOfAnEndpointApartFromThoseOfTheDestination) {
  const auto config = Load(kExample);
  const HttpSettings& http = config.settings.destinations.at(0).http;
  ASSERT_EQ(http.headers.size(), 2U);
  EXPECT_EQ(std::get<Secret>(*http.headers.at("X-Api-Key")).name, "/run/secrets/cj");
  EXPECT_EQ(http.headers.at("Postrider-Topic"), std::nullopt);
  EXPECT_EQ(std::get<Secret>(*http.primary.headers.at("X-Api-Key")).name, "/run/secrets/cj-dr");
}

TEST(LoadTest, GivesTheDefaultsOfTheModelForAnEmptyFile) {
  const auto config = Load("");
  EXPECT_EQ(FormatErrors(config.errors), "");
  EXPECT_EQ(config.settings.relay.lease, seconds(15));
  EXPECT_EQ(FormatErrors(config.warnings),
            "p.yaml:1:1: found no destinations: nothing will be sent\n");
}

TEST(LoadTest, TakesWhatADestinationDoesNotSayFromTheDefaults) {
  const auto config = Load(R"(
defaults:
  concurrency: 4
  http: {timeout: 30s, headers: {X-A: a, X-B: b}, idempotency: false}
  retries: {schedule: [1s, 2s]}
destinations:
  one: {topics: [a], http: {url: "http://h/", headers: {x-a: null}}}
  two: {topics: [a], concurrency: 5, http: {url: "http://h/", idempotency: {keep: 1h}},
        retries: {first: 7s}}
)");
  ASSERT_EQ(FormatErrors(config.errors), "");
  const auto& one = config.settings.destinations[0];
  EXPECT_EQ(one.concurrency, 4);
  EXPECT_EQ(one.http.timeout, seconds(30));
  EXPECT_EQ(one.http.headers.size(), 2U);
  EXPECT_EQ(one.http.headers.at("x-a"), std::nullopt);
  EXPECT_EQ(one.http.idempotency.header, "");
  EXPECT_THAT(one.retries.schedule, ElementsAre(seconds(1), seconds(2)));
  EXPECT_EQ(one.retries.attempts, 3);
  const auto& two = config.settings.destinations[1];
  EXPECT_EQ(two.concurrency, 5);
  EXPECT_EQ(two.http.idempotency.header, "Idempotency-Key");
  EXPECT_TRUE(two.retries.schedule.empty());
  EXPECT_EQ(two.retries.first, seconds(7));
}

TEST(LoadTest, ReplacesTheStatusesOfAVerdictAndMovesThoseOfOthers) {
  const auto config = Load(R"(
destinations:
  d: {topics: [a], http: {url: "http://h/"}, verdict: {delivered: [2xx, 409], retry: [5xx]}}
)");
  ASSERT_EQ(FormatErrors(config.errors), "");
  std::string rules;
  for (const auto& rule : config.settings.destinations[0].verdict.rules) {
    rules += rule.pattern + "=" + std::to_string(static_cast<int>(rule.verdict)) + " ";
  }
  EXPECT_EQ(rules, "401=2 403=2 4xx=3 2xx=0 409=0 5xx=1 ");
}

TEST(LoadTest, ShortensTheConnectTimeoutThatIsNotGiven) {
  const auto config =
      Load("destinations: {d: {topics: [a], http: {url: 'http://h/', timeout: 1s}}}");
  ASSERT_EQ(FormatErrors(config.errors), "");
  EXPECT_EQ(config.settings.destinations[0].http.connect_timeout, seconds(1));
}

TEST(LoadTest, TakesOffNoAndFalseForTheSame) {
  for (const std::string word : {"off", "no", "false", "False", "\"no\"", "\"${WORD}\""}) {
    const auto config = Load("destinations: {d: {topics: [a], breaker: " + word +
                                 ", http: {url: 'http://h/', announce: " + word +
                                 ", idempotency: " + word + ", allow_private: " + word + "}}}",
                             Variables({{"WORD", "off"}}));
    ASSERT_EQ(FormatErrors(config.errors), "") << word;
    EXPECT_FALSE(config.settings.destinations[0].breaker);
    EXPECT_FALSE(config.settings.destinations[0].http.announce);
    EXPECT_EQ(config.settings.destinations[0].http.idempotency.header, "");
    EXPECT_FALSE(config.settings.destinations[0].http.allow_private.all);
  }
}

TEST(LoadTest, FollowsAnchorsAndMergeKeys) {
  const auto config = Load(R"(
destinations:
  a: &a {topics: [x], concurrency: 3, http: &h {url: "http://h/", timeout: 9s}}
  b: {<<: *a, concurrency: 4}
  c: {topics: [y], http: {<<: [*h], method: PUT}}
)");
  ASSERT_EQ(FormatErrors(config.errors), "");
  EXPECT_EQ(config.settings.destinations[1].concurrency, 4);
  EXPECT_THAT(config.settings.destinations[1].topics, ElementsAre("x"));
  EXPECT_EQ(config.settings.destinations[2].http.timeout, seconds(9));
  EXPECT_EQ(config.settings.destinations[2].http.method, "PUT");
}

TEST(LoadTest, ReplacesVariablesAfterParsing) {
  const auto environment =
      Variables({{"NAME", "a: {b, c} # \"d\"\n- e"}, {"LEASE", "30s"}, {"EMPTY", ""}});
  const auto config = Load(
      "relay: {name: 'x ${EMPTY}$${NAME}', lease: \"${LEASE}\", drain: \"${EMPTY:-7s}\"}\n"
      "destinations: {d: {topics: [a], http: {url: 'http://h/', headers: {X-A: '$5 $$ "
      "${LEASE}'}}}}",
      environment);
  ASSERT_EQ(FormatErrors(config.errors), "");
  EXPECT_EQ(config.settings.relay.name, "x ${NAME}");
  EXPECT_EQ(config.settings.relay.lease, seconds(30));
  EXPECT_EQ(config.settings.relay.drain, seconds(7));
  EXPECT_EQ(std::get<std::string>(*config.settings.destinations[0].http.headers.at("X-A")),
            "$5 $$ 30s");
  EXPECT_THAT(Errors("relay: {lease: '${NAME}'}", environment), HasSubstr("found \"${NAME}\""));
}

TEST(LoadTest, NamesTheFileThatCannotBeRead) {
  EXPECT_EQ(FormatErrors(LoadConfigFile("/nowhere/p.yaml", Variables()).errors),
            "/nowhere/p.yaml: can not be read: No such file or directory\n");
  EXPECT_EQ(FormatErrors(LoadConfigFile("/", Variables()).errors),
            "/: can not be read: it is a directory\n");
}

TEST(LoadTest, WarnsOfASecretInPlainTextWithoutRepeatingIt) {
  const auto config = Load(
      "destinations: {d: {topics: [a], http: {url: 'http://h/', headers: {X-Api-Key: hunter2}}}}");
  EXPECT_EQ(FormatErrors(config.errors), "");
  EXPECT_EQ(FormatErrors(config.warnings),
            "p.yaml:1:79: destinations.d.http.headers.X-Api-Key: looks like a secret; {env: NAME} "
            "or {file: PATH} keeps it out of this file\n");
}

}  // namespace
}  // namespace postrider
