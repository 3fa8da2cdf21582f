#include "commands/pause_commands.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "commands/command_context.h"
#include "commands/command_line.h"
#include "commands/command_options.h"
#include "commands/table.h"
#include "commands/time_argument.h"

namespace postrider {
namespace {

struct PauseArguments {
  CommonOptions common;
  std::string destination;
  std::string lasting;  ///< empty: until resumed
  std::string note;
};

Json StateOf(CommandContext& context, const std::string& destination) {
  return context
      .Query("status",
             "SELECT destination, state, paused_at, paused_until, pause_note FROM outbox.status "
             "WHERE destination = " +
                 context.Quote(destination))
      .at(0);
}

int RunPause(const PauseArguments& arguments) {
  std::string until = "null";
  if (!arguments.lasting.empty()) {
    const auto lasting = ParseDuration("--for", arguments.lasting);
    until = "clock_timestamp() + interval '" + std::to_string(lasting.count()) + " ms'";
  }
  CommandContext context(arguments.common, Purpose::kChange);
  context.Change("pause", "SELECT outbox.pause(" + context.Quote(arguments.destination) + ", " +
                              until + ", " + context.QuoteOrNull(arguments.note) + ")");
  const Json state = StateOf(context, arguments.destination);
  if (context.json()) {
    PrintJson(state);
  } else {
    std::cout << arguments.destination << " is paused until "
              << (state["paused_until"].is_null()
                      ? "'postrider resume " + arguments.destination + "'"
                      : CellText(state, {"paused_until", "", Format::kTime}))
              << "; what is in flight finishes\n";
  }
  return kExitDone;
}

int RunResume(const PauseArguments& arguments) {
  CommandContext context(arguments.common, Purpose::kChange);
  context.RequireDestination(arguments.destination);
  const bool was_paused = StateOf(context, arguments.destination)["state"] == "paused";
  context.Change("resume", "SELECT outbox.resume(" + context.Quote(arguments.destination) + ")");
  const Json state = StateOf(context, arguments.destination);
  if (context.json()) {
    PrintJson(state);
  } else {
    std::cout << arguments.destination << (was_paused ? " is resumed\n" : " was not paused\n");
  }
  return kExitDone;
}

}  // namespace

void AddPauseCommands(CLI::App& app, int& exit_code) {
  auto pause = std::make_shared<PauseArguments>();
  auto* pause_command =
      AddCommand(app, "pause", "Hold a destination, on all relays, within a second.",
                 "postrider pause cj --for 1h --note 'their maintenance'", pause->common);
  pause_command->add_option("DESTINATION", pause->destination, "Its name")->required();
  pause_command->add_option("--for", pause->lasting,
                            "For how long, such as 1h (default: until resumed)");
  pause_command->add_option("--note", pause->note, "Why; shown in the status");
  pause_command->callback([pause, &exit_code] { exit_code = RunPause(*pause); });

  auto resume = std::make_shared<PauseArguments>();
  auto* resume_command = AddCommand(app, "resume", "Let a paused destination go on.",
                                    "postrider resume cj", resume->common);
  resume_command->add_option("DESTINATION", resume->destination, "Its name")->required();
  resume_command->callback([resume, &exit_code] { exit_code = RunResume(*resume); });
}

}  // namespace postrider
