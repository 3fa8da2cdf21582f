#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "commands/command_context.h"

namespace CLI {
class App;
}

namespace postrider {

/// Which dead letters a command is about. Empty texts do not filter.
struct DeadFilter {
  std::vector<std::int64_t> ids;
  std::optional<std::int64_t> event;
  std::string destination;
  std::string topic;  ///< a pattern as in a subscription
  std::string key;
  std::string reason;
  std::string since;  ///< of death; as TimeExpression takes it
  std::string until;
  int limit = 0;  ///< the oldest of those that match; 0: all

  /// Whether it names nothing, which means every dead letter.
  bool empty() const;
};

/// Adds --id, --event, --destination and so on.
void AddDeadFilter(CLI::App& command, DeadFilter& filter);

/// A condition on the rows of outbox.dead_letters. Throws CommandError for a wrong time or a
/// destination that does not exist.
std::string DeadCondition(CommandContext& context, const DeadFilter& filter);

/// The filter as arguments of outbox.replay_dead and outbox.discard_dead. Times are pinned by the
/// clock of the database, so that a second call means the same letters: what dies after this call
/// is not among them.
std::string DeadArguments(CommandContext& context, const DeadFilter& filter);

}  // namespace postrider
