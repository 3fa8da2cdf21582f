#include "commands/destination_commands.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "commands/bulk_change.h"
#include "commands/command_error.h"
#include "commands/command_line.h"
#include "commands/command_options.h"
#include "commands/table.h"

namespace postrider {
namespace {

struct EndArguments {
  CommonOptions common;
  ConsentOptions consent;
  std::string destination;
  std::string note;
};

int RunList(const CommonOptions& options) {
  CommandContext context(options);
  const Json rows = context.Query(
      "status",
      "SELECT destination, state, topics, shards, version, owners, "
      "scheduled + retrying + blocked + replaying AS stored, open_ids, dead, retired_at, paused_at "
      "FROM outbox.status WHERE destination IS NOT NULL ORDER BY destination");
  if (context.json()) {
    PrintItems(rows);
  } else if (rows.empty()) {
    std::cout << "No destination is known yet: a relay registers them when it starts.\n";
  } else {
    std::cout << RenderTable(rows, {{"destination", "DESTINATION"},
                                    {"state", "STATE"},
                                    {"topics", "TOPICS", Format::kShort},
                                    {"shards", "SHARDS", Format::kNumber},
                                    {"owners", "OWNER"},
                                    {"stored", "IN BACKLOG", Format::kNumber},
                                    {"open_ids", "OPEN IDS", Format::kNumber},
                                    {"dead", "DEAD", Format::kNumber},
                                    {"retired_at", "RETIRED", Format::kTime}});
  }
  return rows.empty() ? kExitNoMatch : kExitDone;
}

/// park and drop: `change.words` say which.
int RunEnd(const EndArguments& arguments, const BulkWords& words, const std::string& consequence) {
  CommandContext context(arguments.common, Purpose::kChange);
  context.RequireDestination(arguments.destination);
  const BulkChange change{words, words.infinitive,
                          "destination => " + context.Quote(arguments.destination), arguments.note,
                          arguments.consent};
  const std::int64_t counted = CountMatches(context, change);
  const bool drops = change.function == "drop";
  if (counted == 0 && !drops) {
    throw CommandError(kExitNoMatch, "nothing waits for " + arguments.destination);
  }
  if (!context.json()) {
    std::cout << Counted(words, counted) << " of " << arguments.destination << consequence << "\n";
  }
  const std::string question =
      (drops ? "Drop " + arguments.destination + " and discard " : std::string("Park ")) +
      Counted(words, counted) + "?";
  return TellResult(context, change, counted, AskAndChange(context, change, counted, question));
}

int RunPark(const EndArguments& arguments) {
  return RunEnd(arguments, {"park", "parked", "waiting delivery", "waiting deliveries"},
                " become dead letters, reason parked: they can be replayed or discarded.");
}

int RunDrop(const EndArguments& arguments) {
  return RunEnd(arguments,
                {"drop", "dropped", "waiting or dead delivery", "waiting or dead deliveries"},
                " are discarded for good. A destination of this name is a new one afterwards.");
}

void AddEnd(CLI::App& group, const char* name, const char* description,
            int (*run)(const EndArguments&), int& exit_code) {
  auto arguments = std::make_shared<EndArguments>();
  auto* command =
      AddCommand(group, name, description,
                 "postrider destination " + std::string(name) + " cj --note 'contract ended'",
                 arguments->common);
  command->add_option("DESTINATION", arguments->destination, "One that is in no relay's file")
      ->required();
  AddConsent(*command, arguments->consent, arguments->note);
  command->callback([arguments, run, &exit_code] { exit_code = run(*arguments); });
}

}  // namespace

void AddDestinationCommands(CLI::App& app, int& exit_code) {
  CLI::App* group = AddGroup(app, "destination", "List destinations; end those that are retired.");
  auto options = std::make_shared<CommonOptions>();
  AddCommand(*group, "list", "List destinations, retired ones too.", "postrider destination list",
             *options)
      ->callback([options, &exit_code] { exit_code = RunList(*options); });
  AddEnd(*group, "park", "Dead-letter all that waits for a retired destination.", RunPark,
         exit_code);
  AddEnd(*group, "drop", "End a retired destination for good, with all that waits for it.", RunDrop,
         exit_code);
}

}  // namespace postrider
