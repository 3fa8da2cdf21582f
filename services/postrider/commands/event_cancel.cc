#include "commands/event_cancel.h"

#include <algorithm>
#include <chrono>
#include <iostream>
#include <nlohmann/json.hpp>
#include <thread>

#include "commands/command_context.h"
#include "commands/command_line.h"
#include "commands/table.h"
#include "commands/time_argument.h"

namespace postrider {
namespace {

constexpr std::chrono::milliseconds kLookAgain{100};

bool AnyIs(const Json& rows, const std::string& result) {
  return std::any_of(rows.begin(), rows.end(),
                     [&](const Json& row) { return row["result"] == result; });
}

/// Puts what has been decided since into the rows that are `requested`.
void FollowDecisions(CommandContext& context, const std::string& id, Json& rows) {
  const Json decided =
      context.Query("event_cancel",
                    "SELECT destination, result FROM outbox.cancellations WHERE event_id = " + id);
  for (Json& row : rows) {
    if (row["result"] != "requested") continue;
    for (const Json& decision : decided) {
      if (decision["destination"] == row["destination"]) row["result"] = decision["result"];
    }
  }
}

/// 0 when all was or may still be cancelled, 3 when there was nothing to cancel, 4 for a part.
int ExitCodeOf(const Json& rows) {
  const auto stopped = std::count_if(rows.begin(), rows.end(), [](const Json& row) {
    return row["result"] == "cancelled" || row["result"] == "requested";
  });
  if (stopped == static_cast<std::ptrdiff_t>(rows.size()) && !rows.empty()) return kExitDone;
  return stopped > 0 || AnyIs(rows, "in_flight") ? kExitDeclined : kExitNoMatch;
}

void Print(const Json& rows) {
  if (rows.empty()) {
    std::cout << "No destination takes it: there is nothing to cancel.\n";
    return;
  }
  std::cout << RenderTable(rows, {{"destination", "DESTINATION"}, {"result", "RESULT"}});
  if (AnyIs(rows, "requested")) {
    std::cout << "'requested': the relay that owns the destination decides when it looks.\n";
  }
}

}  // namespace

int RunEventCancel(const EventCancelArguments& arguments) {
  const auto wait = ParseDuration("--wait", arguments.wait);
  CommandContext context(arguments.common, Purpose::kChange);
  if (!arguments.destination.empty()) context.RequireDestination(arguments.destination);
  const std::string id = std::to_string(arguments.id);
  Json rows = context.Change("event_cancel",
                             "SELECT destination, result FROM outbox.cancel(event_id => " + id +
                                 ", destination => " + context.QuoteOrNull(arguments.destination) +
                                 ", note => " + context.QuoteOrNull(arguments.note) + ")");
  const auto patience = std::chrono::steady_clock::now() + wait;
  while (AnyIs(rows, "requested") && std::chrono::steady_clock::now() < patience) {
    FollowDecisions(context, id, rows);
    if (AnyIs(rows, "requested")) std::this_thread::sleep_for(kLookAgain);
  }
  if (context.json()) {
    PrintItems(rows);
  } else {
    Print(rows);
  }
  return ExitCodeOf(rows);
}

}  // namespace postrider
