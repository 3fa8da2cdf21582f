#pragma once

#include <string>
#include <vector>

#include "postrider/model/event.h"
#include "postrider/model/lane_id.h"

namespace postrider {

/// One pattern of a subscription: takes events with `id > since` whose topic it matches.
struct TopicSince {
  std::string pattern;
  EventId since = 0;

  friend bool operator==(const TopicSince&, const TopicSince&) = default;
};

/// What a registered version of a destination takes.
struct Subscription {
  DestinationId destination = 0;
  std::string name;
  int version = 0;
  int shards = 1;
  std::vector<TopicSince> topics;

  bool Takes(const Event& event) const;

  friend bool operator==(const Subscription&, const Subscription&) = default;
};

/// What one lane takes: the one predicate of tail, recovery, catching up and the unrouted lane.
/// A duplicate is taken by nobody.
struct LaneFilter {
  LaneId lane;
  /// For a lane of a destination: its subscription, of which the lane takes one shard.
  Subscription subscription;
  /// For the unrouted lane: what *somebody* takes or what is ignored, it does not.
  std::vector<Subscription> others;
  std::vector<std::string> ignored_topics;

  bool Takes(const Event& event) const;
};

}  // namespace postrider
