#include "commands/status_command.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "commands/command_context.h"
#include "commands/command_line.h"
#include "commands/command_options.h"
#include "commands/readable.h"
#include "commands/table.h"
#include "commands/time_argument.h"

namespace postrider {
namespace {

constexpr char kClearScreen[] = "\x1b[H\x1b[2J";

struct StatusArguments {
  CommonOptions common;
  bool watch = false;
  std::string interval = "2s";
  int times = 0;  ///< 0: until interrupted
};

// What waits in the log is found by looking at the first ids that are not closed: the log may hold
// millions, and the oldest of them is nearly always among the first.
constexpr char kDestinations[] =
    "SELECT s.destination, s.state, s.topics, s.shards, s.version, s.owners, "
    "least(f.due_at, s.oldest_due_at) AS oldest_due_at, "
    "extract(epoch FROM now() - least(f.due_at, s.oldest_due_at))::float8 AS lag_seconds, "
    "s.open_ids, s.scheduled, s.retrying, s.blocked, s.replaying, s.dead, s.oldest_died_at, "
    "s.closed_up_to, s.saved_at, s.paused_at, s.paused_until, s.pause_note, s.retired_at, "
    "s.breaker, s.held "
    "FROM outbox.status s LEFT JOIN LATERAL ("
    "  SELECT v.due_at"
    "  FROM generate_series(s.closed_up_to + 1, s.closed_up_to + least(s.open_ids, 200)) AS g (id)"
    "  CROSS JOIN LATERAL ("
    "    SELECT d.due_at FROM outbox.delivery d"
    "    WHERE d.event_id = g.id AND d.destination_id = s.destination_id AND d.state = 'queued'"
    "    OFFSET 0) AS v"
    "  LIMIT 1) AS f ON s.destination IS NOT NULL "
    "ORDER BY s.destination NULLS LAST";

constexpr char kRelays[] =
    "SELECT name, id, version, host, pid, alive, lanes, started_at, heartbeat, "
    "extract(epoch FROM clock_timestamp() - heartbeat)::float8 AS heartbeat_age_seconds "
    "FROM outbox.relays ORDER BY alive DESC, name, started_at";

void PrintDestinations(const Json& rows) {
  if (rows.empty()) {
    std::cout << "No destination is known yet: a relay registers them when it starts.\n";
    return;
  }
  std::cout << RenderTable(rows, {{"destination", "DESTINATION"},
                                  {"state", "STATE"},
                                  {"breaker", "BREAKER"},
                                  {"held", "HELD BY"},
                                  {"owners", "OWNER"},
                                  {"lag_seconds", "LAG", Format::kDuration},
                                  {"open_ids", "OPEN IDS", Format::kNumber},
                                  {"scheduled", "SCHEDULED", Format::kNumber},
                                  {"retrying", "RETRYING", Format::kNumber},
                                  {"blocked", "BLOCKED", Format::kNumber},
                                  {"replaying", "REPLAYING", Format::kNumber},
                                  {"dead", "DEAD", Format::kNumber},
                                  {"oldest_died_at", "OLDEST DEAD", Format::kTime}});
}

/// What the table has no room for.
void PrintRemarks(const Json& destinations, const Json& unrouted) {
  for (const Json& row : destinations) {
    const std::string name = row["destination"].get<std::string>();
    if (row["state"] == "paused") {
      std::cout << name << " is paused since " << CellText(row, {"paused_at", "", Format::kTime})
                << (row["paused_until"].is_null()
                        ? std::string(", until 'postrider resume " + name + "'")
                        : ", until " + CellText(row, {"paused_until", "", Format::kTime}))
                << (row["pause_note"].is_null() ? "" : ": " + CellText(row, {"pause_note", ""}))
                << "\n";
    }
    if (row["state"] == "retired") {
      std::cout << name << " is in no relay's configuration since "
                << CellText(row, {"retired_at", "", Format::kTime})
                << "; its events wait until it is back.\n";
    }
  }
  for (const Json& row : unrouted) {
    if (row["dead"] == 0) continue;
    std::cout << row["dead"] << " dead letters are of events that no destination takes: see "
              << "'postrider dead summary --reason no_route'\n";
  }
}

void PrintRelays(Json rows) {
  bool any_alive = false;
  for (Json& row : rows) {
    any_alive |= row["alive"] == true;
    const std::string host = row["host"].get<std::string>();
    row["host"] = host.substr(0, host.find('/'));  // without what tells boots and containers apart
  }
  std::cout << "\n";
  if (!rows.empty()) {
    std::cout << RenderTable(rows, {{"name", "RELAY"},
                                    {"alive", "ALIVE"},
                                    {"lanes", "LANES", Format::kNumber},
                                    {"version", "VERSION"},
                                    {"host", "HOST"},
                                    {"pid", "PID", Format::kNumber},
                                    {"started_at", "STARTED", Format::kTime},
                                    {"heartbeat_age_seconds", "HEARTBEAT AGO", Format::kDuration}});
  }
  if (!any_alive) std::cout << "No relay is alive: start one with 'postrider run'.\n";
}

void ShowOnce(CommandContext& context) {
  const Json all = context.Query("status", kDestinations);
  const Json relays = context.Query("relays", kRelays);
  Json destinations = Json::array();
  Json unrouted = Json::array();
  for (const Json& row : all)
    (row["destination"].is_null() ? unrouted : destinations).push_back(row);
  if (context.json()) {
    PrintJson({{"destinations", destinations}, {"unrouted", unrouted}, {"relays", relays}});
    return;
  }
  PrintDestinations(destinations);
  PrintRemarks(destinations, unrouted);
  PrintRelays(relays);
}

int RunStatus(const StatusArguments& arguments) {
  const auto interval = ParseDuration("--interval", arguments.interval);
  CommandContext context(arguments.common);
  const bool terminal = isatty(STDOUT_FILENO) == 1;
  for (int looks = 1;; ++looks) {
    if (arguments.watch && terminal) std::cout << kClearScreen;
    ShowOnce(context);
    std::cout << std::flush;
    if (!arguments.watch || looks == arguments.times) return kExitDone;
    std::this_thread::sleep_for(interval);
    if (!terminal && !context.json()) std::cout << "\n";
  }
}

}  // namespace

void AddStatusCommand(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<StatusArguments>();
  auto* command = AddCommand(app, "status",
                             "Show destinations (state, lag, what waits, what is dead) and relays.",
                             "postrider status --json", arguments->common);
  auto* watch = command->add_flag("--watch", arguments->watch, "Look again and again");
  command->add_option("--interval", arguments->interval, "Between two looks")
      ->needs(watch)
      ->capture_default_str();
  command->add_option("--times", arguments->times, "Stop after so many looks")
      ->needs(watch)
      ->check(CLI::Range(1, 1000000));
  command->callback([arguments, &exit_code] { exit_code = RunStatus(*arguments); });
}

}  // namespace postrider
