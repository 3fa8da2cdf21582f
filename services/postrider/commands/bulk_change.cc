#include "commands/bulk_change.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <nlohmann/json.hpp>

#include "commands/command_error.h"
#include "commands/command_line.h"
#include "commands/operation_follower.h"

namespace postrider {
namespace {

/// One call of the function; its row.
Json Call(CommandContext& context, const BulkChange& change, bool dry_run) {
  const std::string separator = change.arguments.empty() ? "" : ", ";
  return context
      .Change(change.function, "SELECT operation, matched FROM outbox." + change.function + "(" +
                                   change.arguments + separator + "note => " +
                                   context.QuoteOrNull(change.note) + ", dry_run => " +
                                   (dry_run ? "true" : "false") + ")")
      .at(0);
}

Json Result(const Json& operation, std::int64_t matched, bool dry_run) {
  return {{"operation", operation},
          {"matched", matched},
          {"done", 0},
          {"status", nullptr},
          {"dry_run", dry_run}};
}

Json Change(CommandContext& context, const BulkChange& change) {
  const Json row = Call(context, change, false);
  Json result = Result(row["operation"], row["matched"].get<std::int64_t>(), false);
  if (row["operation"].is_null()) return result;
  const Json end = FollowOperation(context, row["operation"].get<std::int64_t>());
  for (const char* key : {"matched", "done", "status"}) result[key] = end[key];
  if (!end["error"].is_null()) result["error"] = end["error"];
  return result;
}

[[noreturn]] void RefuseWithoutConsent(const BulkChange& change, Consent consent,
                                       std::int64_t counted) {
  if (consent == Consent::kDeclined) throw CommandError(kExitDeclined, "nothing was changed");
  throw CommandError(kExitDeclined,
                     "nothing was changed: this would " + std::string(change.words.infinitive) +
                         " " + Counted(change.words, counted) +
                         ", and there is no terminal to ask on",
                     "Say --yes to do it without a question, or --dry-run to count only.");
}

void PrintLine(const BulkChange& change, const Json& result) {
  const BulkWords& words = change.words;
  if (result["dry_run"] == true) {
    std::cout << Counted(words, result["matched"].get<std::int64_t>()) << " would be "
              << words.participle << "; nothing was changed\n";
  } else if (result["operation"].is_null()) {
    std::cout << "nothing was changed: the " << words.many << " are gone by now\n";
  } else {
    std::cout << words.participle << " " << Counted(words, result["done"].get<std::int64_t>())
              << " (operation " << result["operation"] << ")\n";
  }
}

}  // namespace

void AddConsent(CLI::App& command, ConsentOptions& consent, std::string& note) {
  command.add_option("--note", note, "Why; kept with the operation");
  auto* yes = command.add_flag("--yes", consent.yes, "Do it without a question");
  command.add_flag("--dry-run", consent.dry_run, "Stop after the count")->excludes(yes);
}

std::string Counted(const BulkWords& words, std::int64_t count) {
  return std::to_string(count) + " " + (count == 1 ? words.one : words.many);
}

std::int64_t CountMatches(CommandContext& context, const BulkChange& change) {
  return Call(context, change, true)["matched"].get<std::int64_t>();
}

Json AskAndChange(CommandContext& context, const BulkChange& change, std::int64_t counted,
                  std::string question) {
  if (question.empty()) {
    question = std::string(change.words.infinitive) + " " + Counted(change.words, counted) + "?";
    question[0] = static_cast<char>(question[0] - 'a' + 'A');
  }
  const Consent consent = AskConsent(change.consent, question);
  if (consent == Consent::kDryRun) return Result(nullptr, counted, true);
  if (consent != Consent::kGiven) RefuseWithoutConsent(change, consent, counted);
  return Change(context, change);
}

int TellResult(const CommandContext& context, const BulkChange& change, std::int64_t counted,
               const Json& result) {
  if (context.json()) {
    PrintJson(result);
  } else {
    PrintLine(change, result);
  }
  if (result["dry_run"] == true) return kExitDone;
  if (result["status"] == "failed") {
    std::cerr << "postrider: operation " << result["operation"]
              << " failed: " << result["error"].get<std::string>() << "\n";
    return kExitFailed;
  }
  const std::int64_t left = counted - result["done"].get<std::int64_t>();
  if (result["status"] == "cancelled") {
    std::cerr << "note: operation " << result["operation"] << " was cancelled; "
              << Counted(change.words, left) << " were not " << change.words.participle << "\n";
  } else if (left > 0) {
    std::cerr << "note: " << Counted(change.words, left) << " of the count were not "
              << change.words.participle
              << ": delivered after all, or settled by somebody else meanwhile\n";
  }
  return left > 0 ? kExitDeclined : kExitDone;
}

}  // namespace postrider
