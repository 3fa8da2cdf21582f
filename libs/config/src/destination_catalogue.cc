#include <utility>

#include "catalogue.h"
#include "http_catalogue.h"
#include "limit_kinds.h"
#include "partner_catalogue.h"
#include "scalar_kinds.h"
#include "topics.h"
#include "unknown_catalogue.h"

namespace postrider {
namespace {

using Row = Setting<DestinationSettings>;
using Rows = Catalogue<DestinationSettings>;

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

void AddEnds(Rows& rows) {
  rows.push_back(Leaf<DestinationSettings>(
      "dead_limit", OrFalseKind<RateKind>{},
      "More dead letters than that, and the destination pauses itself. Over all shards.",
      &DestinationSettings::dead_limit));
  AddUnknown(rows);
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
