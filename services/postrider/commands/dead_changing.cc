#include "commands/dead_changing.h"

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "commands/command_error.h"
#include "commands/command_line.h"
#include "commands/dead_reading.h"

namespace postrider {
namespace {

struct Verb {
  const char* function;  ///< of the schema outbox
  const char* infinitive;
  const char* participle;
};

constexpr Verb kReplay{"replay_dead", "replay", "replayed"};
constexpr Verb kDiscard{"discard_dead", "discard", "discarded"};

std::string Letters(std::int64_t count) {
  return std::to_string(count) + (count == 1 ? " dead letter" : " dead letters");
}

/// One call of the function; its row: operation, matched.
Json Call(CommandContext& context, const Verb& verb, const DeadChangeArguments& arguments,
          const std::string& filter, bool dry_run) {
  std::string call = "SELECT operation, matched FROM outbox." + std::string(verb.function) + "(" +
                     filter + ", note => " + context.QuoteOrNull(arguments.note) + ", dry_run => " +
                     (dry_run ? "true" : "false");
  if (arguments.new_key) call += ", new_key => true";
  return context.Change(verb.function, call + ")").at(0);
}

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

void RequireFilter(const Verb& verb, const DeadChangeArguments& arguments) {
  if (arguments.filter.empty() == arguments.all) return;
  if (arguments.all) {
    throw CommandError(kExitUsage, "--all cannot be combined with a filter", "Leave one out.");
  }
  throw CommandError(
      kExitUsage,
      "without a filter this would " + std::string(verb.infinitive) + " every dead letter",
      "Give --id, --event, --destination, --topic, --key, --reason, --since or --until. For all of "
      "them say --all.");
}

void PrintResult(const CommandContext& context, const Verb& verb, const Json& result) {
  if (context.json()) {
    PrintJson(result);
    return;
  }
  const auto matched = result["matched"].get<std::int64_t>();
  if (result["dry_run"] == true) {
    std::cout << Letters(matched) << " would be " << verb.participle << "; nothing was changed\n";
  } else if (result["operation"].is_null()) {
    std::cout << "nothing was changed: the dead letters are gone by now\n";
  } else {
    std::cout << verb.participle << " " << Letters(matched) << " (operation " << result["operation"]
              << ")\n";
  }
}

void PrintPlan(CommandContext& context, const Verb& verb, const DeadChangeArguments& arguments,
               std::int64_t counted, const Json& missing) {
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
              << verb.infinitive << " these, configure one first.\n";
  }
}

[[noreturn]] void RefuseWithoutConsent(const Verb& verb, Consent consent, std::int64_t counted) {
  if (consent == Consent::kDeclined) throw CommandError(kExitDeclined, "nothing was changed");
  throw CommandError(kExitDeclined,
                     "nothing was changed: this would " + std::string(verb.infinitive) + " " +
                         Letters(counted) + ", and there is no terminal to ask on",
                     "Say --yes to do it without a question, or --dry-run to count only.");
}

int RunChange(const Verb& verb, const DeadChangeArguments& arguments) {
  RequireFilter(verb, arguments);
  CommandContext context(arguments.common);
  const std::string filter = DeadArguments(context, arguments.filter);
  Json result = Call(context, verb, arguments, filter, true);
  const auto counted = result["matched"].get<std::int64_t>();
  const Json missing = MissingIds(context, arguments.filter);
  if (counted == 0) {
    throw CommandError(
        kExitNoMatch,
        "there is nothing to " + std::string(verb.infinitive) + ": no open dead letter matches",
        "'postrider dead summary' shows what there is. Events that no destination "
        "takes can be replayed once one does.");
  }
  PrintPlan(context, verb, arguments, counted, missing);
  std::string question = verb.infinitive;
  question[0] = static_cast<char>(question[0] - 'a' + 'A');
  const Consent consent = AskConsent(arguments.consent, question + " " + Letters(counted) + "?");
  if (consent == Consent::kGiven) {
    result = Call(context, verb, arguments, filter, false);
  } else if (consent != Consent::kDryRun) {
    RefuseWithoutConsent(verb, consent, counted);
  }
  result["dry_run"] = consent == Consent::kDryRun;
  result["missing_ids"] = missing;
  PrintResult(context, verb, result);
  const std::int64_t left = counted - result["matched"].get<std::int64_t>();
  if (left > 0) {
    std::cerr << "note: " << Letters(left) << " of the count were not " << verb.participle
              << ": delivered after all, or settled by somebody else meanwhile\n";
  }
  const bool whole = missing.empty() && left == 0;
  return whole || consent == Consent::kDryRun ? kExitDone : kExitDeclined;
}

}  // namespace

int RunDeadReplay(const DeadChangeArguments& arguments) { return RunChange(kReplay, arguments); }

int RunDeadDiscard(const DeadChangeArguments& arguments) { return RunChange(kDiscard, arguments); }

}  // namespace postrider
