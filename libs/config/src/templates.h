#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace postrider {

/// A template whose tags were looked at.
struct ParsedTemplate {
  /// The text with a `0` in the place of each tag, so that the rest can be checked.
  std::string without_tags;
  /// What is wrong with the first bad tag; nullopt when all are good.
  std::optional<std::string> fault;
};

/// Checks the Mustache tags of a template: closed, and each the name of a variable of an event
/// (`id, topic, key, attempt, idempotency_key, payload.<path>, headers.<name>`).
ParsedTemplate ParseTemplate(std::string_view text);

}  // namespace postrider
