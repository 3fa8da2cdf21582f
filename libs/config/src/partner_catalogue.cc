#include "partner_catalogue.h"

#include <chrono>
#include <utility>

#include "answer_kinds.h"
#include "delivery_kinds.h"
#include "limit_kinds.h"
#include "scalar_kinds.h"

namespace postrider {
namespace {

using std::chrono::hours;

using Row = Setting<DestinationSettings>;
using Rows = Catalogue<DestinationSettings>;

// `false` is no breaker; a map turns it on again where `defaults` had turned it off.
Row BreakerGroup() {
  Row row = Group<DestinationSettings>(
      "breaker",
      "When a partner that fails or is slow is left alone; false: never. Each shard has its own.");
  row.allowed = "a map, or false";
  row.schema = R"({"enum": [false, "false", "no", "off"]})";
  row.read = [](const Value& value, DestinationSettings& target) {
    if (value.IsMap()) {
      if (!target.breaker) target.breaker.emplace();
      return;
    }
    const auto text = value.Text("a map, or false");
    if (!text) return;
    if (ParseBoolean(*text) != false) return value.Expect("a map, or false");
    target.breaker.reset();
  };
  row.show = [](const DestinationSettings& source) -> std::optional<std::string> {
    if (source.breaker) return std::nullopt;
    return "false";
  };
  return row;
}

// The same for slow calls.
Row SlowGroup() {
  Row row = Group<DestinationSettings>("breaker.slow",
                                       "Calls that take long count as well; false: they do not.");
  row.allowed = "a map, or false";
  row.schema = R"({"enum": [false, "false", "no", "off"]})";
  row.read = [](const Value& value, DestinationSettings& target) {
    if (!target.breaker) return;
    if (value.IsMap()) {
      if (!target.breaker->slow) target.breaker->slow.emplace();
      return;
    }
    const auto text = value.Text("a map, or false");
    if (!text) return;
    if (ParseBoolean(*text) != false) return value.Expect("a map, or false");
    target.breaker->slow.reset();
  };
  row.show = [](const DestinationSettings& source) -> std::optional<std::string> {
    if (!source.breaker || source.breaker->slow) return std::nullopt;
    return "false";
  };
  return row;
}

// A setting of a breaker that is there.
template <class Kind, class T>
Row OfBreaker(std::string path, Kind kind, std::string meaning, T BreakerSettings::*member) {
  return LeafOfOptional<DestinationSettings>(
      std::move(path), kind, std::move(meaning), [member](auto& destination) {
        return destination.breaker ? &((*destination.breaker).*member) : nullptr;
      });
}

template <class Kind, class T>
Row OfSlow(std::string path, Kind kind, std::string meaning, T SlowCallSettings::*member) {
  return LeafOfOptional<DestinationSettings>(
      std::move(path), kind, std::move(meaning), [member](auto& destination) {
        const bool there = destination.breaker && destination.breaker->slow;
        return there ? &((*destination.breaker->slow).*member) : nullptr;
      });
}

void AddBreaker(Rows& rows) {
  constexpr DurationKind kTime{milliseconds(10), hours(24)};
  constexpr PercentKind kShare{1};
  rows.push_back(BreakerGroup());
  rows.push_back(OfBreaker("breaker.failures", kShare,
                           "It opens when this share of the calls in window failed.",
                           &BreakerSettings::failures));
  rows.push_back(SlowGroup());
  rows.push_back(OfSlow("breaker.slow.after", kTime, "A call that takes longer is slow.",
                        &SlowCallSettings::after));
  rows.push_back(OfSlow("breaker.slow.share", kShare,
                        "It opens when this share of the calls in window was slow.",
                        &SlowCallSettings::share));
  rows.push_back(OfBreaker("breaker.window", CallWindowKind{},
                           "The calls that are looked at: the last so many, or those of so long.",
                           &BreakerSettings::window));
  rows.push_back(OfBreaker("breaker.minimum", IntegerKind{1, 100000},
                           "Of fewer calls nothing is concluded. At most window, if that is calls.",
                           &BreakerSettings::minimum));
  rows.push_back(OfBreaker("breaker.open", kTime,
                           "How long nothing is sent; doubled each time the probes fail.",
                           &BreakerSettings::open));
  rows.push_back(OfBreaker("breaker.open_max", kTime, "The longest that. At least open.",
                           &BreakerSettings::open_max));
  rows.push_back(OfBreaker("breaker.probes", IntegerKind{1, 1000},
                           "Requests that find out whether the partner is back.",
                           &BreakerSettings::probes));
}

void AddLimitRows(Rows& rows) {
  rows.push_back(Leaf<DestinationSettings>("concurrency", IntegerKind{1, 10000},
                                           "Requests in flight, over all shards.",
                                           &DestinationSettings::concurrency));
  rows.push_back(
      Leaf<DestinationSettings>(
          "max_unsettled", IntegerKind{1, 100000},
          "Per lane: requests sent but not yet durably recorded. The bound on duplicates "
          "after a crash.",
          &DestinationSettings::max_unsettled)
          .Automatic("the larger of 64 and 2 x concurrency"));
  rows.push_back(Leaf<DestinationSettings>(
      "rate", RatesKind{},
      "How many requests may be sent in a time, in any interval of that length; every rate holds. "
      "Over all shards.",
      &DestinationSettings::rate));
}

// Part of the formula of the waits: a fixed schedule takes its place, and the other way round.
Row OfFormula(Row row) {
  row.read = [read = row.read](const Value& value, DestinationSettings& target) {
    target.retries.schedule.clear();
    read(value, target);
  };
  row.show = [show = row.show](const DestinationSettings& source) {
    return source.retries.schedule.empty() ? show(source) : std::nullopt;
  };
  return row;
}

void AddRetryRows(Rows& rows) {
  const auto retries = &DestinationSettings::retries;
  constexpr DurationKind kWait{milliseconds(1), hours(24 * 30)};
  rows.push_back(
      Group<DestinationSettings>("retries", "When a delivery is tried again, and how often."));
  rows.push_back(Leaf<DestinationSettings>(
      "retries.schedule", ScheduleKind{},
      "The waits after each attempt, in place of first, factor and max.", retries));
  rows.push_back(Leaf<DestinationSettings>(
      "retries.attempts", IntegerKind{1, 1000},
      "Attempts, the first included. With a schedule: one more than it has waits, or fewer.",
      retries, &RetrySettings::attempts));
  rows.push_back(Leaf<DestinationSettings>(
      "retries.for", DurationKind{seconds(1), hours(24 * 365)},
      "An attempt that fails this long after the first one is the last. Whole seconds.", retries,
      &RetrySettings::lasting));
  rows.push_back(OfFormula(Leaf<DestinationSettings>("retries.first", kWait,
                                                     "The wait after the first attempt.", retries,
                                                     &RetrySettings::first)));
  rows.push_back(OfFormula(Leaf<DestinationSettings>("retries.factor", DecimalKind{1, 100},
                                                     "What each further wait is multiplied by.",
                                                     retries, &RetrySettings::factor)));
  rows.push_back(OfFormula(Leaf<DestinationSettings>(
      "retries.max", kWait, "The longest wait, before jitter. At least retries.first.", retries,
      &RetrySettings::max)));
  rows.push_back(Leaf<DestinationSettings>("retries.jitter", PercentKind{},
                                           "The largest random part added to each wait.", retries,
                                           &RetrySettings::jitter));
  rows.push_back(Leaf<DestinationSettings>(
      "retries.budget", OrFalseKind<PercentKind>{},
      "The largest share of retries among the requests of a minute; 10 may always be. In each "
      "shard.",
      retries, &RetrySettings::budget));
}

void AddVerdictRows(Rows& rows) {
  const auto verdict = &DestinationSettings::verdict;
  rows.push_back(Group<DestinationSettings>(
      "verdict",
      "What the status of an answer means. The most exact pattern wins; a status without one is "
      "tried again, as is every failure of the network. Redirects are never followed."));
  rows.push_back(Leaf<DestinationSettings>("verdict.delivered",
                                           StatusesKind{VerdictKind::kDelivered},
                                           "The delivery is done.", verdict));
  rows.push_back(Leaf<DestinationSettings>("verdict.retry", StatusesKind{VerdictKind::kRetry},
                                           "It is tried again.", verdict));
  rows.push_back(Leaf<DestinationSettings>(
      "verdict.hold", StatusesKind{VerdictKind::kHold},
      "Our credentials are refused: the destination waits, no attempt is charged.", verdict));
  rows.push_back(Leaf<DestinationSettings>("verdict.dead", StatusesKind{VerdictKind::kDead},
                                           "It becomes a dead letter at once.", verdict));
  rows.push_back(Leaf<DestinationSettings>(
      "verdict.answer", AnswerRulesKind{},
      "Rules on what an answer holds, for statuses that are delivered or that a rule names. The "
      "first that matches decides.",
      verdict, &VerdictSettings::answer));
  rows.push_back(Leaf<DestinationSettings>(
      "verdict.unreadable", VerdictWordKind(),
      "What an answer with a delivered status means that was cut off, or is empty or no JSON where "
      "a rule needs it.",
      verdict, &VerdictSettings::unreadable));
  rows.push_back(Leaf<DestinationSettings>(
      "verdict.gone", StatusListKind{.may_be_empty = true},
      "Statuses by which the partner says that it wants no more events: the destination pauses "
      "itself. Their verdict is dead. When not given, none where 410 is not dead, or a url has "
      "{{variables}}.",
      verdict, &VerdictSettings::gone));
  rows.push_back(Leaf<DestinationSettings>(
      "verdict.delivery_control", BooleanKind{},
      "Obey the header webhook-delivery of an answer: disable pauses the destination, "
      "abort-message makes a dead letter of what would be tried again.",
      verdict, &VerdictSettings::delivery_control));
}

}  // namespace

void AddLimits(Rows& rows) {
  AddLimitRows(rows);
  AddBreaker(rows);
  AddRetryRows(rows);
}

void AddVerdict(Rows& rows) { AddVerdictRows(rows); }

}  // namespace postrider
