#include "contradictions.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "auth_kind.h"
#include "delivery_kinds.h"
#include "headers.h"
#include "mask.h"
#include "postrider/model/topic.h"
#include "quantities.h"

namespace postrider {
namespace {

std::optional<Value> Locate(const Value& map, std::string_view path) {
  const std::size_t dot = path.find('.');
  auto member = map.Find(path.substr(0, dot));
  if (!member || dot == path.npos) return member;
  return Locate(*member, path.substr(dot + 1));
}

/// One destination under examination.
class Examination {
 public:
  Examination(const Value& own, const std::optional<Value>& defaults,
              const DestinationSettings& settings, seconds kept)
      : own_(own), defaults_(defaults), settings_(settings), kept_(kept) {}

  void Run() const {
    CheckComplete();
    CheckTimes();
    CheckCounts();
    CheckRates();
    CheckBreaker();
    CheckRetries();
    CheckOrder();
    CheckUnknown();
    CheckGone();
    CheckVerdict(own_);
    CheckTarget(own_);
    if (defaults_) {
      CheckVerdict(*defaults_);
      CheckTarget(*defaults_);
    }
    CheckIdempotencyHeader();
    CheckCredentials();
    CheckLoop("on_delivered.emit", settings_.emit_on_delivered);
    CheckLoop("on_dead.emit", settings_.emit_on_dead);
  }

 private:
  // Where a setting is given: in the destination, else in the defaults.
  std::optional<Value> Given(std::string_view path) const {
    auto value = Locate(own_, path);
    return value || !defaults_ ? value : Locate(*defaults_, path);
  }

  bool IsGiven(std::string_view path) const { return Given(path).has_value(); }

  bool IsGood(std::string_view path) const {
    const auto value = Given(path);
    return !value || !value->reading().report.HasErrorAt(value->path());
  }

  // Reports at the first of two settings that is given in the file, if both are good.
  void Refuse(std::string_view first, std::string_view second, std::string message) const {
    if (!IsGood(first) || !IsGood(second)) return;
    auto value = Given(first);
    if (!value) value = Given(second);
    value.value_or(own_).Error(std::move(message));
  }

  void CheckComplete() const {
    if (!IsGiven("topics")) own_.Error("found no topics, allowed: topics: [..], at least one");
    if (IsGiven("http.url") || IsGiven("http.endpoints")) return;
    if (IsGiven("sql")) return;  // already refused
    own_.Error("found no URL, allowed: http: {url: ..}");
  }

  void CheckTimes() const {
    const auto& http = settings_.http;
    CheckAscending("http.connect_timeout", http.connect_timeout, "http.timeout", http.timeout);
  }

  // Reports a pair of durations of which the first is longer, where one of them is given.
  void CheckAscending(const std::string& low_path, milliseconds low, const std::string& high_path,
                      milliseconds high) const {
    if (low <= high) return;
    const bool at_low = Locate(own_, low_path) ? !Locate(own_, high_path) : !Given(high_path);
    if (at_low) {
      Refuse(low_path, high_path,
             "found " + DurationSettingText(low) + ", allowed: at most " + high_path + " (" +
                 DurationSettingText(high) + ")");
    } else {
      Refuse(high_path, low_path,
             "found " + DurationSettingText(high) + ", allowed: at least " + low_path + " (" +
                 DurationSettingText(low) + ")");
    }
  }

  void CheckCounts() const {
    if (settings_.concurrency >= settings_.shards) return;
    Refuse("shards", "concurrency",
           "found " + std::to_string(settings_.shards) + " shards with a concurrency of " +
               std::to_string(settings_.concurrency) + ", allowed: at most one shard for each");
  }

  void CheckRates() const {
    for (const RateWindow& rate : settings_.rate) {
      if (rate.count < settings_.shards) {
        Refuse("rate", "shards",
               "found " + RateText(rate) + " with " + std::to_string(settings_.shards) +
                   " shards, allowed: at least one request for each shard");
      }
      if (rate.length > kept_) {
        Refuse("rate", "rate",
               "found " + RateText(rate) + ", allowed: no longer than retention.delivered (" +
                   DurationSettingText(kept_) + "), which is how long it is known what was sent");
      }
    }
    const auto& limit = settings_.dead_limit;
    if (!limit || limit->count >= settings_.shards || !IsGiven("dead_limit")) return;
    Refuse("dead_limit", "shards",
           "found " + RateText(*limit) + " with " + std::to_string(settings_.shards) +
               " shards, allowed: at least one for each shard");
  }

  void CheckBreaker() const {
    if (!settings_.breaker) return;
    const BreakerSettings& breaker = *settings_.breaker;
    const int* const calls = std::get_if<int>(&breaker.window);
    if (calls != nullptr && breaker.minimum > *calls) {
      Refuse("breaker.minimum", "breaker.window",
             "found a minimum of " + std::to_string(breaker.minimum) + " calls and a window of " +
                 std::to_string(*calls) + ", allowed: a minimum of at most the window");
    }
    CheckAscending("breaker.open", breaker.open, "breaker.open_max", breaker.open_max);
    const milliseconds timeout = settings_.http.timeout;
    if (!breaker.slow || breaker.slow->after < timeout || !IsGiven("breaker.slow.after")) return;
    Refuse("breaker.slow.after", "http.timeout",
           "found " + DurationSettingText(breaker.slow->after) + ", allowed: less than " +
               "http.timeout (" + DurationSettingText(timeout) + "), at which a call has failed");
  }

  void CheckRetries() const {
    CheckRetryForms(own_);
    if (defaults_) CheckRetryForms(*defaults_);
    const auto& retries = settings_.retries;
    if (!retries.schedule.empty()) {
      const auto most = static_cast<int>(retries.schedule.size()) + 1;
      if (retries.attempts <= most) return;
      return Refuse("retries.attempts", "retries.schedule",
                    "found " + std::to_string(retries.attempts) + " attempts, allowed: at most " +
                        std::to_string(most) + ", one more than the schedule has waits");
    }
    CheckAscending("retries.first", retries.first, "retries.max", retries.max);
  }

  static void CheckRetryForms(const Value& scope) {
    if (!Locate(scope, "retries.schedule")) return;
    for (const std::string_view part : {"first", "factor", "max"}) {
      const auto value = Locate(scope, "retries." + std::string(part));
      if (value) value->Error("found beside retries.schedule, allowed: one of the two");
    }
  }

  void CheckOrder() const {
    if (settings_.order.after_dead == AfterDead::kContinue || settings_.order.by == Order::kKey)
      return;
    Refuse("order.after_dead", "order.by",
           "found block without by: key, allowed: block with by: key");
  }

  void CheckUnknown() const {
    const bool asks = settings_.after_unknown == AfterUnknown::kVerify;
    if (asks && !settings_.verify) {
      Refuse("after_unknown", "verify",
             "found verify without a way to ask, allowed: verify: {url: ..} beside it");
    }
    if (!settings_.verify) return;
    if (settings_.verify->url.empty()) {
      Refuse("verify", "verify.url", "found no url, allowed: verify: {url: ..}");
    }
    if (const auto verify = Locate(own_, "verify"); verify && !asks) {
      verify->Warning("is not used: only after_unknown: verify asks the partner");
    }
    for (const std::string& status : settings_.verify->missing) {
      const auto& delivered = settings_.verify->delivered;
      if (std::find(delivered.begin(), delivered.end(), status) == delivered.end()) continue;
      Refuse("verify.missing", "verify.delivered",
             "found " + status + " in delivered as well, allowed: in one of the two");
    }
  }

  void CheckGone() const {
    for (const std::string& pattern : settings_.verdict.gone) {
      for (int status = 100; status < 1000; ++status) {
        if (!StatusMatches(pattern, status)) continue;
        if (MeaningOf(status, settings_.verdict.rules) == VerdictKind::kDead) continue;
        return Refuse("verdict.gone", "verdict.gone",
                      "found " + pattern + ", but the verdict on " + std::to_string(status) +
                          " is not dead; allowed: statuses that are dead");
      }
    }
  }

  static void CheckVerdict(const Value& scope) {
    std::vector<std::pair<std::string, std::string>> seen;  // status and where
    const auto verdict = scope.Find("verdict");
    if (!verdict || !verdict->IsMap()) return;
    for (const Value& list : verdict->Members()) {
      const bool of_statuses = list.key() != "answer" && list.key() != "gone";
      for (const Value& item : of_statuses ? list.Items() : std::vector<Value>{}) {
        if (!item.IsScalar()) continue;
        const auto& status = item.RawText();
        for (const auto& [former, where] : seen) {
          if (former == status) {
            item.Error("found " + Quoted(status) + " a second time, first in verdict." + where +
                       "; allowed: once");
          }
        }
        seen.emplace_back(status, list.key());
      }
    }
  }

  static void CheckTarget(const Value& scope) {
    const auto endpoints = Locate(scope, "http.endpoints");
    if (endpoints && Locate(scope, "http.url")) {
      endpoints->Error("found beside http.url, allowed: one of the two");
    }
  }

  void CheckIdempotencyHeader() const {
    for (const auto& [name, value] : settings_.http.headers) {
      if (!value || !SameHeader(name, settings_.http.idempotency.header)) continue;
      Refuse("http.headers", "http.endpoints",
             Quoted(name) + " carries the idempotency key, allowed: null, or idempotency: false");
    }
  }

  void CheckCredentials() const {
    const auto& http = settings_.http;
    const std::string header = CredentialsHeader(http.auth);
    for (const auto& [name, value] : http.headers) {
      if (!value || header.empty() || !SameHeader(name, header)) continue;
      Refuse("http.auth", "http.headers",
             "found beside the header " + Quoted(name) +
                 " in http.headers, allowed: one of the "
                 "two");
    }
  }

  void CheckLoop(std::string_view path, const std::string& topic) const {
    if (topic.empty()) return;
    for (const auto& pattern : settings_.topics) {
      if (!TopicMatches(pattern, topic)) continue;
      return Refuse(path, "topics",
                    "found " + Quoted(topic) + ", which this destination takes itself (" +
                        Quoted(pattern) + "): a loop; allowed: a topic for others");
    }
  }

  const Value& own_;
  const std::optional<Value>& defaults_;
  const DestinationSettings& settings_;
  const seconds kept_;
};

void CheckPoll(const Value& document, const PollSettings& poll) {
  if (poll.min <= poll.max) return;
  const auto min = Locate(document, "relay.poll.min");
  const auto max = Locate(document, "relay.poll.max");
  for (const auto& value : {min, max}) {
    if (value && value->reading().report.HasErrorAt(value->path())) return;
  }
  if (min) {
    min->Error("found " + DurationSettingText(poll.min) + ", allowed: at most relay.poll.max (" +
               DurationSettingText(poll.max) + ")");
  } else if (max) {
    max->Error("found " + DurationSettingText(poll.max) + ", allowed: at least relay.poll.min (" +
               DurationSettingText(poll.min) + ")");
  }
}

}  // namespace

void CheckRelay(const Value& document, const Settings& settings) {
  CheckPoll(document, settings.relay.poll);
  const auto password = Locate(document, "database.password");
  if (password && settings.database.password && HasPassword(settings.database.url)) {
    password->Error("found beside a password in database.url, allowed: one of the two");
  }
}

void CheckDestination(const Value& destination, const std::optional<Value>& defaults,
                      const DestinationSettings& settings, seconds kept) {
  Examination(destination, defaults, settings, kept).Run();
}

}  // namespace postrider
