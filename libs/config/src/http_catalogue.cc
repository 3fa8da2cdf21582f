#include "http_catalogue.h"

#include <chrono>
#include <utility>

#include "addresses.h"
#include "auth_kind.h"
#include "endpoints_kind.h"
#include "headers.h"

namespace postrider {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

using Row = Setting<DestinationSettings>;
using Rows = Catalogue<DestinationSettings>;

constexpr auto kHttp = &DestinationSettings::http;

ChoiceKind<std::string> MethodKind() {
  return {
      {{"POST", "POST"}, {"PUT", "PUT"}, {"PATCH", "PATCH"}, {"GET", "GET"}, {"DELETE", "DELETE"}}};
}

// `false` sends no key; a map turns it on again where `defaults` had turned it off.
Row IdempotencyGroup() {
  Row row = Group<DestinationSettings>(
      "http.idempotency",
      "How the partner is told that two requests are the same; false: not at all.");
  row.allowed = "a map, or false";
  row.schema = R"({"enum": [false, "false", "no", "off"]})";
  row.read = [](const Value& value, DestinationSettings& target) {
    std::string& header = target.http.idempotency.header;
    if (value.IsMap()) {
      if (header.empty()) header = IdempotencySettings{}.header;
      return;
    }
    const auto text = value.Text("a map {header, keep}, or false");
    if (!text) return;
    if (ParseBoolean(*text) != false) return value.Expect("a map {header, keep}, or false");
    header.clear();
  };
  row.show = [](const DestinationSettings& source) -> std::optional<std::string> {
    if (!source.http.idempotency.header.empty()) return std::nullopt;
    return "false";
  };
  return row;
}

// Not shown beside endpoints, of which it is one.
Row UrlRow() {
  Row row =
      Leaf<DestinationSettings>("http.url", HttpUrlKind{},
                                "Where to. {{variables}} after the host: id, topic, key, attempt, "
                                "idempotency_key, payload.<path>, headers.<name>.",
                                kHttp, &HttpSettings::url)
          .Automatic("required, here or in endpoints");
  row.read = [read = row.read](const Value& value, DestinationSettings& target) {
    target.http.primary = {};
    target.http.fallbacks.clear();
    read(value, target);
  };
  row.show = [show = row.show](const DestinationSettings& source) {
    return HasEndpoints(source.http) ? std::nullopt : show(source);
  };
  return row;
}

void AddTarget(Rows& rows) {
  rows.push_back(Group<DestinationSettings>("http", "The request that delivers an event."));
  rows.push_back(Leaf<DestinationSettings>(
      "http.method", MethodKind(), "The method of the request.", kHttp, &HttpSettings::method));
  rows.push_back(Leaf<DestinationSettings>(
      "http.headers", HeadersKind{},
      "Headers of each request, in addition to the event's own; these win. null: a header that "
      "would be sent is not. A destination's are laid over those of defaults.",
      kHttp, &HttpSettings::headers));
  rows.push_back(UrlRow());
  rows.push_back(Leaf<DestinationSettings>(
      "http.endpoints", EndpointsKind{},
      "In place of url. The first is used; while its breaker is open or it cannot be connected, "
      "the next. An entry's headers and auth win over those of http.",
      kHttp));
  rows.push_back(Leaf<DestinationSettings>(
      "http.auth", AuthKind{},
      "How we prove who we are. Tokens are fetched early, once for all, and again when the "
      "partner rejects one.",
      kHttp, &HttpSettings::auth));
  rows.push_back(FixedChoice("http.body",
                             {{"event"}, {"json", "form", "xml", "text", "cloudevents", "none"}},
                             "What is sent: the bytes of the event as they were inserted."));
}

void AddIdempotency(Rows& rows) {
  rows.push_back(IdempotencyGroup());
  rows.push_back(Leaf<DestinationSettings>(
      "http.idempotency.header", HeaderNameKind(), "The header that carries the key.", kHttp,
      &HttpSettings::idempotency, &IdempotencySettings::header));
  rows.push_back(
      Leaf<DestinationSettings>("http.idempotency.keep", DurationKind{seconds(1), hours(24 * 3650)},
                                "How long the partner remembers a key. Whole seconds.", kHttp,
                                &HttpSettings::idempotency, &IdempotencySettings::keep));
  rows.push_back(Leaf<DestinationSettings>("http.announce", BooleanKind{},
                                           "Send Postrider-Event, -Topic and -Attempt.", kHttp,
                                           &HttpSettings::announce));
}

void AddConnection(Rows& rows) {
  rows.push_back(Leaf<DestinationSettings>(
      "http.connect_timeout", DurationKind{milliseconds(10), minutes(5)},
      "For DNS, TCP and TLS together. When not given, not more than timeout.", kHttp,
      &HttpSettings::connect_timeout));
  rows.push_back(Leaf<DestinationSettings>(
      "http.timeout", DurationKind{milliseconds(10), hours(1)},
      "For the whole call, the body of the answer included. At least connect_timeout.", kHttp,
      &HttpSettings::timeout));
  rows.push_back(
      Group<DestinationSettings>("http.pool", "Connections that are kept for use again."));
  rows.push_back(Leaf<DestinationSettings>("http.pool.size", IntegerKind{1, 10000},
                                           "How many, over all shards.", kHttp, &HttpSettings::pool,
                                           &PoolSettings::size)
                     .Automatic("concurrency"));
  rows.push_back(Leaf<DestinationSettings>("http.pool.idle", DurationKind{seconds(1), hours(1)},
                                           "A connection idle for longer is not used again. "
                                           "Shorter than the partner's keep-alive. Whole "
                                           "seconds.",
                                           kHttp, &HttpSettings::pool, &PoolSettings::idle));
  rows.push_back(Leaf<DestinationSettings>(
      "http.pool.wait", DurationKind{milliseconds(0), minutes(5)},
      "When all connections have been in use for longer, a line in the log says so. Events keep "
      "their place meanwhile.",
      kHttp, &HttpSettings::pool, &PoolSettings::wait));
  rows.push_back(Leaf<DestinationSettings>(
      "http.max_response", SizeKind{1, std::uint64_t{1} << 30},
      "The largest body of an answer, after decompression. What is larger is cut off and not read.",
      kHttp, &HttpSettings::max_response));
  rows.push_back(Leaf<DestinationSettings>(
      "http.allow_private", AllowPrivateKind{},
      "Whether requests may go to private addresses. Cloud metadata addresses stay blocked.", kHttp,
      &HttpSettings::allow_private));
}

}  // namespace

void AddHttp(Rows& rows) {
  AddTarget(rows);
  AddIdempotency(rows);
  AddConnection(rows);
  for (const char* path : {"http.query", "http.sign", "http.tls", "http.proxy",
                           "http.source_address", "http.charset", "http.version"}) {
    rows.push_back(NotYet<DestinationSettings>(path, "Reserved."));
  }
}

Row FixedChoice(std::string path, ChoiceWords words, std::string meaning) {
  Row row;
  row.path = std::move(path);
  row.meaning = std::move(meaning);
  row.allowed = words.Allowed();
  row.schema = words.Schema();
  row.show = [word = words.words.front()](const DestinationSettings&) { return word; };
  row.read = [words = std::move(words)](const Value& value, DestinationSettings&) {
    // A map is how the words of the future are refined.
    if (value.IsMap()) {
      value.Error("a map is not supported yet, allowed: " + words.Allowed());
    } else {
      (void)words.Read(value);
    }
  };
  return row;
}

}  // namespace postrider
