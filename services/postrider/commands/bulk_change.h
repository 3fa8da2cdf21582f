#pragma once

#include <cstdint>
#include <string>

#include "commands/command_context.h"
#include "commands/consent.h"

namespace CLI {
class App;
}

namespace postrider {

/// How a change is spoken of.
struct BulkWords {
  const char* infinitive;  ///< `replay`
  const char* participle;  ///< `replayed`
  const char* one;         ///< `dead letter`
  const char* many;        ///< `dead letters`
};

/// A change of many rows by a function of the schema outbox that takes `note` and `dry_run` and
/// returns `operation` and `matched`.
struct BulkChange {
  BulkWords words;
  std::string function;   ///< such as `replay_dead`
  std::string arguments;  ///< named, as SQL, without note and dry_run
  std::string note;
  ConsentOptions consent;
};

/// Adds --note, --yes and --dry-run.
void AddConsent(CLI::App& command, ConsentOptions& consent, std::string& note);

/// `3 dead letters`.
std::string Counted(const BulkWords& words, std::int64_t count);

/// What the change would be about now.
std::int64_t CountMatches(CommandContext& context, const BulkChange& change);

/// Asks unless that has been answered, makes the change, and waits for the end of its operation.
/// Returns `operation`, `matched`, `done`, `status`, `dry_run`; the first is null when nothing was
/// changed. Throws CommandError (declined).
/// @param counted   of CountMatches
/// @param question  such as `Replay 3 dead letters?`; empty: made of the words
Json AskAndChange(CommandContext& context, const BulkChange& change, std::int64_t counted,
                  std::string question = {});

/// Says what AskAndChange returned, in a line or as JSON, and what was left. Returns the exit code.
int TellResult(const CommandContext& context, const BulkChange& change, std::int64_t counted,
               const Json& result);

}  // namespace postrider
