#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "postrider/model/event.h"

namespace postrider::test {

/// An event of which only the id matters, and what is changed afterwards.
inline std::shared_ptr<Event> NewEvent(EventId id, const std::string& key = "") {
  auto event = std::make_shared<Event>();
  event->identity.id = id;
  event->identity.xid = static_cast<Xid>(1000 + id);
  event->identity.recorded_at = Timestamp(microseconds(id));
  event->topic = "t";
  if (!key.empty()) event->key = key;
  return event;
}

inline std::vector<EventId> IdsOf(const std::vector<EventRef>& events) {
  std::vector<EventId> ids;
  for (const EventRef& event : events) ids.push_back(event->id());
  return ids;
}

}  // namespace postrider::test
