#include "commands/replay_command.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "commands/bulk_change.h"
#include "commands/command_error.h"
#include "commands/command_line.h"
#include "commands/command_options.h"

namespace postrider {
namespace {

struct ReplayArguments {
  CommonOptions common;
  ConsentOptions consent;
  std::string destination;
  std::string since;
  std::string until;
  std::string topic;
  std::string note;
  bool new_key = false;
};

int RunReplay(const ReplayArguments& arguments) {
  CommandContext context(arguments.common, Purpose::kChange);
  context.RequireDestination(arguments.destination);
  const std::string since = context.PinnedTime("--since", arguments.since);
  const std::string until = context.PinnedTime("--until", arguments.until);
  const BulkChange change{{"replay", "replayed", "delivery", "deliveries"},
                          "replay",
                          "destination => " + context.Quote(arguments.destination) + ", since => " +
                              since + ", until => " + until + ", topic => " +
                              context.QuoteOrNull(arguments.topic) + ", new_key => " +
                              (arguments.new_key ? "true" : "false"),
                          arguments.note,
                          arguments.consent};
  const std::int64_t counted = CountMatches(context, change);
  if (counted == 0) {
    throw CommandError(kExitNoMatch,
                       "there is nothing to replay: of what was recorded in that time, nothing was "
                       "delivered to " +
                           arguments.destination + " and nothing died",
                       "Times are those of recording. What waits is sent anyway.");
  }
  if (!context.json()) {
    std::cout << Counted(change.words, counted) << " to " << arguments.destination
              << ", delivered or dead, of events recorded since " << since << " and before "
              << until << ".\n"
              << (arguments.new_key
                      ? "With new idempotency keys: the partner takes each for another request.\n"
                      : "With the same idempotency keys: what the partner remembers it does not do "
                        "twice.\n");
  }
  return TellResult(context, change, counted, AskAndChange(context, change, counted));
}

}  // namespace

void AddReplayCommand(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<ReplayArguments>();
  auto* command = AddCommand(
      app, "replay", "Send again what a destination was sent of a range of time.",
      "postrider replay --destination cj --since 2026-01-31T12:00:00Z --until 2026-01-31T13:00:00Z",
      arguments->common);
  command->add_option("--destination", arguments->destination, "Its name")->required();
  command->add_option("--since", arguments->since, "Recorded since: a time, a date, or 15m, 2h, 3d")
      ->required();
  command->add_option("--until", arguments->until, "Recorded before; 'now' for all up to now")
      ->required();
  command->add_option("--topic", arguments->topic, "Exact, or a prefix such as 'shipment.*'");
  command->add_flag("--new-key", arguments->new_key,
                    "With a new Idempotency-Key: the partner takes it for another request");
  AddConsent(*command, arguments->consent, arguments->note);
  command->callback([arguments, &exit_code] { exit_code = RunReplay(*arguments); });
}

}  // namespace postrider
