#include "commands/dead_changing.h"

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "commands/bulk_change.h"
#include "commands/command_error.h"
#include "commands/command_line.h"
#include "commands/dead_reading.h"

namespace postrider {
namespace {

constexpr BulkWords kReplay{"replay", "replayed", "dead letter", "dead letters"};
constexpr BulkWords kDiscard{"discard", "discarded", "dead letter", "dead letters"};

/// Ids that were given but are no open dead letter of this filter.
Json MissingIds(CommandContext& context, const DeadFilter& filter) {
  Json missing = Json::array();
  if (filter.ids.empty()) return missing;
  const Json found = context.Query(
      "dead_list", "SELECT id FROM outbox.dead_letters WHERE " + DeadCondition(context, filter));
  for (const std::int64_t id : filter.ids) {
    const bool there =
        std::any_of(found.begin(), found.end(), [id](const Json& row) { return row["id"] == id; });
    if (!there) missing.push_back(id);
  }
  return missing;
}

void RequireFilter(const BulkWords& words, const DeadChangeArguments& arguments) {
  if (arguments.filter.empty() == arguments.all) return;
  if (arguments.all) {
    throw CommandError(kExitUsage, "--all cannot be combined with a filter", "Leave one out.");
  }
  throw CommandError(
      kExitUsage,
      "without a filter this would " + std::string(words.infinitive) + " every dead letter",
      "Give --id, --event, --destination, --topic, --key, --reason, --since or --until. For all of "
      "them say --all.");
}

void PrintPlan(CommandContext& context, const BulkWords& words,
               const DeadChangeArguments& arguments, std::int64_t counted, const Json& missing) {
  for (const Json& id : missing) std::cerr << "note: there is no open dead letter " << id << "\n";
  if (context.json()) return;
  const Json summary = SummariseDead(context, DeadCondition(context, arguments.filter));
  std::cout << RenderDeadSummary(summary) << "\n";
  std::int64_t seen = 0;
  for (const Json& row : summary) seen += row["letters"].get<std::int64_t>();
  const int limit = arguments.filter.limit;
  if (limit > 0 && seen > limit) {
    std::cout << "Of these the oldest " << limit << ".\n";
  } else if (seen > counted) {
    std::cout << "No destination takes the topic of " << seen - counted << " of them: to "
              << words.infinitive << " these, configure one first.\n";
  }
}

int RunChange(const BulkWords& words, const DeadChangeArguments& arguments) {
  RequireFilter(words, arguments);
  CommandContext context(arguments.common, Purpose::kChange);
  BulkChange change{words, std::string(words.infinitive) + "_dead",
                    DeadArguments(context, arguments.filter), arguments.note, arguments.consent};
  if (arguments.new_key) change.arguments += ", new_key => true";
  const std::int64_t counted = CountMatches(context, change);
  const Json missing = MissingIds(context, arguments.filter);
  if (counted == 0) {
    throw CommandError(
        kExitNoMatch,
        "there is nothing to " + std::string(words.infinitive) + ": no open dead letter matches",
        "'postrider dead summary' shows what there is. Events that no destination "
        "takes can be replayed once one does.");
  }
  PrintPlan(context, words, arguments, counted, missing);
  Json result = AskAndChange(context, change, counted);
  result["missing_ids"] = missing;
  const int exit_code = TellResult(context, change, counted, result);
  const bool partly = !missing.empty() && result["dry_run"] == false;
  return exit_code == kExitDone && partly ? kExitDeclined : exit_code;
}

}  // namespace

int RunDeadReplay(const DeadChangeArguments& arguments) { return RunChange(kReplay, arguments); }

int RunDeadDiscard(const DeadChangeArguments& arguments) { return RunChange(kDiscard, arguments); }

}  // namespace postrider
