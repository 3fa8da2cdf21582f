#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "commands/command_context.h"

namespace postrider {

/// Something that `doctor` would have put right.
struct Finding {
  const char* severity;  ///< `error`: the relay does not work, or loses; `warning`: it will, or may
  std::string check;     ///< which one found it
  std::string what;
  std::string advice;
};

using Findings = std::vector<Finding>;

/// Whether the schema is there: without it no other check of the database makes sense.
bool HasSchema(CommandContext& context);
/// Whether it is of this program's version, and its parts as they must be.
Findings CheckSchema(CommandContext& context);
/// Whether this role may do what a relay does.
Findings CheckPrivileges(CommandContext& context);
/// Settings of the server, the database and the role that hurt.
Findings CheckServerSettings(CommandContext& context);
/// The clock of this machine against that of the database.
Findings CheckClocks(CommandContext& context);
/// Who holds back the oldest snapshot for longer than `longest`.
Findings CheckSnapshots(CommandContext& context, std::chrono::milliseconds longest);
/// Buckets that should have been emptied.
Findings CheckRetention(CommandContext& context);
/// Topics of recent events that no destination takes.
Findings CheckTopics(CommandContext& context);
/// Whether a relay that is started like this command may have as much open as the file asks for.
Findings CheckDescriptors(CommandContext& context);
/// Relays, and destinations that are retired while events wait for them.
Findings CheckRelays(CommandContext& context);
/// Whether each destination's host is found by DNS and takes TCP connections from here.
Findings CheckReachability(CommandContext& context);

}  // namespace postrider
