#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "postrider/model/auth_settings.h"
#include "postrider/model/secret.h"
#include "postrider/model/time.h"

/// The whole configuration as values. Defaults stand here and nowhere else; `libs/config` fills the
/// structs from YAML, docs/configuration.md explains each.
namespace postrider {

struct DatabaseSettings {
  std::string url;  ///< libpq URI or keywords; empty: the PG* variables alone
  std::optional<Secret> password;
  std::string schema = "outbox";
  std::string installation;  ///< refuse any other database; empty: any
};

struct PollSettings {
  milliseconds min{5};   ///< after a poll that found something
  milliseconds max{50};  ///< reached step by step while nothing comes; at most 60 s
};

struct RelaySettings {
  std::string name;                            ///< empty: the host's name
  int threads = 0;                             ///< event-loop threads; 0: number of cores
  std::size_t max_memory = 256 * 1024 * 1024;  ///< bytes of events held
  PollSettings poll;
  seconds lease{15};  ///< how long a relay may be silent before its lanes are taken; 3 s .. 10 min
  seconds drain{20};  ///< at SIGTERM, for what is in flight
};

struct ListenAddress {
  std::string host = "127.0.0.1";
  int port = 9868;  ///< 0: a free port, printed at start
};

struct UnroutedSettings {
  seconds after{3600};
  bool dead = true;  ///< dead-letter them (reason no_route); false: ignore
};

/// How long records are kept once nobody needs them any more.
struct RetentionSettings {
  seconds delivered{3 * 86400};  ///< events with all that became of them; at most 6 bucket periods
  seconds dead{90 * 86400};  ///< dead letters, also those that nobody has decided on; operations
  seconds dedup{7 * 86400};  ///< how long a dedup_key stands for its first event
};

enum class LogLevel { kTrace, kDebug, kInfo, kWarning, kError };
enum class LogFormat { kAuto, kJson, kText };  ///< kAuto: text on a terminal, else JSON

struct LogSettings {
  LogLevel level = LogLevel::kInfo;
  LogFormat format = LogFormat::kAuto;
};

struct IdempotencySettings {
  std::string header = "Idempotency-Key";  ///< empty: not sent
  seconds keep{24 * 3600};                 ///< how long the partner remembers a key
};

struct PoolSettings {
  int size = 0;             ///< connections kept; 0: as `concurrency`
  milliseconds wait{2000};  ///< for a free connection
  seconds idle{30};         ///< shorter than the partner's keep-alive
};

/// Addresses that the egress guard lets through though they are private.
struct AllowPrivate {
  bool all = false;
  std::vector<std::string> networks;  ///< CIDR, IPv4 or IPv6
};

constexpr std::size_t kMostEndpoints = 8;  ///< of a destination

/// One of the addresses at which a partner takes the same requests.
struct EndpointSettings {
  std::string url{};  ///< Mustache template; of the first endpoint it is HttpSettings::url
  /// Besides those of the destination, over which they win. nullopt: not sent.
  std::map<std::string, std::optional<HeaderValue>> headers{};
  AuthSettings auth{};  ///< instead of the destination's, if it is one
};

struct HttpSettings {
  std::string url;                            ///< Mustache template; of the first endpoint
  EndpointSettings primary{};                 ///< what only the first endpoint has, but its URL
  std::vector<EndpointSettings> fallbacks{};  ///< the endpoints behind the first, in their order
  AuthSettings auth{};
  std::string method = "POST";
  /// nullopt: a header that would be sent is not.
  std::map<std::string, std::optional<HeaderValue>> headers;
  IdempotencySettings idempotency;
  bool announce = true;  ///< Postrider-* headers
  milliseconds connect_timeout{3000};
  milliseconds timeout{15000};
  PoolSettings pool;
  std::size_t max_response = 1024 * 1024;
  AllowPrivate allow_private;
};

/// Either a formula or a fixed schedule. `attempts` includes the first.
struct RetrySettings {
  int attempts = 12;
  std::chrono::seconds lasting{3 * 86400};  ///< `for`: since the first attempt
  milliseconds first{5000};
  double factor = 4.0;
  milliseconds max{12 * 3600 * 1000};
  double jitter = 0.25;                  ///< 0 .. 1: added upwards, after the cap
  std::vector<milliseconds> schedule{};  ///< not empty: used instead of first, factor and max
  /// 0 .. 1: retries are at most this share of the requests of a minute; nullopt: any number.
  std::optional<double> budget{};
};

/// At most so many in every interval of that length, wherever it begins.
struct RateWindow {
  int count = 1;
  milliseconds length{1000};

  friend bool operator==(const RateWindow&, const RateWindow&) = default;
};

struct SlowCallSettings {
  milliseconds after{8000};  ///< a call that takes longer is slow
  double share = 1.0;        ///< 0 .. 1 of the calls: opens
};

/// When a partner that fails is left alone.
struct BreakerSettings {
  double failures = 0.5;                                      ///< 0 .. 1 of the calls: opens
  std::optional<SlowCallSettings> slow = SlowCallSettings{};  ///< nullopt: slow calls are fine
  std::variant<int, seconds> window = 20;  ///< the last so many calls, or those of so long
  int minimum = 10;                        ///< of fewer calls nothing is concluded
  milliseconds open{30000};                ///< how long nothing is sent; doubled if it fails again
  milliseconds open_max{600000};
  int probes = 3;  ///< requests that find out whether the partner is back
};

enum class Order { kNone, kKey };
enum class AfterDead { kContinue, kBlock };  ///< what becomes of a key when its event dies

struct OrderSettings {
  Order by = Order::kNone;
  AfterDead after_dead = AfterDead::kContinue;
};

/// kUnknown: the partner may have acted on the request; the next step is `after_unknown`.
enum class VerdictKind { kDelivered, kRetry, kHold, kDead, kUnknown };

/// A pattern for statuses: `404`, `40x`, `4xx`. The most exact match wins.
struct StatusRule {
  std::string pattern;
  VerdictKind verdict = VerdictKind::kRetry;
};

/// What a rule looks at: a value in the JSON body, a header, the body as text, or nothing
/// (`otherwise`, which always matches).
enum class AnswerPart { kJson, kHeader, kText, kOtherwise };

/// kIn: is one of `values`. kExists: is there, and not null. kMissing: is not there, or null.
enum class AnswerTest { kIn, kExists, kMissing };

/// One line of `verdict.answer`.
struct AnswerRule {
  std::string status{};  ///< status pattern; empty: those whose verdict is `delivered`
  AnswerPart part = AnswerPart::kOtherwise;
  std::string name{};  ///< JSON pointer, name of the header, or the text that the body holds
  AnswerTest test = AnswerTest::kExists;
  std::vector<std::string> values{};  ///< for kIn; numbers, true and false as JSON writes them
  VerdictKind verdict = VerdictKind::kDead;
};

struct VerdictSettings {
  std::vector<StatusRule> rules{
      {"2xx", VerdictKind::kDelivered}, {"3xx", VerdictKind::kRetry}, {"408", VerdictKind::kRetry},
      {"409", VerdictKind::kRetry},     {"423", VerdictKind::kRetry}, {"425", VerdictKind::kRetry},
      {"429", VerdictKind::kRetry},     {"5xx", VerdictKind::kRetry}, {"401", VerdictKind::kHold},
      {"403", VerdictKind::kHold},      {"4xx", VerdictKind::kDead},
  };
  std::vector<AnswerRule> answer{};  ///< the first that matches decides
  /// An answer with a `delivered` status that was cut off, or that is empty or no JSON where a rule
  /// needs JSON.
  VerdictKind unreadable = VerdictKind::kUnknown;
  /// Status patterns by which the partner says that it wants no more events. Where the verdict is
  /// `dead`, the destination then pauses itself.
  std::vector<std::string> gone{"410"};
  /// The header `webhook-delivery` of an answer is obeyed.
  bool delivery_control = true;
};

enum class StartAt { kNow, kBeginning };

/// What becomes of a request that was sent and has no answer that says what came of it.
enum class AfterUnknown {
  kResend,  ///< the partner knows the idempotency key
  kVerify,  ///< it is asked first
  kDead,    ///< a person decides: nothing is sent more than once
};

/// How to ask a partner what became of an event. Counts as a request to it.
struct VerifySettings {
  std::string url;  ///< Mustache template
  std::string method = "GET";
  milliseconds after{5000};                   ///< the partner may still be working
  std::vector<std::string> delivered{"200"};  ///< status patterns: it has the event
  std::vector<std::string> missing{"404"};    ///< it has not: sent again. All others cannot say
};

struct DestinationSettings {
  std::string name;
  /// Exact, or a prefix such as `shipment.*` of any depth, or `*`.
  std::vector<std::string> topics;
  StartAt start = StartAt::kNow;
  HttpSettings http;
  int concurrency = 16;            ///< requests in flight, over all shards
  int max_unsettled = 0;           ///< per lane; 0: the larger of 64 and twice the concurrency
  std::vector<RateWindow> rate{};  ///< every one holds; over all shards
  std::optional<BreakerSettings> breaker = BreakerSettings{};  ///< nullopt: none
  RetrySettings retries;
  OrderSettings order;
  int shards = 1;
  VerdictSettings verdict;
  /// More dead letters than that: the destination pauses itself. nullopt: never.
  std::optional<RateWindow> dead_limit = RateWindow{100, milliseconds(600000)};
  AfterUnknown after_unknown = AfterUnknown::kResend;
  std::optional<VerifySettings> verify{};  ///< there when `after_unknown` is kVerify
  std::string emit_on_delivered;           ///< topic; empty: nothing
  std::string emit_on_dead;
  std::size_t keep_response = 4096;
};

struct Settings {
  DatabaseSettings database;
  RelaySettings relay;
  ListenAddress metrics;
  RetentionSettings retention;
  UnroutedSettings unrouted;
  std::vector<std::string> ignore_topics;
  LogSettings log;
  std::vector<DestinationSettings> destinations;
};

}  // namespace postrider
