#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scalar_kinds.h"

namespace postrider {

/// A topic as the database allows it: 1 to 200 of [A-Za-z0-9._:/-], a letter or digit first.
bool IsTopic(std::string_view text);

/// A topic, a prefix such as `shipment.*`, or `*`.
bool IsTopicPattern(std::string_view text);

/// A list of topic patterns without repetition.
struct TopicsKind {
  bool may_be_empty;

  void Read(const Value& value, std::vector<std::string>& out) const;
  std::optional<std::string> Show(const std::vector<std::string>& topics) const;
  std::string Allowed() const;
  std::string Schema() const;
};

/// The topic of a follow-up event.
TextKind TopicKind();

}  // namespace postrider
