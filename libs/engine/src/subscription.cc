#include "postrider/engine/subscription.h"

#include <algorithm>

#include "postrider/model/topic.h"

namespace postrider {

bool Subscription::Takes(const Event& event) const {
  if (event.duplicate_of) return false;
  if (event.only_destination && *event.only_destination != destination) return false;
  return std::any_of(topics.begin(), topics.end(), [&](const TopicSince& topic) {
    return event.id() > topic.since && TopicMatches(topic.pattern, event.topic);
  });
}

bool LaneFilter::Takes(const Event& event) const {
  if (lane.destination != kUnrouted) {
    return subscription.Takes(event) && event.slot % subscription.shards == lane.shard;
  }
  if (event.duplicate_of) return false;
  // One that was put into the backlog of its destination when it was recorded.
  if (event.only_destination && *event.only_destination < 0) return false;
  for (const Subscription& other : others) {
    if (other.Takes(event)) return false;
  }
  return std::none_of(ignored_topics.begin(), ignored_topics.end(), [&](const std::string& topic) {
    return TopicMatches(topic, event.topic);
  });
}

}  // namespace postrider
