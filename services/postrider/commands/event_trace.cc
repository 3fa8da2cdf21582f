#include "commands/event_trace.h"

#include <cstddef>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "commands/command_context.h"
#include "commands/command_error.h"
#include "commands/command_line.h"
#include "commands/table.h"

namespace postrider {

int RunEventTrace(const EventTraceArguments& arguments) {
  CommandContext context(arguments.common);
  const std::string id = std::to_string(arguments.id);
  Json rows = context.Query("event_trace", "SELECT * FROM outbox.trace(" + id + ")");
  if (rows.empty()) {
    throw CommandError(kExitNoMatch, "there is no event " + id,
                       "Delivered events leave after their retention; 'postrider event list' shows "
                       "those that are kept.");
  }
  if (context.json()) {
    PrintItems(rows);
    return kExitDone;
  }
  for (Json& row : rows) {
    const auto depth = static_cast<std::size_t>(row["depth"].get<int>());
    row["tree"] = std::string(2 * depth, ' ') + row["event_id"].dump();
  }
  std::cout << RenderTable(rows, {{"tree", "EVENT"},
                                  {"topic", "TOPIC"},
                                  {"destination", "DESTINATION"},
                                  {"state", "STATE"},
                                  {"attempts", "ATTEMPTS", Format::kNumber},
                                  {"http_status", "HTTP", Format::kNumber},
                                  {"recorded_at", "RECORDED", Format::kTime},
                                  {"finished_at", "FINISHED", Format::kTime},
                                  {"last_error", "LAST ERROR", Format::kShort}});
  return kExitDone;
}

}  // namespace postrider
