#include <chrono>
#include <utility>

#include "catalogue.h"
#include "delivery_kinds.h"
#include "http_catalogue.h"
#include "scalar_kinds.h"
#include "topics.h"

namespace postrider {
namespace {

using std::chrono::hours;

using Row = Setting<DestinationSettings>;
using Rows = Catalogue<DestinationSettings>;

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

void AddRetries(Rows& rows) {
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
  rows.push_back(NotYet<DestinationSettings>("retries.budget", "A bound on the share of retries."));
}

ChoiceKind<Order> OrderKind() { return {{{"none", Order::kNone}, {"key", Order::kKey}}}; }

// `order: key` is short for `order: {by: key}`.
Row OrderGroup() {
  Row row = Group<DestinationSettings>(
      "order", "Whether the events of a key are delivered one after the other, in order.");
  row.allowed = "none, key, or a map";
  row.schema = OrderKind().Schema();
  row.read = [](const Value& value, DestinationSettings& target) {
    if (!value.IsMap()) OrderKind().Read(value, target.order.by);
  };
  return row;
}

void AddOrder(Rows& rows) {
  const auto order = &DestinationSettings::order;
  rows.push_back(OrderGroup());
  rows.push_back(Leaf<DestinationSettings>(
      "order.by", OrderKind(), "key: one delivery in flight for each key; none: as they come.",
      order, &OrderSettings::by));
  rows.push_back(Leaf<DestinationSettings>(
      "order.after_dead",
      ChoiceKind<AfterDead>{{{"continue", AfterDead::kContinue}, {"block", AfterDead::kBlock}}},
      "What becomes of a key when one of its events dies. Only with by: key.", order,
      &OrderSettings::after_dead));
}

void AddVerdict(Rows& rows) {
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
  rows.push_back(NotYet<DestinationSettings>("verdict.answer", "Rules on the body of an answer."));
  rows.push_back(NotYet<DestinationSettings>("verdict.unreadable",
                                             "What an answer that can not be read means."));
}

// What is said already by there being no breaker.
Row BreakerRow() {
  Row row;
  row.path = "breaker";
  row.meaning = "A circuit breaker. Only false: there is none yet.";
  row.allowed = "false";
  row.schema = R"({"enum": [false, "false", "no", "off"]})";
  row.read = [](const Value& value, DestinationSettings&) {
    const auto text = value.IsScalar() ? value.Text("false") : std::string("a map");
    if (text && ParseBoolean(*text) != false) {
      value.Error("\"breaker\" is not supported yet, allowed: false");
    }
  };
  row.show = [](const DestinationSettings&) { return "false"; };
  return row;
}

void AddLimits(Rows& rows) {
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
  rows.push_back(NotYet<DestinationSettings>("rate", "Requests in a time."));
  rows.push_back(BreakerRow());
}

void AddEnds(Rows& rows) {
  rows.push_back(
      NotYet<DestinationSettings>("dead_limit", "Dead letters that pause the destination."));
  rows.push_back(FixedChoice(
      "after_unknown", {{"resend"}, {"verify", "dead"}},
      "What is done when a request may have arrived but no answer came: it is sent again."));
  rows.push_back(
      NotYet<DestinationSettings>("verify", "Asking the partner whether a request arrived."));
  rows.push_back(Group<DestinationSettings>("on_delivered", "What follows a delivery."));
  rows.push_back(Leaf<DestinationSettings>("on_delivered.emit", TopicKind(),
                                           "The topic of an event inserted together with the "
                                           "outcome. Not one that this destination takes.",
                                           &DestinationSettings::emit_on_delivered));
  rows.push_back(Group<DestinationSettings>("on_dead", "What follows a dead letter."));
  rows.push_back(Leaf<DestinationSettings>("on_dead.emit", TopicKind(),
                                           "The same for a dead letter.",
                                           &DestinationSettings::emit_on_dead));
  rows.push_back(Leaf<DestinationSettings>(
      "keep_response", SizeKind{0, 1 << 20},
      "How much of an answer's body is kept with the outcome and in a follow-up event.",
      &DestinationSettings::keep_response));
}

Rows Build() {
  Rows rows;
  rows.push_back(Leaf<DestinationSettings>("topics", TopicsKind{false},
                                           "What this destination takes: topics, prefixes such as "
                                           "\"shipment.*\" of any depth, or \"*\" for all.",
                                           &DestinationSettings::topics)
                     .Automatic("required"));
  rows.push_back(Leaf<DestinationSettings>(
      "start", ChoiceKind<StartAt>{{{"now", StartAt::kNow}, {"beginning", StartAt::kBeginning}}},
      "Where a new destination begins: with events from now on, or with all that are still kept.",
      &DestinationSettings::start));
  AddHttp(rows);
  rows.push_back(NotYet<DestinationSettings>("sql", "A SQL function in place of a URL."));
  AddLimits(rows);
  AddRetries(rows);
  AddOrder(rows);
  rows.push_back(Leaf<DestinationSettings>(
      "shards", IntegerKind{1, 256},
      "Into how many lanes the destination is split, by the hash of the key. At most concurrency.",
      &DestinationSettings::shards));
  AddVerdict(rows);
  AddEnds(rows);
  return rows;
}

}  // namespace

const Catalogue<DestinationSettings>& DestinationCatalogue() {
  static const Rows rows = Build();
  return rows;
}

}  // namespace postrider
